"""The labelled form of records, and their flat form, which is that of old files."""

import json

import numpy as np
import pytest
import xarray as xr

import hopsim
from hopsim.checks import checks
from hopsim.records import (
    dataset,
    find_cells,
    join_points,
    labelled,
    load_record,
    name_axes,
    PURE,
    Record,
    short_form,
)
from hopsim.runs import units


BETAS, RATES = [0.5, 1.0, 2.0], [1, 3]
GRID = name_axes([(["network.beta"], BETAS), (["dynamics.rate", "run.pace"], [])])
GRID = (GRID[0], GRID[1]._replace(values=[(1, "slow"), (3, "fast")]))
EQUAL = [[2, 2]] * 6
UNEQUAL = [[2, 2], [1, 3], [0, 2], [2, 5], [3, 3], [1]]


def measured(sizes, seed=0, value=None):
    """What an ensemble leaves of one point: sets with so many rows each."""
    draw, rows = np.random.default_rng(seed), sum(sizes)
    owner = np.repeat(np.arange(len(sizes)), sizes)
    variables = {
        "set": ("state", owner, PURE | {"long_name": "number of the pattern set"}),
        "gap": ("state", draw.normal(size=rows), PURE),
        "stable": (("load", "state"), draw.random((3, rows)) > 0.5),
        "hits": (("state", "feature"), draw.integers(0, 9, (rows, 2))),
        "word": ("state", np.array(["one", "b"])[draw.integers(0, 2, rows)]),
        "load": ("load", np.array([0.1, 0.2, 0.3])),
        "law": ((), draw.random()),
    }
    return dataset(variables | ({} if value is None else {"value": ((), value)}))


def study(sizes, values=None):
    """A flat record of several points."""
    values = [None] * len(sizes) if values is None else values
    each = zip(sizes, values, strict=True)
    parts = [measured(n, k, value) for k, (n, value) in enumerate(each)]
    data = join_points(parts, [f"point {k}" for k in range(len(parts))])
    return Record(data.assign_attrs(name="study", hash="", plots="", seconds=0.0))


def assert_the_same(found, wanted):
    """Bit for bit: variables, their order, dimensions, types and attributes."""
    assert found.identical(wanted)
    assert [*found.data_vars] == [*wanted.data_vars]
    assert [*found.coords] == [*wanted.coords]
    assert dict(found.sizes) == dict(wanted.sizes)
    kind = lambda data: {n: (v.dims, v.dtype.kind) for n, v in data.variables.items()}
    assert kind(found) == kind(wanted)


FLAT = {
    "one run": (lambda: Record(measured([3]).drop_vars("set")), ()),
    "one set": (lambda: Record(measured([3])), ()),
    "unequal sets": (lambda: Record(measured([2, 0, 3])), ()),
    "a sweep": (lambda: study(EQUAL[:3], BETAS), GRID[:1]),
    "a sweep, unequal": (lambda: study(UNEQUAL[:3], BETAS), GRID[:1]),
    "variants": (lambda: study(EQUAL[:2]), ()),
    "variants, unequal": (lambda: study(UNEQUAL[:2]), ()),
    "texts": (
        lambda: study(UNEQUAL[:2]),
        name_axes([(["memories.kind"], ["digits", "random"])]),
    ),
    "tables": (
        lambda: study(EQUAL[:3]),
        name_axes([(["network.memories"], [{"kind": "a", "n": 2}, True, 0.5])]),
    ),
    "a grid": (lambda: study(EQUAL), GRID),
    "a grid, unequal": (lambda: study(UNEQUAL), GRID),
    "rows that are not sorted": (
        lambda: Record(dataset({"set": ("row", np.array([1, 0, 1]))})),
        (),
    ),
}


@pytest.mark.parametrize("name", FLAT)
def test_the_flat_form_of_the_labelled_form_is_what_it_was(name, tmp_path):
    made, axes = FLAT[name]
    flat = made()
    whole = labelled(flat, axes)
    assert_the_same(whole.rows().data, flat.data)
    assert whole.labels() == [label for label, _ in flat.points()]
    for (_, found), (_, wanted) in zip(whole.points(), flat.points(), strict=True):
        assert found.identical(wanted)
    back = load_record(whole.save(tmp_path / "record.nc"))
    xr.testing.assert_equal(back.rows().data, flat.data)
    xr.testing.assert_equal(back.data, whole.data)
    assert back.axes == tuple(
        axis._replace(values=json.loads(json.dumps(axis.values))) for axis in axes
    )


