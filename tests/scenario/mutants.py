"""Mutated scenarios: quick forms of what ships, with some entries changed.

As a program it runs those that pass `check`, each in a process of its own that ends
some seconds after its study has begun, and prints what became of them:
`python tests/scenario/mutants.py SEED COUNT SECONDS`.
"""

import collections
import copy
import json
import os
import random
import resource
import signal
import sys
import tempfile
from pathlib import Path

from tomli_w import dumps

from hopsim.data.sources import memory_sources, probe_sources
from hopsim.dynamics import dynamics_kinds
from hopsim.experiments import experiments
from hopsim.lagrangians import lagrangians
from hopsim.plots import plots
from hopsim.scenario.scenario import read_scenario
from hopsim.scenario.toml_files import read_tables


ROOT = Path(__file__).resolve().parents[2]
BEFORE_SECONDS = 60  # until a study must have begun
MAX_BYTES = 24 * 2**30  # of memory of one run
KINDS = {
    "experiment": experiments,
    "dynamics": dynamics_kinds,
    "memories": memory_sources,
    "probes": probe_sources,
    "interaction": lagrangians,
    "feature_lagrangian": lagrangians,
    "memory_lagrangian": lagrangians,
}
WORDS = (
    *("float32", "float64", "tsit5", "dopri8", "kvaerno3", "altimex", "auto", "steady"),
    *("duration", "visible", "none", "zero", "slaved", "lower", "binary", "x"),
)
TABLES = ("experiment", "dynamics", "network", "probes", "run", "training", "sweep")


def quick_forms():
    """The tables of every shipped scenario after `[quick]`, and some with a grid."""
    files = sorted(ROOT.glob("scenarios/**/*.toml"))
    forms = [read_tables(file, quick=True).resolved for file in files]
    return [*forms, *map(with_a_grid, forms[::5])]


def with_a_grid(form):
    """The same tables with a grid of eight points, in place of sweep and variants."""
    axes = {
        "run.rtol": {"start": 1e-7, "stop": 1e-5, "count": 2, "spacing": "log"},
        "run.samples": [3, 5],
    }
    together = [{"run.duration": [600.0, 700.0], "run.max_steps": [1000, 2000]}]
    several = ("sweep", "variants", "only")
    study = {k: v for k, v in form.get("experiment", {}).items() if k not in several}
    checks = [
        {k: v for k, v in x.items() if k != "point"} for x in form.get("checks", [])
    ]
    alone = {"experiment": study, "checks": checks} if study else {"checks": checks}
    form = {k: v for k, v in form.items() if k != "quick"}
    return form | alone | {"sweep": {"axes": axes, "together": together}}


def tables_with_kinds(forms):
    """All tables with a kind, by the key under which they stand."""
    pool, rest = {}, [("", form) for form in forms]
    while rest:
        key, value = rest.pop()
        if isinstance(value, dict):
            if key and "kind" in value:
                pool.setdefault(key, []).append(value)
            rest += value.items()
        elif isinstance(value, list):
            rest += [(key, one) for one in value]
    return pool


def places(tree, here=()):
    """The paths of everything below a table, but for what only names it."""
    found = []
    for key, value in tree.items() if isinstance(tree, dict) else enumerate(tree):
        if not here and key in ("name", "title", "claim", "seed"):
            continue
        found.append((*here, key))
        if isinstance(value, dict | list):
            found += places(value, (*here, key))
    return found


