"""Pictures of grids: what is in a cell, which intervals it has, and what is missing."""

import re
from typing import Any

import numpy as np
import pytest
from grids import BETAS, cell, FLIPS, grid, LOADS, share, some_not_done
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import PolyCollection, QuadMesh
from matplotlib.contour import QuadContourSet
from matplotlib.text import Text

import hopsim
from hopsim.plots._scalars import gridded, scalars
from hopsim.plots._swept_axes import SweptAxis
from hopsim.records import Axis, dataset, join_points, labelled, load_record, Record
from hopsim.statistics import mean, resampled_means, wilson


PLOTS: Any = hopsim.plots


def drawn(record, **chosen):
    """The figure, with all that is made only when it is drawn."""
    fig = PLOTS.grid(record, **chosen)
    FigureCanvasAgg(fig).draw()
    return fig


def meshes(fig):
    """The numbers of every map."""
    found = [ax.findobj(QuadMesh) for ax in fig.axes]
    return [mesh.get_array() for (mesh, *_) in filter(None, found)]


def ends(scalar):
    found = scalar.ends()
    assert found is not None
    return found


def words(fig):
    """All that is written in a figure."""
    return " ".join(text.get_text() for text in fig.findobj(Text))


# --- one number for each cell ---------------------------------------------------------


def test_a_cell_is_the_mean_over_sets_of_what_each_set_has():
    record = grid(LOADS, FLIPS)
    one, two = scalars(record, record.axes, ["retrieved", "match"])
    wanted = record["match"].mean("probe").mean("set")
    np.testing.assert_allclose(two.values, wanted, rtol=1e-12)
    np.testing.assert_allclose(one.values, record["retrieved"].mean(["set", "probe"]))
    laws = [[share(k, x) for x in FLIPS] for k in LOADS]
    assert one.theory is not None
    np.testing.assert_allclose(one.theory, laws)
    assert two.theory is None


def test_sets_of_unequal_size_count_alike_and_padding_does_not():
    sizes = [1, 3]
    point = dataset(
        {
            "set": ("row", np.repeat([0, 1], sizes)),
            "hit": ("row", np.array([True, False, False, False])),
            "gap": ("row", np.array([1.0, 4.0, 4.0, 4.0])),
        }
    )
    record = labelled(Record(join_points([point, point], ["a", "b"])))
    axes = (Axis("point", ("variant",), ["a", "b"]),)
    hit, gap = scalars(record, axes, ["hit", "gap"])
    np.testing.assert_array_equal(hit.values, [0.5, 0.5])
    np.testing.assert_array_equal(gap.values, [2.5, 2.5])
    low, high = ends(hit)[0]
    assert low <= wilson(1, 4)[0]
    assert high >= wilson(1, 4)[1]


def test_without_sets_a_share_has_wilsons_interval_of_what_is_aimed():
    draw = np.random.default_rng(0)
    points = [
        dataset(
            {
                "retrieved": ("probe", np.array([True, True, False, False])),
                "aimed": ("probe", np.array([True, True, True, False])),
                "match": ("probe", draw.random(4)),
            }
        )
        for _ in range(2)
    ]
    record = Record(join_points(points, ["a", "b"]))
    axes = (Axis("point", ("variant",), ["a", "b"]),)
    (one,) = scalars(record, axes, "retrieved")
    assert one.values[0] == 2 / 3
    assert tuple(ends(one)[0]) == wilson(2, 3)


def test_intervals_of_sets_that_differ_are_wider_than_wilsons():
    alike = dataset(
        {
            "set": ("row", np.repeat(np.arange(8), 50)),
            "hit": ("row", np.repeat(np.arange(8) % 2 == 0, 50)),
        }
    )
    record = labelled(Record(join_points([alike, alike], ["a", "b"])))
    (one,) = scalars(record, (Axis("point", ("variant",), ["a", "b"]),), "hit")
    low, high = ends(one)[0]
    assert low < wilson(200, 400)[0] - 0.1
    assert high > wilson(200, 400)[1] + 0.1


def test_resampled_means_agree_with_students_law_where_it_holds():
    values = np.random.default_rng(1).normal(size=400)
    low, high = resampled_means(values)
    law = mean(values)
    assert low == pytest.approx(law.low, abs=0.02)
    assert high == pytest.approx(law.high, abs=0.02)
    assert np.isnan(resampled_means(np.ones(1))).all()


