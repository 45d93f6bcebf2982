"""The floors of hopsim, and what may be imported, subclassed and printed where."""

import abc
import ast
import functools as ft
import importlib
import inspect
import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterable
from typing import Any

import equinox as eqx
import pytest
from places import ROOT


HOME = ROOT / "hopsim"
FILES = sorted(HOME.glob("**/*.py"))

# A module imports only from lower floors, or from what stands left of it on its own.
# Modules of one package, and of one cell of this table, may import each other (no
# circles: see below).
FLOORS = [
    ["_version", "_common"],
    [
        *("records", "trajectory", "statistics", "lagrangians", "theory", "data"),
    ],
    ["network", "models", "spectrum"],
    ["solvers", "dynamics"],
    [
        *("batches", "simulation", "certificates", "attractors", "training"),
    ],
    ["checks", "plots", "experiments", "validation"],
    ["extend", "scenario", "runs", "claims"],
    ["cli", "__main__", "__init__"],
]
PLACE = {name: (i, k) for i, row in enumerate(FLOORS) for k, name in enumerate(row)}


def module_of(path):
    """The dotted name of a file, with `__init__` for a package's own."""
    return ".".join(path.relative_to(ROOT).with_suffix("").parts)


@ft.cache
def tree_of(path):
    """What a file says, parsed."""
    return ast.parse(path.read_text(encoding="utf-8"))


@ft.cache
def imports_of(path, top_level=False):
    """The modules a file imports, with hopsim's own resolved to their full names."""
    return tuple(found_imports(path, top_level))


def found_imports(path, top_level):
    package = module_of(path).split(".")[:-1]
    tree = tree_of(path)
    for node in tree.body if top_level else ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            whole = ".".join([*base, *filter(None, [node.module])])
            for alias in node.names:
                inner = ROOT.joinpath(*whole.split("."), alias.name)
                known = inner.is_dir() or inner.with_suffix(".py").is_file()
                yield f"{whole}.{alias.name}" if known else whole


def part(module):
    """`hopsim.dynamics._base` -> `dynamics`; `hopsim` -> `__init__`."""
    return [*module.split("."), "__init__"][1]


def of_each(things: Iterable[Any], name: Callable[[Any], str] = str) -> Callable:
    """One test of all: it names those of which the assertions do not hold."""

    def decorate(holds):
        def test():
            wrong = []
            for thing in things:
                try:
                    holds(thing)
                except AssertionError as error:
                    wrong.append(f"{name(thing)}: {error}")
            assert not wrong, "\n".join(wrong)

        test.__name__, test.__doc__ = holds.__name__, holds.__doc__
        return test

    return decorate


def test_all_that_are_wrong_are_named():
    def even(n):
        assert n % 2 == 0, "odd"

    with pytest.raises(AssertionError, match=r"(?s)1: odd.*3: odd"):
        of_each([1, 2, 3, 4])(even)()


of_each_file = of_each(FILES, module_of)


# --- floors ---------------------------------------------------------------------------


def test_every_module_has_its_floor():
    assert {part(module_of(p)) for p in FILES} <= set(PLACE)


@of_each_file
def test_module_imports_only_from_beneath(path):
    here = part(module_of(path))
    if here == "__init__":  # the lazy door: it imports by name when asked
        return
    for module in imports_of(path):
        if module.split(".")[0] != "hopsim" or part(module) == here:
            continue
        assert PLACE[part(module)] < PLACE[here], f"{here} imports {module}"


def test_modules_never_import_in_a_circle():
    graph = {}
    for path in FILES:
        name = module_of(path)
        if name == "hopsim.__init__":
            continue
        found = {m for m in imports_of(path) if m.startswith("hopsim.")}
        # a package stands for its __init__; from inside, its modules are meant
        own = name.rpartition(".")[0]
        graph[name.removesuffix(".__init__")] = {m for m in found if m != own}
    done = set()

    def visit(name, above):
        assert name not in above, " -> ".join([*above, name])
        if name not in done:
            for below in graph.get(name, ()):
                visit(below, (*above, name))
            done.add(name)

    for name in graph:
        visit(name, ())


DYNAMICS = {
    *("AbstractContinuousDynamics", "AbstractDynamics", "AbstractFlow"),
    *("AbstractSpinDynamics", "Adiabatic", "Binary", "Dynamics", "Glauber", "Sharp"),
    *("TwoLayer", "dynamics", "motion"),
}


