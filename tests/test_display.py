"""Results show themselves, and go into files: paragraphs, tables, xarray, netCDF."""

import dataclasses
import html.parser

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
import xarray as xr
from results import (
    attractors,
    branch,
    certificate,
    NETWORK,
    relaxation,
    samples,
    trajectory,
)

import hopsim
from hopsim import dynamics, lagrangians as L
from hopsim._common.display import (
    AbstractShown,
    curves,
    in_short,
    MOST_COLUMNS,
    MOST_LINES,
    paragraph,
    Shown,
    table_of,
    tally,
)
from hopsim.records import dataset, load_record, Record
from hopsim.runs.comparison import compare
from hopsim.runs.summary import summary_lines
from hopsim.scenario.scenario import load_scenario
from hopsim.trajectory import Ending, endings_in_words, Promise, StepLog


UNSAFE = "<script>alert('&')</script>\x1b[31m\ud800"


def scenario():
    return load_scenario("half_capacity", quick=True)


SHOWN = {
    "trajectory": lambda: trajectory([0, 0, 1]),
    "trajectory, none": lambda: trajectory([]),
    "trajectory, every ending": lambda: trajectory(
        [*Ending], notice="this was not asked for " * 20
    ),
    "trajectory, nan": lambda: trajectory(
        [4, 4],
        **dict.fromkeys(("energy", "rise_limit", "worst_excess"), np.full((2,), np.nan))
        | {"energy": np.full((2, 4), np.nan), "ledger_kind": "not applicable"},
    ),
    "trajectory, no audit": lambda: trajectory([3], audited=False),
    "certificate": lambda: certificate(3),
    "certificate, none": lambda: certificate(0),
    "certificate, not promised": lambda: certificate(2, Promise("none", UNSAFE)),
    "attractors": attractors,
    "attractors, none": lambda: attractors(()),
    "samples": samples,
    "samples, one": lambda: samples(1, 0),
    "relaxation": relaxation,
    "relaxation, none": lambda: relaxation(()),
    "branch": branch,
    "branch, none": lambda: branch(0),
    "comparison": lambda: compare(
        trajectory([0, 3]).to_record(), Record(dataset({UNSAFE: ("x", [1.0])}))
    ),
    "comparison, none": lambda: compare(Record(dataset({})), Record(dataset({}))),
    "network": lambda: NETWORK,
    "record": lambda: trajectory([0, 3]).to_record(),
    "record, empty": lambda: Record(dataset({})),
    "record, unsafe": lambda: Record(
        dataset({UNSAFE: ("x", [1.0])}, {"title": UNSAFE * 20, "network": UNSAFE})
    ),
    "scenario": scenario,
}