def test_cells_of_a_saved_grid_are_selected_by_their_values(tmp_path):
    flat = study(UNEQUAL)
    labelled(flat, GRID).save(tmp_path / "record.nc")
    data = load_record(tmp_path / "record.nc").data
    assert data["gap"].dims == ("beta", "rate", "set", "state")
    assert data["stable"].dims == ("beta", "rate", "load", "set", "state")
    assert data["state_count"].dims == ("beta", "rate", "set")
    assert [*data["pace"].values] == ["slow", "fast"]
    cell = data.sel(beta=1.0, rate=3)
    rows = flat.points()[3][1]
    assert str(cell["label"].values) == "point 3"
    for number in (0, 1):
        count = int(cell["state_count"][number])
        own = cell.sel(set=number).isel(state=slice(0, count))
        wanted = rows.isel(state=rows["set"].values == number)
        np.testing.assert_array_equal(own["gap"], wanted["gap"])
        np.testing.assert_array_equal(own["stable"], wanted["stable"])
    assert np.isnan(cell["gap"].sel(set=0, state=4))
    assert cell["word"].sel(set=0, state=4) == ""
    assert not cell["stable"].sel(set=0, state=4).any()
    assert (cell["hits"].sel(set=0, state=4) == -1).all()


def test_a_part_of_a_record_is_a_record_too():
    whole = labelled(study(UNEQUAL), GRID)
    part = Record(whole.data.sel(beta=[2.0, 0.5]))
    assert part.axes[0].values == [2.0, 0.5]
    assert part.labels() == ["point 4", "point 5", "point 0", "point 1"]
    assert part.labels({"beta": 2}) == ["point 4", "point 5"]
    one = Record(whole.data.sel(rate=3).transpose("load", ...))
    assert one.labels() == ["point 1", "point 3", "point 5"]
    np.testing.assert_array_equal(
        one.points({"beta": 1})[0][1]["gap"], whole.points()[3][1]["gap"]
    )
    cell = Record(whole.data.sel(rate=3, beta=1.0))
    ((label, data),) = cell.points()
    assert label == ""
    np.testing.assert_array_equal(data["set"], [0, 0, 1, 1, 1, 1, 1])


@pytest.mark.parametrize("sizes", [EQUAL[:4], UNEQUAL[:4]])
def test_cells_that_are_not_done_are_told_and_never_filled(sizes, tmp_path):
    states = ["done", "failed", "done", "done", "missing", "done"]
    flat = study(sizes)
    whole = labelled(flat, GRID, states)
    assert_the_same(whole.rows().data, flat.data)
    whole = load_record(whole.save(tmp_path / "record.nc"))
    xr.testing.assert_equal(whole.rows().data, flat.data)
    state = whole["cell_state"]
    assert state.attrs["flag_meanings"] == "done missing failed"
    np.testing.assert_array_equal(state, [[0, 2], [0, 0], [1, 0]])
    assert np.isnan(whole["gap"].where(state > 0)).all()
    assert (whole.data["label"].sel(beta=2, rate=1)) == "beta = 2, rate = 1"
    assert whole.labels({"rate": 3}) == ["point 2", "point 3"]
    assert whole.not_done() == (
        "2 of 6 cells: beta = 0.5, rate = 3 (failed), beta = 2, rate = 1 (missing)"
    )
    check = checks["bound"](variable="gap", statement="small", source="x", at_most=9.0)
    (verdict,) = check.verdicts(whole)
    assert not verdict.passed
    assert "2 of 6 cells" in verdict.measured
    (verdict,) = check.model_copy(update={"at": {"beta": 1}}).verdicts(whole)
    assert verdict.passed
    assert verdict.error.endswith(("point 1", "point 2"))


def test_all_cells_done_need_no_word():
    assert "cell_state" not in labelled(study(EQUAL), GRID, ["done"] * 6)


def test_axes_have_the_last_word_of_their_path_unless_it_is_taken():
    swept = [(["a.beta"], [1]), (["b.beta"], [2]), (["c.load"], [3])]
    axes = name_axes(swept)
    assert [axis.name for axis in axes] == ["a.beta", "b.beta", "load"]
    record = labelled(study([[2, 2]]), axes)
    assert record["gap"].dims[:3] == ("a.beta", "b.beta", "c.load")
    assert record["stable"].dims[3:] == ("load", "set", "state")
    assert_the_same(record.rows().data, study([[2, 2]]).data)
    (found,) = labelled(study([[2]]), name_axes([(["set"], [1])])).axes
    assert found.name == "set_swept"


@pytest.mark.parametrize(
    ("at", "cells"),
    [
        ({}, [0, 1, 2, 3, 4, 5]),
        ({"beta": 1}, [2, 3]),
        ({"beta": 0.5 * (1 + 1e-12)}, [0, 1]),
        ({"network.beta": 2, "dynamics.rate": 1}, [4]),
        ({"pace": "fast"}, [1, 3, 5]),
        ({"run.pace": "fast", "beta": 0.5}, [1]),
    ],
)
def test_cells_are_addressed_by_values_of_their_axes(at, cells):
    assert find_cells(GRID, at) == cells