@of_each_file
def test_only_the_contract_asks_for_the_class_of_dynamics(path):
    if module_of(path) == "hopsim.dynamics._base":
        return
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            asks = node.func.id in ("isinstance", "issubclass", "hasattr", "type")
            words = {n.id for n in ast.walk(node) if isinstance(n, ast.Name)}
            words |= {n.attr for n in ast.walk(node) if isinstance(n, ast.Attribute)}
            assert not (asks and words & DYNAMICS), ast.unparse(node)
        assert not isinstance(node, ast.Match)


# --- the size of the plan -------------------------------------------------------------


def rooms():
    """Each room, a file or folder directly in `hopsim/`, and the rooms it imports."""
    graph = {part(module_of(path)): set() for path in FILES}
    for path in FILES:
        here = part(module_of(path))
        if here != "__init__":  # the lazy door shows all rooms and enters none
            found = {part(m) for m in imports_of(path) if m.startswith("hopsim")}
            graph[here] |= found - {here}
    return graph


def height(graph, room):
    """How many floors stand on each other from the ground up to this room."""
    return 1 + max((height(graph, below) for below in graph[room]), default=0)


def test_the_plan_stays_on_one_sheet():
    graph = rooms()
    counts = {
        "rooms": len(graph),
        "floors": max(height(graph, room) for room in graph),
        "loose files": sum(HOME.joinpath(f"{room}.py").is_file() for room in graph),
        "arrows": sum(map(len, graph.values())),
    }
    limits = {"rooms": 30, "floors": 15, "loose files": 12, "arrows": 150}
    assert all(counts[what] <= limits[what] for what in limits), counts


# --- names ----------------------------------------------------------------------------

# public names at the top of several modules, and why
DEFINED_TWICE = {
    "Recall": "an experiment, and what training by recall minimises",
    "corrupted": "a source of probes, made of the patterns' function",
    "digits": "a source of memories, made of the data set",
    "equal_energy": "one threshold, of two models of theory",
    "save": "a record, and a plot of one, into a file",
    "sharpness": "one parameter at a fixed point, of two models of theory",
    "spinodal": "one threshold, of two models of theory",
}


def definitions_of(path):
    """The public functions and classes at the top of a file."""
    tree = tree_of(path)
    kinds = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
    names = {node.name for node in tree.body if isinstance(node, kinds)}
    return {name for name in names if not name.startswith("_")}


def test_public_names_are_defined_once():
    homes = {}
    for path in FILES:
        for name in definitions_of(path):
            homes.setdefault(name, []).append(module_of(path))
    twice = {name: places for name, places in homes.items() if len(places) > 1}
    assert twice.keys() == DEFINED_TWICE.keys(), twice


# doors of the package and of its scenario files, whose keywords are what users write
DOORS = {
    "hopsim.dynamics.flows.flow.flow",
    *("find_attractors", "fixed_point", "follow", "relax", "sample", "simulate"),
    *("switch", "train", "verify_command"),
    *(f"hopsim.data.sources.{name}" for name in ("corrupted", "file", "source")),
    *("hopsim.runs.run.run", "hopsim.theory.teacher_student.saddle.free_entropy"),
}


@of_each_file
def test_functions_take_eight_arguments_at_most(path):
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            a = node.args
            names = [x.arg for x in (*a.posonlyargs, *a.args, *a.kwonlyargs)]
            many = len([name for name in names if name not in ("self", "cls")]) > 8
            door = {node.name, f"{module_of(path)}.{node.name}"} & DOORS
            assert door or not many, f"{node.name} takes {len(names)} arguments"


# --- other people's libraries ---------------------------------------------------------

# library -> the parts that may import it when they are loaded; elsewhere not at all,
# except inside the functions of the parts that follow
LOADED = {
    "pydantic": {"experiments", "validation", "checks", "scenario"},
    "matplotlib": set(),
    "xarray": set(),
    "h5py": set(),
    "scipy": set(),
    "sklearn": set(),
    "pooch": set(),
    "PIL": set(),
    "rich": set(),
    "jinja2": set(),
    "dask": set(),
    "distributed": set(),
    "dask_jobqueue": set(),
    "typer": {"cli"},
    "diffrax": {"solvers", "dynamics.flows.integration"},
    "optimistix": set(),
    "lineax": set(),
    "optax": {"training"},
}
LATER = {
    "diffrax": {"dynamics.flows._solver_choice"},
    "optimistix": {"attractors", "dynamics.flows.rest"},
    "lineax": {"attractors", "dynamics.flows.rest"},
    "matplotlib": {"plots", "experiments", "validation"},
    "xarray": {"records", "data.files"},
    "h5py": {"records", "data.files"},
    "scipy": {"statistics", "theory", "attractors", "experiments", "validation"},
    "sklearn": {"data.datasets", "experiments"},
    "pooch": {"data.datasets"},
    "PIL": {"data.datasets", "plots._animation"},
    "dask": {"runs.unit_cluster"},
    "distributed": {"runs.unit_cluster"},
    "dask_jobqueue": {"runs.unit_cluster"},
    "rich": {"cli.terminal", "_common.screens"},
    "jinja2": {"claims.report"},
}