def changed(value, rng):
    """Another value of the same type."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        near = (value + 1, max(value - 1, 0), 2 * value, value // 2)
        return rng.choice([0, -1, 1, 2, 3, *near, 10**3, 10**6, 10**9, 2**62])
    if isinstance(value, float):
        near = (-value, 2 * value, value / 2, value + 1)
        far = (1e-9, 1e-300, 1e6, 1e300, float("inf"))
        return rng.choice([0.0, -1.0, 1.0, *near, *far])
    if isinstance(value, list):
        return rng.choice([[], value[:1], value[:-1], value + value[-1:]])
    return rng.choice(WORDS)


def mutate(tables, rng, forms, pool):
    """One entry deleted, changed or swapped; pictures; a table from elsewhere."""
    how = rng.random()
    if how < 0.12:
        drawn = [rng.choice(list(plots)) for _ in range(rng.randint(0, 2))]
        tables.pop("plots", None)
        tables |= {"plots": drawn} if drawn else {}
        return
    if how < 0.3:
        key, other = rng.choice(TABLES), rng.choice(forms)
        if key in other:
            tables[key] = copy.deepcopy(other[key])
        return
    path = rng.choice(places(tables))
    parent = tables
    for step in path[:-1]:
        parent = parent[step]
    last = path[-1]
    value = parent[last]
    if how < 0.42:
        del parent[last]
    elif isinstance(value, dict) and last in pool:
        parent[last] = copy.deepcopy(rng.choice(pool[last]))
    elif last == "kind" and len(path) > 1 and path[-2] in KINDS:
        parent[last] = rng.choice(list(KINDS[path[-2]]))
    elif isinstance(value, dict):
        del parent[last]
    else:
        parent[last] = changed(value, rng)


def mutants(seed):
    """Endless mutated tables, the same ones for every seed."""
    rng, forms = random.Random(seed), quick_forms()
    pool = tables_with_kinds(forms)
    while True:
        tables = copy.deepcopy(rng.choice(forms))
        for _ in range(rng.randint(1, 3)):
            mutate(tables, rng, forms, pool)
        yield tables


def run_apart(file, out, seconds):
    """The exit code of `hopsim run FILE`; 0 if it was still at work when stopped."""
    child = os.fork()
    if not child:
        _run_here(file, out, seconds)
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGALRM:
        return 0
    return os.WEXITSTATUS(status) if os.WIFEXITED(status) else -os.WTERMSIG(status)


def _run_here(file, out, seconds):
    """Run the command line in this process, which ends with it."""
    from hopsim.cli.commands import app
    from hopsim.runs.units import Computation

    log = os.open(f"{file}.log", os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(log, 1)
    os.dup2(log, 2)
    resource.setrlimit(resource.RLIMIT_AS, (MAX_BYTES, MAX_BYTES))
    signal.setitimer(signal.ITIMER_REAL, BEFORE_SECONDS)
    performed = Computation.performed

    def begun(self, unit, checkpoint=None):
        signal.setitimer(signal.ITIMER_REAL, seconds)
        Computation.performed = performed
        return performed(self, unit, checkpoint)

    Computation.performed = begun
    try:
        app(["run", str(file), "--quick", "--out", str(out), "--no-cache"])
    except SystemExit as error:
        os._exit(int(error.code or 0))
    os._exit(0)


def main(seed, count, seconds):
    """Run so many mutants that pass `check`; print their ends as JSON."""
    ends, told, tried = collections.Counter(), [], 0
    with tempfile.TemporaryDirectory() as place:
        for tables in mutants(seed):
            tried += 1
            file = Path(place, f"mutant_{tried}.toml")
            file.write_text(dumps(tables), encoding="utf-8")
            try:
                read_scenario(file, quick=True)
            except ValueError:
                continue
            code = run_apart(file, Path(place, "runs"), seconds)
            ends[code] += 1
            if code not in (0, 1):
                last = Path(f"{file}.log").read_text()[-600:]
                told.append({"code": code, "said": last, "file": file.read_text()})
            if ends.total() == count:
                break
    print(json.dumps({"seed": seed, "tried": tried, "ends": ends, "told": told}))


if __name__ == "__main__":
    os.environ.setdefault("EQX_ON_ERROR", "nan")
    os.environ.setdefault("JAX_NUM_CPU_DEVICES", "1")
    main(int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]))
