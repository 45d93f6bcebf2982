"""The gradient study: its own reference, its rules, and what it refuses."""

from typing import Any

import numpy as np
import pytest
import tomli_w

import hopsim
from hopsim import lagrangians as L
from hopsim.scenario.scenario import ScenarioError
from hopsim.training import objective_of
from hopsim.validation.spins.training_gradient import _tiled


rng = np.random.default_rng(3)
FORMS = ["associative", "dual", "dual_off", "autoassociative"]


def refused(tmp_path, message, interaction, experiment):
    tables = {
        "name": "gradients",
        "network": {
            "kind": "model_a",
            "memories": {"kind": "gaussian", "count": 5, "features": 8},
            "interaction": interaction,
            "normalised": False,
        },
        "probes": {"kind": "random", "count": 3},
        "experiment": {"kind": "training_gradient", "sets": 1} | experiment,
    }
    path = tmp_path / "gradients.toml"
    path.write_text(tomli_w.dumps(tables))
    with pytest.raises((ValueError, ScenarioError), match=message):
        hopsim.run(hopsim.load_scenario(path))


@pytest.mark.parametrize("form", FORMS)
def test_the_tiled_gradient_is_the_slope_of_its_own_loss(form):
    """Central differences of the loss by the network's own gaps, weight by weight."""
    from hopsim import Network

    xi = rng.normal(-0.1, 0.3, (4, 7))
    network = Network(xi, L.AbsoluteValue(), L.RectifiedPolynomial(3))
    objective: Any = objective_of(network, form, 2, "original")
    states = rng.choice([-1.0, 1.0], (2, 7))
    shown = states if form == "autoassociative" else states[:, :4]
    targets = states if form == "autoassociative" else states[:, 4:]
    found = _tiled(objective, form, xi, 4.0, shown, targets)
    for mu, i in ((0, 0), (1, 3), (2, 5), (3, 6)):
        step = np.zeros_like(xi)
        step[mu, i] = 1e-5
        high, low = (
            float(objective.loss(x, np.asarray(4.0), shown, targets))
            for x in (xi + step, xi - step)
        )
        assert (high - low) / 2e-5 == pytest.approx(found[mu, i], rel=1e-6, abs=1e-8)


@pytest.mark.parametrize(
    ("interaction", "experiment", "message"),
    [
        ({"kind": "exponential"}, {}, "literal power"),
        ({"kind": "polynomial", "n": 2}, {"classes": 8}, "beside the class units"),
        ({"kind": "polynomial", "n": 2}, {"n": [1, 2]}, "vertices >= 2"),
    ],
)
def test_what_has_no_such_gradient_is_refused(
    tmp_path, interaction, experiment, message
):
    refused(tmp_path, message, interaction, experiment)