@of_each_file
def test_libraries_are_imported_where_they_belong(path):
    here = module_of(path).removeprefix("hopsim.")
    allowed = lambda places: any(f"{here}.".startswith(f"{p}.") for p in places)
    at_once = {m.split(".")[0] for m in imports_of(path, top_level=True)}
    ever = {m.split(".")[0] for m in imports_of(path)}
    for library, places in LOADED.items():
        if library in at_once:
            assert allowed(places), f"{here} loads {library}"
        if library in ever:
            everywhere = places | LATER.get(library, set())
            assert allowed(everywhere), f"{here} imports {library}"


@of_each_file
def test_annotations_are_never_postponed(path):
    # that would break eqx.AbstractVar and weaken jaxtyping
    assert "__future__" not in set(imports_of(path))


@of_each_file
def test_module_says_what_it_is(path):
    words = ast.get_docstring(tree_of(path))
    assert words
    assert words.splitlines()[0].rstrip()[-1] in ".:?"


@of_each_file
def test_only_the_command_line_prints(path):
    tree = tree_of(path)
    calls = (n.func for n in ast.walk(tree) if isinstance(n, ast.Call))
    prints = [c for c in calls if isinstance(c, ast.Name) and c.id == "print"]
    assert not prints or part(module_of(path)) == "cli"


# two literals of one message, the first of which ends and the second begins with a word
RUN_TOGETHER = re.compile(
    r"""(?<!\\)[\w})\].,;:]["'][ ]*\n[ ]*[rf]?["'][\w({]""", re.ASCII
)


@of_each_file
def test_pieces_of_a_message_are_parted_by_a_space(path):
    found = RUN_TOGETHER.search(path.read_text(encoding="utf-8"))
    assert found is None, f"no space between {found[0]!r}"


def test_a_missing_space_between_pieces_is_seen():
    assert RUN_TOGETHER.search("f'n = {n}; n = 2'\n    'has a theory of its own'")
    assert RUN_TOGETHER.search('"got "\n    f"{n}"') is None
    assert RUN_TOGETHER.search('"one\\n"\n    "two"') is None


# --- abstract or final ----------------------------------------------------------------


def classes():
    """Every class of hopsim, once."""
    found = {}
    for path in FILES:
        name = module_of(path).removesuffix(".__init__")
        if name == "hopsim.__main__":  # it would run
            continue
        for _, one in inspect.getmembers(
            importlib.import_module(name), inspect.isclass
        ):
            if one.__module__.startswith("hopsim"):
                found[f"{one.__module__}.{one.__qualname__}"] = one
    return found


CLASSES = classes()
MODULES = {k: c for k, c in CLASSES.items() if issubclass(c, eqx.Module)}
ABSTRACT = {k: c for k, c in CLASSES.items() if c.__name__.startswith("Abstract")}


def test_there_are_classes_to_look_at():
    assert len(MODULES) > 20
    assert len(ABSTRACT) >= 6


@of_each(CLASSES)
def test_class_is_abstract_or_final(name):
    for base in CLASSES[name].__mro__[1:]:
        if base.__module__.startswith("hopsim"):
            assert base.__name__.startswith("Abstract"), f"subclasses {base.__name__}"


@of_each(ABSTRACT)
def test_abstract_class_cannot_be_built_and_says_how_to_add_one(name):
    one = ABSTRACT[name]
    missing = {*getattr(one, "__abstractmethods__", ())}
    missing |= {*getattr(one, "__abstractvars__", ())}
    assert missing
    assert "To add one:" in (inspect.getdoc(one) or "")
    assert isinstance(one, abc.ABCMeta)


@of_each(sorted(set(MODULES) - set(ABSTRACT)))
def test_concrete_module_leaves_nothing_abstract(name):
    one = MODULES[name]
    assert not getattr(one, "__abstractmethods__", ())
    assert not getattr(one, "__abstractvars__", ())


# --- what is imported when ------------------------------------------------------------


