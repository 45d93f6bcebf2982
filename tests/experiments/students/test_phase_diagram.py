"""The phase diagram of teacher and student: small runs, and what it refuses."""

import mutations
import numpy as np
import pytest

import hopsim
from hopsim.theory import teacher_student as ts


SCENARIOS = mutations.CLAIMS.parent
TINY = {
    "experiment.sets": 2,
    "experiment.resolution": 12,
    "experiment.probed": 4,
    "experiment.cells": [[4.0, 1.0], [1.5, 2.2]],
    "network.memories.features": 24,
    "network.interaction.features": 24,
    "run.duration": 120,
    "experiment.burn": 100,
}


def small(name, **changes):
    path = SCENARIOS / f"{name}.toml"
    return hopsim.load_scenario(path, True, TINY | changes)


@pytest.mark.slow
def test_cells_show_the_regimes_of_theory(tmp_path):
    record = hopsim.run(small("phase_diagram_p3"), out=tmp_path)
    ((_, data),) = record.points()
    assert record.attrs["not_drawn"] == ""
    assert data["cell_regime"].values.tolist() == [3, 0]  # eR and P
    assert np.all(data["seen"].values == np.array([[3, 3], [0, 0]]))
    assert np.all(data["as_theory"].values)
    assert np.all(data["regime_right"].values)
    grid = ts.regimes(data["load"].values, data["temperature"].values, 3)
    assert np.array_equal(grid, data["regime"].values)
    assert np.all(np.isfinite(data["energy_ratio"].values))


def test_theory_alone_takes_no_cells(tmp_path):
    record = hopsim.run(
        small("phase_diagram_p10", **{"experiment.cells": [], "experiment.sets": 1}),
        out=tmp_path,
    )
    assert record.passed
    assert record.attrs["not_drawn"] == ""


@pytest.mark.parametrize(
    ("name", "changes", "message"),
    [
        ("p3", {"experiment.loads": [2.0, 1.0]}, "0 < low < high"),
        ("p3", {"experiment.cells": [[1.0]]}, r"a cell is \[load, temperature\]"),
        ("p3", {"experiment.cells": [[1.0, 0.0]]}, "both > 0"),
        ("p3", {"experiment.cells": [[1e-6, 1.0]]}, "less than one example"),
        ("p3", {"experiment.burn": 120}, "burn must be less than the 120 sweeps"),
        ("p3", {"dynamics": {"kind": "binary"}}, "glauber"),
        (
            "p3",
            {"network.interaction": {"kind": "polynomial", "n": 3}},
            "full power has another one",
        ),
        ("p10", {"network.interaction.n": 2}, "n >= 3"),
        (
            "p10",
            {
                "network.memories.features": 64,
                "network.interaction.features": 64,
                "experiment.cells": [[3.0, 2.0]],
            },
            "leave the cells out",
        ),
    ],
)
def test_phase_diagram_says_what_it_is_of(name, changes, message):
    run = lambda: hopsim.run(small(f"phase_diagram_{name}", **changes))
    with pytest.raises(ValueError, match=message):
        run()
