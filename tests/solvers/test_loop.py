"""Our loop takes the steps of Diffrax's: `diffeqsolve` on the same problems."""

import dataclasses
from collections.abc import Callable
from typing import Any

import cases
import diffrax as dfx
import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from hopsim import lagrangians as L, Network, simulation
from hopsim.dynamics import Adiabatic, Batch, Output, Pulse, Request, TwoLayer
from hopsim.solvers import Integrator, Lane
from hopsim.trajectory import Ending


V, H = cases.states(61, 8)
SMOOTH = cases.SMOOTH["b_currents"]
# activations that turn within a step that the error of the state allows
SHARP = Network(np.sign(V[:3]) * 30, L.LogCosh(50.0), L.LogSumExp(2.0))
# infinity is reached in finite time [THEORY 1.5]
GROWING = Network(V[:3], L.Quadratic(), L.Polynomial(4))


def with_diffeqsolve(
    self: Integrator,
    problem_of: Callable[[Any], Any],
    start: Callable[[Any], Any],
    collect: Callable[[Any, Lane], Any],
    rows: Any,
    asked: Any,
    lanes: int,
    *going_on: None,
) -> tuple[Any, Any]:
    """The same ends and samples, from Diffrax's loop."""
    field = dfx.ODETerm(lambda t, y, problem: problem.vector_field(t, y))
    ended, first = self.ended, self.first
    adaptive = not isinstance(self.controller, dfx.ConstantStepSize)

    def one(row: Any) -> Any:
        problem, y0 = problem_of(row), start(row)
        solution = dfx.diffeqsolve(
            field,
            self.solver,
            jnp.zeros_like(self.times[-1]),
            self.times[-1],
            None if adaptive else first,
            y0,
            problem,
            saveat=dfx.SaveAt(
                subs=[dfx.SubSaveAt(ts=self.times), dfx.SubSaveAt(t1=True)],
                solver_state=True,
                controller_state=True,
            ),
            stepsize_controller=self.controller,
            event=ended and dfx.Event(lambda t, y, args, go=ended, **_: go(y)),
            adjoint=dfx.ForwardMode(),
            max_steps=self.max_steps,
            throw=False,
        )
        assert solution.ys is not None
        assert solution.ts is not None
        between, last = solution.ys
        seen = jax.vmap(lambda t, y: self.observe(problem, t, y))(self.times, between)
        lane = Lane(
            t=solution.ts[1][0],
            next=solution.ts[1][0],
            y=jax.tree.map(lambda y: y[0], last),
            solver=solution.solver_state,
            controller=solution.controller_state,
            result=solution.result,
            accepted=solution.stats["num_accepted_steps"],
            rejected=solution.stats["num_rejected_steps"],
            taken=jnp.sum(jnp.isfinite(solution.ts[0])),
            samples=seen,
        )
        return collect(row, lane)

    return jax.vmap(one)(rows), asked


def solutions(monkeypatch, network, dynamics, **asked):
    """What both loops say of the same runs."""
    given = {"duration": 3.0, "samples": 7, "until": "duration", "save": ("v", "h")}
    given |= {"solver": "tsit5", "audit": True, "max_steps": 2000, "h": H} | asked
    h, kept = given.pop("h"), ("samples", "save", "audit", "step_log")
    output = Output(**{k: given.pop(k) for k in kept if k in given})
    plan, _ = simulation._plan(network, dynamics, V, Request(output=output, **given))
    batch = Batch(V, h)
    ours = eqx.filter_jit(lambda plan: dynamics.solve(network, batch, plan))(plan)
    monkeypatch.setattr(Integrator, "run", with_diffeqsolve)
    theirs = eqx.filter_jit(lambda plan: dynamics.solve(network, batch, plan))(plan)
    return ours, theirs


slow = pytest.mark.slow
RUNS = {
    "audited": (SMOOTH, TwoLayer(0.3), {}),
    "at rest": (SMOOTH, TwoLayer(0.3), {"until": "steady", "duration": 60.0}),
    "bare": (SMOOTH, TwoLayer(0.3), {"audit": False}),
    "adiabatic": (SMOOTH, Adiabatic(), {"h": None}),
    "driven": (SMOOTH, TwoLayer(0.3, drive=Pulse(1.0, 0.5, 1.0)), {}),
    "dopri8": (SMOOTH, TwoLayer(0.3), {"solver": "dopri8"}),
    "bosh3": (SMOOTH, TwoLayer(0.3), {"solver": dfx.Bosh3()}),
    "kvaerno3": (SMOOTH, TwoLayer(1e-3), {"solver": "kvaerno3"}),
    "altimex": (SMOOTH, TwoLayer(0.3), {"solver": "altimex", "step": 0.1}),
    "fixed step": (SMOOTH, TwoLayer(0.3), {"step": 0.07}),
    "too many steps": (SMOOTH, TwoLayer(0.3), {"max_steps": 9}),
    "logged": (SMOOTH, TwoLayer(0.3), {"step_log": 2}),
    "sharp": (SHARP, TwoLayer(0.3), {"h": None}),
    "blows up in fixed steps": (GROWING, TwoLayer(1.0), {"h": None, "step": 0.01}),
}