def modules_after(code, *arguments):
    """The libraries loaded by a fresh Python after some code, and what it printed."""
    program = f"""
import sys, json
try:
    {code}
finally:
    known = sorted({{m.partition(".")[0] for m in sys.modules}})
    print(json.dumps(known), file=sys.stderr)
"""
    done = subprocess.run(
        [sys.executable, "-c", program, *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return set(json.loads(done.stderr.splitlines()[-1])), done.stdout


COMMAND = "from hopsim.cli import main; main()"
HEAVY = {
    "jax",
    "jaxlib",
    "numpy",
    "scipy",
    "equinox",
    "diffrax",
    "optimistix",
    "xarray",
}
INTEGRATING = {"diffrax", "optimistix", "lineax"}
HEAVY |= {"h5py", "sklearn", "matplotlib", "PIL", "pooch", "pydantic", "jaxtyping"}


def test_importing_hopsim_loads_nothing_heavy():
    loaded, _ = modules_after("import hopsim; hopsim.__version__; dir(hopsim)")
    assert "hopsim" in loaded
    assert not loaded & HEAVY


def test_help_starts_no_jax():
    loaded, printed = modules_after(COMMAND, "--help")
    assert "Dense Associative Memories" in printed
    assert not loaded & HEAVY


def test_check_loads_what_it_needs_and_no_more():
    file = "scenarios/digit_completion.toml"
    loaded, printed = modules_after(COMMAND, "check", file)
    assert "valid (3 points" in printed
    assert "equinox" in loaded
    assert not loaded & {"sklearn", "xarray", "matplotlib", "h5py", "scipy.stats"}
    assert not loaded & INTEGRATING  # which are a third of what check would import


def test_what_integrates_no_flow_loads_no_solver():
    every = (
        "attractors, dynamics, experiments, extend, simulation, training, validation"
    )
    loaded, _ = modules_after(f"from hopsim import {every}")
    assert "optax" in loaded
    assert not loaded & INTEGRATING


def test_importing_every_module_starts_no_device():
    # a jnp array at module level would fix the precision before anyone could choose
    names = [module_of(p).removesuffix(".__init__") for p in FILES]
    names = [n for n in names if n != "hopsim.__main__"]
    code = f"import importlib; [importlib.import_module(n) for n in {names}]"
    check = "; import jax; from jax._src import xla_bridge as x; "
    check += "assert not x._backends and not jax.config.jax_enable_x64"
    modules_after(code + check)


def test_python_m_hopsim_is_the_command_line():
    done = subprocess.run(
        [sys.executable, "-m", "hopsim", "list", "drives", "--help"],
        capture_output=True, text=True, cwd=ROOT, check=False,
    )  # fmt: skip
    assert done.returncode == 0
    assert "List what a scenario file can name" in done.stdout


FIRST_LOOKS = """
import importlib, os, sys
import diffrax, equinox, jax, numba, optax, optimistix, pydantic, scipy, xarray
known = [importlib.import_module(name) for name in ("jax.numpy", "scipy.special")]
for line in sys.stdin.read().splitlines():
    child = os.fork()
    if not child:  # it has never seen hopsim
        try:
            exec(line)
        except BaseException as error:
            print(f"{line}: {error!r}", flush=True)
        os._exit(0)
    os.waitpid(child, 0)
"""


@pytest.mark.slow  # a process for each
@pytest.mark.parametrize("every", [False, True])
def test_every_public_name_is_the_first_that_a_process_may_ask_for(every):
    """One name of every module, and each."""
    import hopsim

    first = {home: name for name, home in hopsim._HOMES.items()}.values()
    names = hopsim.__all__ if every else first
    lines = [f"from hopsim import {name}" for name in names]
    modules = [n for n in hopsim.__all__ if inspect.ismodule(getattr(hopsim, n))]
    for module in modules:
        inner = getattr(getattr(hopsim, module), "__all__", ())
        lines.append(
            "; ".join(["import hopsim", *(f"hopsim.{module}.{n}" for n in inner)])
        )
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", FIRST_LOOKS],
        input="\n".join(lines),
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == ""
    assert len(lines) == len(names) + 10


def test_older_public_names_are_still_there():
    import hopsim
    from hopsim.dynamics.spins import exact_decisions

    training, mean_field = hopsim.training, hopsim.theory.mean_field
    assert hopsim.dynamics.Plan is hopsim.dynamics.IntegrationPlan
    assert hopsim.dynamics.Dynamics is hopsim.dynamics.AbstractDynamics
    assert mean_field.overlap is mean_field.memory_overlap
    assert training.answered is training.answers_in_chunks
    assert training.decided is training.predicted_class
    assert training.taught is training.train_grid
    assert hopsim.exact is exact_decisions
    for name in hopsim._OLDER_MODULES:
        assert getattr(hopsim, name).__name__.startswith("hopsim.")


def test_public_names_are_there():
    import hopsim

    for name in hopsim.__all__:
        assert getattr(hopsim, name) is not None
    assert set(dir(hopsim)) == set(hopsim.__all__)
    with pytest.raises(AttributeError, match="no attribute 'simulat'"):
        hopsim.simulat  # noqa: B018
