"""Small networks as functions of their arrays, and slopes of such functions."""

import itertools

import jax.numpy as jnp
import numpy as np

from hopsim import model_a, model_b, model_c
from hopsim.dynamics import Adiabatic, Pulse, TwoLayer


N, K = 7, 4
RNG = np.random.default_rng(0)
XI = np.sign(RNG.standard_normal((K, N)))
V0 = 0.9 * XI[0] + 0.3 * RNG.standard_normal(N)
CLAMPED = np.arange(N) < 2
WEIGHTS = RNG.standard_normal(N)

NETWORKS = {
    "a": lambda p: model_a(p["xi"], beta=p["beta"], current=p["current"]),
    "a, autapse": lambda p: model_a(p["xi"], beta=p["beta"], autapse=p["tau"]),
    "b": lambda p: model_b(p["xi"], p["beta"], current=p["current"]),
    "c": lambda p: model_c(p["xi"], current=p["current"]),
}
FLOWS = {
    "two layers": lambda p: TwoLayer(p["tau"]),
    "driven": lambda p: TwoLayer(p["tau"], drive=Pulse(p["current"], 0.5)),
    "decay": lambda p: TwoLayer(p["tau"], decay=p["beta"]),
    "alternating": lambda p: TwoLayer(p["tau"]),  # by AltIMEX
    "one layer": lambda p: Adiabatic(),
    "one layer with a mass": lambda p: Adiabatic(tau_memory=p["tau"]),
}
PARAMETERS = {
    "xi": jnp.asarray(XI),
    "beta": jnp.asarray(0.5),
    "current": jnp.asarray(0.1 * RNG.standard_normal(N)),
    "tau": jnp.asarray(0.3),
    "v0": jnp.asarray(V0),
}


def network_and_flow(model="b", motion="two layers", p=PARAMETERS):
    return NETWORKS[model](p), FLOWS[motion](p)


def directions(seed=1):
    rng = np.random.default_rng(seed)
    return {k: jnp.asarray(rng.standard_normal(x.shape)) for k, x in PARAMETERS.items()}


def difference(function, direction, step=2e-3, point=PARAMETERS):
    """Of sixth order: central differences of three steps, by Richardson."""
    at = lambda h: function({k: x + h * direction[k] for k, x in point.items()})
    central = [(at(h) - at(-h)) / (2 * h) for h in (step, step / 2, step / 4)]
    finer = [(4 * b - a) / 3 for a, b in itertools.pairwise(central)]
    return (16 * finer[1] - finer[0]) / 15
