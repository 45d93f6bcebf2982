"""Random networks whose energy must fall, none called broken; sabotaged ones, all."""

import collections
import itertools

import equinox as eqx
import jax.numpy as jnp
import numpy as np
import pytest

import hopsim
from hopsim import lagrangians as L, Network
from hopsim.dynamics import TwoLayer
from hopsim.lagrangians import AbstractLagrangian
from hopsim.trajectory import Ending


N, K = 12, 7
DURATION = 20.0
NETWORKS = 8  # for each pair of Lagrangians, with two probes each
UNJUDGED = (Ending.MAX_STEPS, Ending.NONFINITE, Ending.STEP_UNDERFLOW)

between = lambda r, low, high: 10 ** r.uniform(low, high)  # on a logarithmic scale
sharp = lambda r: between(r, -1, 1.5)

BOUNDED = {  # activations of features under which every memory layer is bounded
    "log_cosh": lambda r: L.LogCosh(sharp(r)),
    "norm": lambda r: L.Norm(sharp(r), 0.01),
    "norm_cusp": lambda r: L.Norm(sharp(r), 0.0),
    "absolute_value": lambda r: L.AbsoluteValue(),
    "rescaled": lambda r: L.Rescaled(L.LogCosh(sharp(r)), outside=between(r, -1, 1)),
}
UNBOUNDED = {
    "quadratic": lambda r: L.Quadratic(),
    "rectified_2": lambda r: L.RectifiedPolynomial(2),
}
GROWING = {
    "quadratic": lambda r: L.Quadratic(),
    "polynomial_2": lambda r: L.Polynomial(2),
    "polynomial_4": lambda r: L.Polynomial(4),
    "rectified_2": lambda r: L.RectifiedPolynomial(2),
    "rectified_3": lambda r: L.RectifiedPolynomial(3),
    "leaky_2": lambda r: L.LeakyRectifiedPolynomial(2, -0.3),
    "rescaled": lambda r: L.Rescaled(L.RectifiedPolynomial(2), between(r, -1, 1), 0.5),
}
SATURATING = {
    "log_cosh": lambda r: L.LogCosh(sharp(r)),
    "norm_cusp": lambda r: L.Norm(sharp(r), 0.0),
    "log_sum_exp": lambda r: L.LogSumExp(sharp(r)),
    "absolute_value": lambda r: L.AbsoluteValue(),
}
PAIRS = [
    *itertools.product(BOUNDED, GROWING | SATURATING),
    *itertools.product(UNBOUNDED, SATURATING),
]
FEATURE, MEMORY = BOUNDED | UNBOUNDED, GROWING | SATURATING


def drawn(place: int, number: int) -> tuple[Network, dict]:
    """A network of a pair, and how it is run."""
    feature, memory = PAIRS[place]
    r = np.random.default_rng([20, place, number])
    precision = [np.float64, np.float32][place % 2]  # one for each pair: fewer programs
    as_drawn = lambda scale, *shape: (scale * r.normal(size=shape)).astype(precision)
    network = Network(
        as_drawn(between(r, -3, 3), K, N),
        FEATURE[feature](r),
        MEMORY[memory](r),
        as_drawn(between(r, -2, 1), N),
        as_drawn(between(r, -2, 1), K),
    )
    degree, additive = network.feature_lagrangian.degree, network.feature_lagrangian
    decay = r.uniform(0, 2) if degree == 1 and number % 2 else 1.0
    clamped = np.arange(N) < 3 if additive.additive and number % 3 == 0 else None
    how = {
        "dynamics": TwoLayer(between(r, -4, 4), decay=decay),
        "probes": between(r, -1, 1) * r.normal(size=(2, N)),
        "clamped": clamped,
    }
    return network, how


def flown(network: Network, how: dict) -> hopsim.Trajectory:
    return hopsim.simulate(network, duration=DURATION, samples=11, **how)


@pytest.fixture(scope="module")
def seen():
    """What became of all probes of this process."""
    return collections.Counter()


@pytest.mark.slow
@pytest.mark.parametrize("place", range(len(PAIRS)), ids=map("-".join, PAIRS))
def test_no_promised_network_is_called_broken(place, seen):
    told = []
    for number in range(NETWORKS):
        network, how = drawn(place, number)
        run = flown(network, how)
        certificate = hopsim.certify(network, run, resolve=True)
        assert certificate.promised
        for probe, word in enumerate(certificate.words):
            unjudged = run.ending[probe] in UNJUDGED
            seen["unjudged" if unjudged else word] += 1
            if word == "broken" and not unjudged:
                told.append((number, probe, run.solver, str(certificate)))
    print(dict(seen))
    assert not told


class Sabotaged(AbstractLagrangian):
    """A Lagrangian with an activation or a curvature that is not its own."""

    inner: AbstractLagrangian
    gain: float = 1.0  # of the activation
    share: float = 1.0  # of the curvature
    convex: bool = eqx.field(static=True, default=True)
    additive: bool = eqx.field(static=True, default=True)
    smooth: bool = eqx.field(static=True, default=True)
    degree: int | None = eqx.field(static=True, default=None)

    def __call__(self, x):
        return self.inner(x)

    def activation(self, x):
        return self.gain * self.inner.activation(x)

    def bracket(self, x):
        return self.inner.bracket(x)

    def curvature(self, x, dx):
        return self.share * self.inner.curvature(x, dx)


class Lopsided(Network):
    """A network whose memory neurons hear other memories than they recall."""

    def memory_input(self, g):
        rolled = jnp.roll(self.memories, 1, axis=1)
        return (self.memories + 0.2 * rolled) @ g + self.hidden_current


SABOTAGES = ["activation", "curvature", "coupling"]


@pytest.mark.slow
@pytest.mark.parametrize("memory", ["log_sum_exp", "rectified_2"])
@pytest.mark.parametrize("sabotage", SABOTAGES)
def test_every_sabotaged_network_is_called_broken(sabotage, memory):
    told, called = [], 0
    for number in range(17):
        r = np.random.default_rng([21, SABOTAGES.index(sabotage), number])
        xi = between(r, -0.5, 1) * r.normal(size=(K, N))
        layer = L.LogCosh(between(r, -0.5, 1))
        gain = 1.1 if sabotage == "activation" else 1.0
        share = 0.9 if sabotage == "curvature" else 1.0
        feature = Sabotaged(layer, gain, share)
        kind = Lopsided if sabotage == "coupling" else Network
        network = kind(xi, feature, MEMORY[memory](r))
        how = {"dynamics": TwoLayer(between(r, -2, 2)), "probes": r.normal(size=(2, N))}
        run = flown(network, how)
        certificate = hopsim.certify(network, run, resolve=True)
        called += certificate.words.count("broken")
        # a probe that hardly moves may show nothing of it; the other one must
        if "broken" not in certificate.words:
            told.append((number, run.solver, run.sentences(), str(certificate)))
    assert not told
    assert called >= 33  # of 34 probes