@pytest.fixture
def both(monkeypatch, run):
    network, dynamics, asked = RUNS[run]
    return solutions(monkeypatch, network, dynamics, **asked)


@pytest.mark.parametrize(
    "run",
    [pytest.param(name, marks=() if name == "audited" else slow) for name in RUNS],
)
def test_steps_ends_and_samples_are_those_of_diffeqsolve(both, run):
    """Every decision is equal; numbers are so to the roundings of XLA's other fusions.

    A step's length is a power of an error estimate, a difference in which roundings
    are large: seen up to 7e-9, far below the rtol of 1e-7.
    """
    ours, theirs = both[0], both[1]._replace(passes=None)
    size = 1e-6 if run == "sharp" else 2e-8  # there a turn is passed within a rounding
    for name in ("steps", "rejected", "ending", "undivided"):
        np.testing.assert_array_equal(getattr(ours, name), getattr(theirs, name), name)
    for name, a in ours._replace(passes=None)._asdict().items():
        b = getattr(theirs, name)
        assert (a is None) == (b is None), name
        if a is not None:
            np.testing.assert_allclose(a, b, rtol=size, atol=size / 10, err_msg=name)
    expected = {
        "at rest": Ending.STEADY,
        "too many steps": Ending.MAX_STEPS,
        "blows up in fixed steps": Ending.NONFINITE,
    }
    assert set(np.asarray(ours.ending)) == {expected.get(run, Ending.DURATION)}


@slow
def test_blow_ups_end_where_those_of_diffeqsolve_end(monkeypatch):
    """Close to the pole all roundings grow, and the last few steps may differ."""
    ours, theirs = solutions(monkeypatch, GROWING, TwoLayer(1.0), h=None)
    assert set(np.asarray(ours.ending)) == {Ending.STEP_UNDERFLOW}
    np.testing.assert_array_equal(ours.ending, theirs.ending)
    np.testing.assert_allclose(ours.end_time, theirs.end_time, rtol=1e-7)
    np.testing.assert_allclose(ours.steps, theirs.steps, atol=5)


# --- lanes that are refilled ---

NUMBER, ASKED, LANES = 96, 83, 16
TAUS = 10 ** np.random.default_rng(5).uniform(-2, 0, NUMBER)


solve = eqx.filter_jit(TwoLayer(0.3).solve)


def refilled(lanes, asked):
    """Runs of very unequal cost, in lanes or all side by side."""
    given = Request(duration=4.0, output=Output(samples=4), max_steps=1000)
    plan, _ = simulation._plan(SMOOTH, TwoLayer(0.3), V, given)
    plan = dataclasses.replace(plan, lanes=lanes)
    v, h = cases.states(62, NUMBER)
    batch = Batch(v, h, {"dynamics.tau_memory": TAUS}, np.arange(NUMBER) < asked)
    return solve(SMOOTH, batch, plan)


@pytest.fixture(scope="module")
def alike():
    """In sixteen lanes, and each in one of its own."""
    return refilled(LANES, ASKED), refilled(None, NUMBER)


@slow  # by default, `test_batches` has refilled lanes
def test_a_run_is_the_same_in_a_lane_that_others_had(alike):
    lanes, own = (jax.tree.map(lambda x: x[:ASKED], x) for x in alike)
    for name in ("steps", "rejected", "ending"):
        np.testing.assert_array_equal(getattr(lanes, name), getattr(own, name), name)
    for name in ("energy", "final", "end_time", "ledger_residual"):
        a, b = getattr(lanes, name), getattr(own, name)
        np.testing.assert_allclose(a, b, rtol=2e-8, atol=2e-9, err_msg=name)


@slow
def test_lanes_do_not_wait_for_the_slowest_run_of_a_chunk(alike):
    lanes, own = alike
    attempts = np.asarray(own.steps) + np.asarray(own.rejected)
    assert own.passes[0] == attempts.max()
    attempts[ASKED:] = 0
    one_by_one = attempts.reshape(-1, LANES).max(axis=1).sum()
    passes = int(lanes.passes[0])  # rows that are not asked for take none
    assert attempts.sum() / LANES <= passes < 0.8 * one_by_one


@slow
@pytest.mark.parametrize("asked", [1, 3, 17])
def test_fewer_runs_than_lanes_are_run_once(alike, asked):
    """The program of `alike`; what is begun for want of rows is not run."""
    few = refilled(LANES, asked)
    for name in ("steps", "final", "energy"):
        a, b = getattr(few, name)[:asked], getattr(alike[0], name)[:asked]
        np.testing.assert_array_equal(a, b, name)
    attempts = np.asarray(few.steps) + np.asarray(few.rejected)
    assert few.passes[0] >= attempts[:asked].max()
    assert few.passes[0] <= attempts[:asked].sum()
