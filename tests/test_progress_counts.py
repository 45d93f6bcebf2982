"""What every long function counts: for a function of the user's, and for the bar."""

from typing import Any

import numpy as np
import pytest

import hopsim
from hopsim import attractors, dynamics, lagrangians, patterns, training
from hopsim._common.progress import Reporter


XI = patterns.orthogonal(0, 3, 6, 2.0)
SPINS = patterns.random_binary(5, 3, 12)
BINARY = hopsim.Network(SPINS, lagrangians.AbsoluteValue(), lagrangians.Polynomial(2))
B = hopsim.model_b(XI, 2.0)
BETA = attractors.Varied(B, "memory_lagrangian.beta")
FLOW = dynamics.Adiabatic()
SHORT: Any = {"duration": 1.0, "samples": 2, "save": (), "audit": False}


@pytest.fixture(scope="module")
def found():
    return hopsim.find_attractors(B, FLOW, XI[:2])


def flows(found, **more):
    hopsim.simulate(B, FLOW, XI[:2], **SHORT, **more)


def groups(found, **more):
    execution = hopsim.Execution(**more)
    hopsim.simulate(B, FLOW, XI[:2], **SHORT, execution=execution)


def heated(found, **more):
    bath = dynamics.Glauber(1.0)
    hopsim.simulate(BINARY, bath, SPINS, duration=3, **more)


def relaxed(found, **more):
    hopsim.relax(BINARY, dynamics.Binary(), SPINS, **more)


def sampled(found, **more):
    hopsim.sample(BINARY, dynamics.Glauber(1.0), SPINS, sweeps=4, **more)


def searched(found, **more):
    hopsim.find_attractors(B, FLOW, XI[:2], **more)


def labelled(found, **more):
    attractors.label_basins(found, XI[:2], **more)


def radii(found, **more):
    attractors.basin_radii(found, XI[:2], rounds=2, trials=2, **more)


def shares(found, **more):
    attractors.basin_shares(found, 1.0, probes=2, **more)


def saddles(found, **more):
    attractors.find_saddles(found, **more)


def followed(found, **more):
    attractors.follow(BETA, XI[0], 2.0, 2.1, max_points=50, step=0.2, **more)


def stepped(found, **more):
    attractors.hysteresis(BETA, XI[0], np.array([2.0, 2.1]), FLOW, duration=1.0, **more)


def learnt(found, **more):
    start = patterns.gaussian(4, 3, 14)
    net = hopsim.Network(
        start, lagrangians.AbsoluteValue(), lagrangians.RectifiedPolynomial(2)
    )
    examples = training.Examples(SPINS, np.array([0, 1, 0]))
    rule = hopsim.KrotovHopfieldRule(0.01)
    hopsim.train(net, examples, rule, epochs=3, temperature=9.0, **more)


# what runs -> what is counted, and the last number of all
COUNTED = {
    flows: ("probes", 2),
    groups: ("probes", 2),
    heated: ("sweeps", 3),
    relaxed: ("starts", 3),
    sampled: ("sweeps", 4),
    searched: ("states", 5),  # two probes, and the memories
    labelled: ("states", 2),
    radii: ("states", 10),  # the centres, and two of each in two rounds
    shares: ("states", 2),
    saddles: ("starts", 6),  # two on each of three edges
    followed: ("points", None),
    stepped: ("flows", 4),
    learnt: ("epochs", 3),
}


QUICKLY = (relaxed, sampled, followed, labelled)  # the others compile programs


@pytest.mark.parametrize(
    "run",
    [pytest.param(r, marks=[] if r in QUICKLY else pytest.mark.slow) for r in COUNTED],
    ids=lambda run: run.__name__,
)
def test_the_bar_counts_what_a_function_is_told(run, found, monkeypatch):
    what, most = COUNTED[run]
    told: list[Any] = []
    run(found, progress=lambda *numbers: told.append(numbers))
    done = [number for number, _ in told]
    assert done == sorted(done)
    whole = {total for _, total in told}
    if most is None:  # a limit, which the bar does not show
        assert whole == {50}
        assert 2 <= done[-1] < 50
    else:
        assert whole == {most}
        assert done[-1] == most
    shown: list[Any] = []
    report = lambda self, *numbers: shown.append(numbers)
    monkeypatch.setattr(Reporter, "report", report)
    run(found, progress=True)
    assert shown[0][:2] == (what, 0)
    assert [number for _, number, _ in shown[1:]] == done
    assert {name for name, *_ in shown} == {what}
    assert {total for *_, total in shown[1:]} == {most}
    shown.clear()
    run(found, progress=False)
    assert shown == []


@pytest.mark.usefixtures("any_types")
@pytest.mark.parametrize("run", COUNTED, ids=lambda run: run.__name__)
def test_what_is_no_progress_is_refused(run, found):
    with pytest.raises(ValueError, match="progress must be True, None or a function"):
        run(found, progress="bar")