def test_what_is_no_number_is_addressed_by_its_short_form():
    values = [{"kind": "a"}, True, "true", [1, 2]]
    axes = name_axes([(["network.memories"], values)])
    assert find_cells(axes, {"memories": '{"kind": "a"}'}) == [0]
    assert find_cells(axes, {"memories": {"kind": "a"}}) == [0]
    assert find_cells(axes, {"memories": True}) == [1]
    assert find_cells(axes, {"memories": [1, 2]}) == [3]
    assert len(short_form({"kind": "a" * 80})) == 40


@pytest.mark.parametrize(
    ("axes", "at", "message"),
    [
        (GRID, {"bet": 1}, "what is swept, got 'bet'; did you mean 'beta'"),
        (
            GRID,
            {"beta": 0.7},
            r"at.beta is a value that .*, got 0.7; .*0.5, 1, 2",
        ),
        (GRID, {"beta": True}, "got True"),
        (GRID, {"pace": "slo"}, "got 'slo'; there are slow, fast"),
        (GRID, {"pace": "slow", "rate": 3}, "cells that there are.*: none"),
        ((), {"beta": 1}, "nothing is swept; leave it out"),
    ],
)
def test_a_cell_that_there_is_not_is_refused(axes, at, message):
    with pytest.raises(ValueError, match=message):
        find_cells(axes, at)


@pytest.mark.parametrize(
    ("states", "message"),
    [
        (None, "one point for each cell that is done, got 4 for 6 of 6 cells"),
        (["done"] * 4, "6 cells of a grid are done, missing, failed, got 4"),
        (["done"] * 5 + ["lost"], r"got 6: \['lost'\]"),
    ],
)
def test_points_that_are_not_the_cells_are_refused(states, message):
    with pytest.raises(ValueError, match=message):
        labelled(study(EQUAL[:4]), GRID, states)


def test_a_check_speaks_of_the_cells_that_it_addresses():
    whole = labelled(study(EQUAL), GRID)
    check = checks["bound"]
    said = {"variable": "gap", "statement": "small", "source": "x", "at_most": 9.0}
    labels = lambda at: [
        verdict.statement for verdict in check(**said, each=True, at=at).verdicts(whole)
    ]
    assert labels({"beta": 1}) == ["small (point 2)", "small (point 3)"]
    assert labels({"beta": 1, "rate": 3}) == ["small (point 3)"]
    (verdict,) = check(**said, at={"beta": 3}).verdicts(whole)
    assert "at.beta is a value that is swept, got 3; there are" in verdict.measured
    with pytest.raises(ValueError, match="either point or at, not both"):
        check(**said, at={"beta": 1}, point="point 1")


def test_time_is_told_once_though_cells_are_missing():
    energy = (("probe", "sample"), np.ones((2, 3)))
    run = dataset({"time": ("sample", np.arange(3.0)), "energy": energy})
    flat = Record(join_points([run, run], ["a", "b"]))
    axes = name_axes([(["network.beta"], BETAS)])
    data = labelled(flat, axes, ["missing", "done", "done"]).to_xarray()
    assert data["energy"].dims == ("beta", "probe", "time")
    assert data["energy"].sel(beta=1, time=2.0).sum() == 2


CLAIMS = ["dam-01", "cl-16", "cl-22", "cl-02", "ts-12", "ts-18", "cl-24", "dam-14"]
SLOWLY = [pytest.param(name, marks=pytest.mark.slow) for name in CLAIMS[1:]]


@pytest.mark.parametrize("name", [CLAIMS[0], *SLOWLY])
def test_a_claim_is_judged_on_what_its_experiment_measured(name, monkeypatch):
    seen = []

    def compared(record, *given):
        whole = labelled(record, *given)
        assert_the_same(whole.rows().data, record.data)
        seen.append(whole.data.dims)
        return whole

    monkeypatch.setattr(units, "labelled", compared)
    assert hopsim.run(f"claims/{name}", quick=True).passed
    assert seen


@pytest.mark.parametrize("sizes", [EQUAL, UNEQUAL])
def test_points_that_are_alike_are_joined_as_all_others(monkeypatch, sizes):
    quickly = study(sizes, [float(k) for k in range(len(sizes))])
    monkeypatch.setattr("hopsim.records._datasets._alike", lambda datasets: False)
    slowly = study(sizes, [float(k) for k in range(len(sizes))])
    assert_the_same(quickly.data, slowly.data)