class Page(html.parser.HTMLParser):
    """Tags that are open; text; every tag that there was."""

    def __init__(self, page):
        super().__init__()
        self.open, self.tags, self.text = [], set(), ""
        self.feed(page)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.open.append(tag)
        assert not [name for name, _ in attrs if name.startswith("on")]

    def handle_startendtag(self, tag, attrs):
        self.tags.add(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data


@pytest.mark.parametrize("name", SHOWN)
def test_every_result_prints_as_one_short_paragraph(name):
    lines = repr(SHOWN[name]()).splitlines()
    assert 1 <= len(lines) <= MOST_LINES == 8
    assert max(map(len, lines)) <= MOST_COLUMNS == 92
    assert all(line.isprintable() for line in lines)
    assert "array(" not in "".join(lines)


@pytest.mark.parametrize("name", SHOWN)
def test_every_result_is_a_table_in_a_notebook(name):
    one = SHOWN[name]()
    page = Page(one._repr_html_())
    assert not page.open
    known = {"div", "strong", "table", "tr", "th", "td"}
    drawn = {"figure", "svg", "g", "polyline", "rect", "figcaption", "small"}
    assert known - {"tr", "th", "td"} <= page.tags <= known | drawn
    # the table has all that the paragraph has, and what that cuts short
    for line in repr(one).splitlines():
        for word in line.removesuffix(" ...").split():
            assert word in page.text
    assert ("svg" in page.tags) == bool(one._picture())


def test_an_untraced_result_prints_the_same_by_str_unless_it_has_a_line_of_its_own():
    for name in ("trajectory", "attractors", "network", "scenario", "record"):
        one = SHOWN[name]()
        assert str(one) == repr(one)
    one = certificate(3)
    assert str(one).startswith("energy certified to fall: 3/3 probes; worst rise")
    assert "\n" not in str(one) + str(branch())


# --- what they say --------------------------------------------------------------------


def test_a_trajectory_tells_of_every_probe_that_did_not_end_as_asked():
    text = repr(trajectory([0, 0, 1, 3, 3, 4]))
    assert (
        "ended    2 steady, 1 duration; NOT AS ASKED: 2 max steps, 1 nonfinite" in text
    )
    every = " ".join(repr(SHOWN["trajectory, every ending"]()).split())
    for ending in Ending:
        assert f"1 {ending.name.lower().replace('_', ' ')}" in every
    assert "3 steady" in repr(trajectory([0, 0, 0]))
    assert "NOT AS ASKED" not in repr(trajectory([0, 0, 0]))


def test_the_endings_of_a_million_probes_are_counted_at_once():
    codes = np.arange(10**6) % 2 * Ending.EVENT
    assert endings_in_words(codes) == "500000 steady, 500000 event"
    assert tally({"steady": 18, "cycle": 2}) == tally(["steady"] * 18 + ["cycle"] * 2)


def test_a_trajectory_tells_sizes_time_steps_promise_and_audit():
    text = repr(trajectory([0, 0, 0], worst_excess=np.array([-1.0, 0.0, 2.0])))
    first = "Trajectory of 3 probes, 0 to 3 tau_feature: 5 features, 3 memories"
    assert text.splitlines()[0] == first
    assert "at the end; 4 samples without states" in " ".join(text.split())
    assert "Tsit5; steps accepted: median 1, most 2" in text
    assert "promise  full: both Lagrangians are convex" in text
    assert (
        "the energy fell in 2 of 3, ROSE in 1; the ledger (balance) holds in 3" in text
    )
    assert "audit    none was made" in repr(trajectory([0], audited=False))
    spins = trajectory([0], solver="random sweeps", ledger_kind="not applicable")
    assert "0 to 3 sweeps" in repr(spins)
    assert "the ledger does not apply" in repr(spins)


def test_attractors_tell_classes_and_the_unconverged_with_their_interval():
    text = repr(attractors())
    assert "Attractors: 2 from 4 probes and 3 memories, 5 features" in text
    assert "fixed points that do not attract: 1 saddle" in text
    assert "1 of 4 probes = 0.2500 [0.0500, 0.7000] (95 % Wilson); 1 of 3 mem" in text
    assert "Adiabatic(tau_feature=1, decay=1); duration 100" in text


def test_a_network_tells_its_lagrangians_currents_and_autapse():
    own = hopsim.Network(
        np.eye(3, 5, dtype=np.float32), L.AbsoluteValue(), L.Polynomial(4),
        current=np.array([0, 0, 0.25, 0, -0.5]), autapse=0.125,
    )  # fmt: skip
    assert repr(own).splitlines() == [
        "Network of 3 memories and 5 features in float32",
        "  features  AbsoluteValue()",
        "  memories  Polynomial(n=4)",
        "  currents  of features up to 0.5, of memories none; autapse 0.125",
    ]


def test_a_network_prints_while_jax_traces_it_and_starts_no_work():
    told = []

    def energy(network, v):
        told.append(repr(network))
        return network.effective_energy(v)

    beta = lambda n: n.memory_lagrangian.beta
    several = eqx.tree_at(beta, NETWORK, jnp.array([1.0, 2.0]))
    axes = eqx.tree_at(beta, jax.tree.map(lambda _: None, NETWORK), 0, is_leaf=_none)
    # traced, and not compiled
    jax.eval_shape(energy, NETWORK, jnp.ones(5))
    jax.eval_shape(jax.vmap(energy, in_axes=(axes, None)), several, jnp.ones(5))
    jax.eval_shape(lambda v: jax.grad(energy, argnums=1)(NETWORK, v), jnp.ones(5))
    for text in told:
        assert text.startswith("Network of 3 memories and 5 features in float64")
    assert "beta=float64[]" in told[0]
    assert "beta=float64[]" in told[1]
    assert "beta=2)" in told[2]
    assert "beta=float64[2]" in repr(several)
    with jax.transfer_guard("disallow"):  # nothing is fetched or computed either
        assert repr(jax.tree.map(lambda x: x, several)) == repr(several)
    # what JAX and Equinox put in the place of numbers prints as well
    masks = jax.tree.map(lambda _: True, NETWORK)
    shapes = jax.eval_shape(lambda n: n, NETWORK)
    assert "memories=None" in repr(axes)
    assert "memories=True" in repr(masks)
    assert "3 memories and 5 features" in repr(shapes)


def _none(x):
    return x is None


def test_parts_are_told_in_short():
    assert in_short(L.Rescaled(L.Polynomial(3), inside=0.5)) == (
        "Rescaled(lagrangian=Polynomial(n=3), inside=0.5, outside=1)"
    )
    assert in_short(dynamics.TwoLayer(tau_memory=np.ones(3))) == (
        "TwoLayer(tau_memory=float64[3], tau_feature=1, decay=1)"
    )
    assert in_short(1e-10) == "1e-10"
    assert len(in_short("x y " * 100)) <= 60


def test_long_texts_are_folded_and_then_cut_but_whole_in_a_notebook():
    rows = [("a", "word " * 90), ("none", ""), *[("b", "last")] * 4]
    lines = paragraph(Shown("T" * 200, rows)).splitlines()
    assert len(lines) == 8
    assert lines[0].endswith("T ...")
    assert lines[3].endswith(" ...")
    assert lines[4:] == ["  b  last"] * 4
    assert Page(table_of(Shown("", rows))).text.count("word") == 90


def test_what_others_wrote_is_escaped():
    page = SHOWN["record, unsafe"]()._repr_html_()
    assert "<script" not in page
    assert "&lt;script&gt;" in page
    assert "\x1b" not in page
    page.encode("utf-8")  # no half of a surrogate pair


# --- pictures -------------------------------------------------------------------------


def test_curves_break_where_they_are_not_finite():
    rows = np.array(
        [[0.0, 1, np.nan, 3, 4], [1, np.inf, 1, np.nan, 1], [2, 2, 2, 2, 2]]
    )
    drawn = curves(np.arange(5.0), rows, "told")
    assert drawn.count("<polyline") == 3  # of single points there is no line
    assert "told, from 0 to 4" in drawn
    assert curves(np.arange(5.0), rows * np.nan, "none") == ""


def test_curves_lie_within_the_picture_and_stay_small():
    rng = np.random.default_rng(0)
    drawn = curves(np.arange(5000.0), 1e308 * rng.uniform(-1, 1, (100, 5000)), "huge")
    points = [
        [float(x) for x in pair.split(",")]
        for line in drawn.split('points="')[1:]
        for pair in line.split('"')[0].split()
    ]
    assert len(points) == 24 * 160
    x, y = np.array(points).T
    assert (x.min(), x.max()) == (2, 318)
    assert (y.min(), y.max()) == (2, 78)
    assert len(drawn) < 60_000


# --- xarray, pandas and files ---------------------------------------------------------

KEPT = {
    "trajectory": lambda: trajectory(
        [0, 0, 3],
        v=np.arange(60.0).reshape(3, 4, 5),
        step_log=StepLog(*np.arange(24.0).reshape(4, 2, 3)),
    ),
    "attractors": attractors,
    "samples": samples,
    "relaxation": relaxation,
}


@pytest.mark.parametrize("name", KEPT)
def test_a_saved_result_is_read_as_it_was(name, tmp_path):
    one = KEPT[name]()
    path = one.save(tmp_path / "one.nc")
    assert [*tmp_path.iterdir()] == [path]  # nothing unfinished is left
    back = load_record(path)
    assert back.attrs["result"] == type(one).__name__
    assert back.attrs["title"] == repr(one).splitlines()[0]
    assert back.attrs["version_hopsim"] == hopsim.__version__
    xr.testing.assert_equal(back.to_xarray(), one.to_xarray())
    xr.testing.assert_equal(back.data, one.to_record().data)
    with xr.open_dataset(path) as plain:
        assert {*plain.data_vars} == {*back.data.data_vars}
    assert {*back.groups} == {*one.groups()}
    assert repr(back).startswith(f"Record {name}: {type(one).__name__}")


def test_the_energy_of_a_trajectory_is_selected_by_time_and_becomes_a_frame():
    path = KEPT["trajectory"]()
    data = path.to_xarray()
    assert data["time"].attrs["units"] == "tau_feature"
    assert data["energy"].dims == ("probe", "time")
    assert data["v"].dims == ("probe", "time", "feature")
    assert data["final_memory"].dims == ("probe", "memory")
    seen = data["energy"].sel(time=1.9, method="nearest")
    np.testing.assert_array_equal(seen, path.energy[:, 2])
    frame = data[["energy", "gap"]].to_dataframe()
    assert frame.index.names == ["probe", "time"]
    assert frame.loc[(2, 3.0), "energy"] == path.energy[2, 3]
    np.testing.assert_array_equal(
        data["ending"].values == data["ending"].attrs["flag_values"][3], [0, 0, 1]
    )
    assert data["ending"].attrs["flag_meanings"].split()[3] == "max_steps"


def test_attractors_have_their_kind_and_the_basin_of_every_probe():
    data = attractors().to_xarray()
    assert data["kind"].dims == ("attractor",)
    assert "kind" in data.coords
    np.testing.assert_array_equal(data["basin"], [0, 0 + 1, 2, -1])
    frame = data[["energy", "fraction"]].to_dataframe()
    assert [*frame["kind"]] == ["memory", "memory", "saddle"]


def test_samples_and_relaxations_have_one_row_for_each_start():
    data = samples().to_xarray()
    assert data["energies"].dims == ("start", "sweep")
    np.testing.assert_array_equal(data["time"], np.arange(1, 7))
    assert data["time"].attrs["units"] == "sweeps"
    frame = data[["energies"]].to_dataframe()
    assert len(frame) == 24
    ended = relaxation().to_xarray()[["sweeps", "ending"]].to_dataframe()
    assert [*ended["ending"]] == [0, 0, 2, 7]


@pytest.mark.parametrize("where", ["", "nowhere/one.nc"])
def test_a_result_is_saved_as_a_file_in_a_directory_that_exists(tmp_path, where):
    with pytest.raises(ValueError, match=r"A file is made in a directory that exists"):
        relaxation().save(tmp_path / where)
    assert not [*tmp_path.iterdir()]


def test_a_record_made_by_hand_can_be_saved_and_read(tmp_path):
    record = Record(dataset({"x": ("place", [1.0, 2.0])}, {"seed": 3}))
    back = load_record(record.save(tmp_path / "mine.nc"))
    assert back.attrs["seed"] == 3
    xr.testing.assert_equal(back.data, record.data)
    assert record.attrs == {"seed": 3}  # the record itself is left alone
    assert summary_lines(back) == [("result", ""), ("file", str(back.path))]


@pytest.mark.parametrize("name", KEPT)
def test_the_summary_of_a_result_that_is_kept_tells_what_it_is(name):
    page = dict(summary_lines(KEPT[name]().to_record()))
    assert page["result"].startswith(type(KEPT[name]()).__name__)
    if name == "trajectory":
        assert page["endings"].startswith("converged 2/3; 1: The steps ran out")


def test_all_results_of_the_package_are_tested_here():
    named = {type(make()) for make in SHOWN.values()}
    below = lambda kind: {kind, *(x for k in kind.__subclasses__() for x in below(k))}
    known = {k for k in below(AbstractShown) if k.__module__.startswith("hopsim.")}
    assert {k for k in known if not k.__name__.startswith("Abstract")} == named
    assert all(dataclasses.is_dataclass(k) for k in named)