def test_by_default_shares_and_pure_numbers_that_vary_are_shown():
    record = grid(LOADS, FLIPS)
    names = [one.name for one in scalars(record, record.axes, None)]
    assert names == ["retrieved", "match"]  # neither times, nor states, nor theory
    assert [one.name for one in scalars(record, record.axes, "end_time")] == [
        "end_time"
    ]


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("retrievd", "did you mean 'retrieved'"),
        ("final", "number in each cell.*'final'"),
    ],
)
def test_what_has_no_number_in_each_cell_is_refused(name, told):
    record = grid(LOADS, FLIPS)
    with pytest.raises(ValueError, match=told):
        scalars(record, record.axes, name)


# --- pictures -------------------------------------------------------------------------


def test_one_axis_is_a_curve_with_intervals_and_theory():
    record = grid(FLIPS, paths=["probes.flipped"], law=lambda x: share(30, x))
    left, right = drawn(record).axes
    measured, theory = left.lines[-2:]
    np.testing.assert_array_equal(measured.get_xdata(), FLIPS)
    np.testing.assert_allclose(
        measured.get_ydata(), record["retrieved"].mean(["set", "probe"])
    )
    np.testing.assert_allclose(theory.get_ydata(), [share(30, x) for x in FLIPS])
    assert left.get_ylabel() == "share retrieved"
    assert right.get_ylabel() == "cosine with the target"
    assert left.get_xlabel() == "share of the spins that are flipped"
    assert left.get_title(loc="left") == "95 %: Wilson, or over 4 sets if wider"


def test_values_are_drawn_in_their_order():
    record = grid([0.4, 0.0, 0.2], paths=["probes.flipped"], law=lambda x: share(30, x))
    line = drawn(record, variable="retrieved").axes[0].lines[-2]
    np.testing.assert_array_equal(line.get_xdata(), [0.0, 0.2, 0.4])
    wanted = record["retrieved"].mean(["set", "probe"]).sortby("flipped")
    np.testing.assert_allclose(line.get_ydata(), wanted)


def test_two_axes_are_a_map_with_the_contour_of_one_half():
    fig = drawn(grid(LOADS, FLIPS))
    left, right = fig.axes[:2]
    record = grid(LOADS, FLIPS)
    np.testing.assert_allclose(
        meshes(fig)[0], record["retrieved"].mean(["set", "probe"]).T
    )
    assert left.get_xscale() == "log"
    assert left.get_yscale() == "linear"
    lines, theory = left.findobj(QuadContourSet)
    for line in (lines, theory):
        (level,) = line.levels
        assert level == 0.5
    (path,) = theory.get_paths()
    for k, x in path.vertices:  # on the line of theory, as exact as the grid is fine
        assert share(k, x) == pytest.approx(0.5, abs=0.15)
    assert not right.findobj(QuadContourSet)  # no share


def test_three_axes_are_a_map_for_each_value_of_the_third():
    record = grid(LOADS, FLIPS, BETAS, rows=4)
    fig = drawn(record, variable="retrieved")
    seen = meshes(fig)[:2]
    for k, beta in enumerate(BETAS):
        wanted = record["retrieved"].sel(beta=beta).mean(["set", "probe"]).T
        np.testing.assert_allclose(seen[k], wanted)
        assert fig.axes[k].get_title(loc="left") == rf"$\beta$ = {beta:g}"


def test_cells_that_are_not_done_are_hatched_and_have_no_number():
    states = some_not_done(len(LOADS) * len(FLIPS))
    fig = drawn(grid(LOADS, FLIPS, states=states), variable="retrieved")
    seen, codes = meshes(fig)[0], np.reshape(states, (len(LOADS), len(FLIPS))).T
    np.testing.assert_array_equal(np.ma.getmaskarray(seen), codes != "done")
    hatched = [
        x for x in fig.axes[0].findobj(PolyCollection) if getattr(x, "get_hatch", str)()
    ]
    counts = {x.get_hatch(): len(x.get_paths()) for x in hatched}
    missing, failed = states.count("missing"), states.count("failed")
    assert counts == {"////": missing, "xxxx": failed}
    assert f"missing: {missing}" in words(fig)
    assert f"failed: {failed}" in words(fig)


def test_a_curve_leaves_out_what_is_not_done():
    states = ["done", "failed", "done", "missing", "done"]
    record = grid(FLIPS, paths=["probes.flipped"], states=states, law=lambda x: x)
    ax = drawn(record, variable="retrieved").axes[0]
    y = ax.lines[-2].get_ydata()
    np.testing.assert_array_equal(np.isnan(y), [s != "done" for s in states])
    told = [text.get_text() for text in ax.get_legend().get_texts()]
    assert told == ["theory", "missing: 1", "failed: 1"]


def test_texts_stand_side_by_side_and_begin_no_mathematics():
    kinds = ["random", "cost $5", {"kind": "digits"}]
    paths = ["network.memories", "probes.flipped"]
    record = grid(kinds, FLIPS, paths=paths, law=lambda kind, x: 1 - x)
    fig = drawn(record, variable="retrieved")
    told = [text.get_text() for text in fig.axes[0].get_xticklabels()]
    assert told == ["random", r"cost \$5", '{"kind": "digits"}']
    assert not fig.axes[0].findobj(QuadContourSet)
    one = grid(kinds, paths=paths, law=lambda kind: 0.5)
    assert drawn(one, variable="retrieved").axes[0].lines[-2].get_linestyle() == "None"


def test_variants_and_old_files_are_drawn_as_well(tmp_path):
    parts = [cell(share(30, x), 4, 10, k) for k, x in enumerate(FLIPS)]
    variants = Record(join_points(parts, [f"part {k}" for k in range(5)]))
    told = [text.get_text() for text in drawn(variants).axes[0].get_xticklabels()]
    assert told == [f"part {k}" for k in range(5)]
    with_values = [x.assign(value=v) for x, v in zip(parts, FLIPS, strict=True)]
    old = Record(join_points(with_values, [f"flipped = {x}" for x in FLIPS]))
    old.data.attrs["sweep_path"] = "probes.flipped"
    old = load_record(old.save(tmp_path / "old.nc"))
    line = drawn(old, variable="retrieved").axes[0].lines[-2]
    np.testing.assert_array_equal(line.get_xdata(), FLIPS)
    assert gridded(old)["retrieved"].dims == ("flipped", "set", "probe")


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ([[1, 2]] * 4, "up to three axes, got 4 (a, b, c, d); draw .*sel(d=1)"),
        (
            [[1], [1], [*range(9)]],
            "up to 8 values of a third axis (a, b, c); .*sel(c=0)",
        ),
    ],
)
def test_more_than_can_be_seen_is_refused_with_its_remedy(values, told):
    paths = ["x.a", "x.b", "x.c", "x.d"]
    record = grid(*values, paths=paths, law=lambda *_: 0.5, rows=1)
    with pytest.raises(ValueError, match=re.escape(told).replace(r"\.\*", ".*")):
        PLOTS.grid(record)
    axis = record.axes[-1].name
    PLOTS.grid(Record(record.data.sel({axis: 1})), variable="match")


def test_a_record_without_points_has_no_grid():
    with pytest.raises(ValueError, match="The plot 'grid' needs 'label', the points"):
        PLOTS.grid(Record(cell(0.5, 1, 4, 0)))


def test_a_grid_is_drawn_into_files_and_into_places_of_the_user(tmp_path):
    from matplotlib.figure import Figure

    record = grid(LOADS, FLIPS)
    file = PLOTS.save(record, "grid", tmp_path / "x.png", variable="match")
    assert file.read_bytes() == PLOTS.grid(record, variable="match")._repr_png_()
    ax = Figure().subplots()
    PLOTS.grid(record, variable="match", ax=ax)
    assert len(ax.findobj(QuadMesh)) == 1
    with pytest.raises(TypeError, match=r"energy\(\) got an unexpected .*'variable'"):
        PLOTS.energy(record, variable="match")


@pytest.mark.parametrize(
    ("values", "scale"),
    [
        ([1, 10, 100], "log"),
        ([0.1, 0.2, 0.3], "linear"),
        ([0.0, 1, 10, 100], "linear"),
        ([1, 100], "log"),
        ([1, 2], "linear"),
        ([3], "linear"),
    ],
)
def test_an_axis_is_logarithmic_where_its_steps_are(values, scale):
    swept = SweptAxis(Axis("x", ("a.x",), values))
    assert swept.scale == scale
    edges = swept.edges()
    assert len(edges) == len(values) + 1
    assert np.all((edges[:-1] < swept.at) & (swept.at < edges[1:]))


def test_a_map_of_ten_thousand_cells_is_drawn_in_seconds():
    rng, numbers = np.random.default_rng(0), list(range(100))
    law = (("point",), rng.random(10_000), {"units": "1"})
    label = ("point", [str(k) for k in range(10_000)])
    data = dataset({"law": law}).drop_vars("point").assign_coords(label=label)
    axes = (Axis("x", ("a.x",), numbers), Axis("y", ("a.y",), numbers))
    record = labelled(Record(data), axes)
    assert meshes(drawn(record))[0].shape == (100, 100)
    assert len(record.points({"x": 3})) == 100
