"""Unrolled Runge-Kutta stages: the stock solver's results, and no product too many."""

import functools as ft
import re
from typing import Any

import cases
import diffrax as dfx
import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

import hopsim
from hopsim import batches, simulation
from hopsim.dynamics import Adiabatic, Output, Request, TwoLayer
from hopsim.solvers import Unrolled


EPS = np.finfo(float).eps
V, H = cases.states(61, 8)
B = cases.SMOOTH["b_currents"]
TS = np.linspace(0.0, 2.0, 7)
slow = pytest.mark.slow


def erks(*fast):
    """The Runge-Kutta methods, of which some are tried each time."""
    every = [dfx.Tsit5(), dfx.Dopri5(), dfx.Dopri8(), dfx.Bosh3(), dfx.Heun()]
    marks = lambda erk: () if isinstance(erk, fast) else slow
    rows = [pytest.param(e, id=type(e).__name__, marks=marks(e)) for e in every]
    return pytest.mark.parametrize("erk", rows)


def pendulum(t, y, args):
    angle, speed = y["angle"], y["speed"]
    return {"angle": speed, "speed": -args * jnp.sin(angle) + 0.1 * jnp.cos(3 * t)}


@eqx.filter_jit
def solved(solver, ends, step, saveat, controller, event):
    """The ends are values, so that both directions of time share one program."""
    t0, t1 = ends
    y0 = {"angle": jnp.asarray([0.3, 2.0]), "speed": jnp.asarray([0.0, -1.0])}
    return dfx.diffeqsolve(
        dfx.ODETerm(pendulum),
        solver,
        t0,
        t1,
        step,
        y0,
        args=jnp.asarray(2.0),
        saveat=saveat,
        stepsize_controller=controller,
        event=event,
    )


def solve(solver, saveat=None, event=None):
    """With steps of adaptive size."""
    controller = dfx.PIDController(rtol=1e-5, atol=1e-6)
    saveat = saveat or dfx.SaveAt(ts=jnp.linspace(0.0, 2.0, 7))
    return solved(solver, jnp.asarray([0.0, 2.0]), None, saveat, controller, event)


@ft.cache
def fixed(erk, forward=True):
    """With steps of fixed size, stock and unrolled: at seven times, and everywhere."""
    ends = jnp.asarray([0.0, 2.0] if forward else [2.0, 0.0])
    step = 0.05 * jnp.sign(ends[1] - ends[0])
    saveat = dfx.SaveAt(ts=jnp.linspace(ends[0], ends[1], 7), dense=True)
    run = lambda s: solved(s, ends, step, saveat, dfx.ConstantStepSize(), None)
    return run(erk), run(Unrolled(erk))


def close(a, b, units):
    """Equal to so many roundings of numbers of order one."""
    assert jax.tree.structure(a) == jax.tree.structure(b)
    for x, y in zip(jax.tree.leaves(a), jax.tree.leaves(b), strict=True):
        np.testing.assert_allclose(x, y, rtol=0, atol=units * EPS)


@pytest.fixture
def both_ways(erk):
    """Forward and backward in time."""
    return fixed(erk), fixed(erk, forward=False)


@erks(dfx.Tsit5)
def test_unrolled_stages_agree_with_stock_ones_to_rounding(both_ways, erk):
    """Steps of fixed size: nothing amplifies; forty steps of some roundings each."""
    for stock, unrolled in both_ways:
        assert stock.stats["num_steps"] == unrolled.stats["num_steps"] == 40
        close(stock.ys, unrolled.ys, 2000)


@pytest.fixture
def adaptive(erk):
    """With stock stages and with unrolled ones."""
    return solve(erk), solve(Unrolled(erk))


@slow  # by default, `test_loop` compares adaptive steps
@erks(dfx.Tsit5)
def test_unrolled_stages_take_the_same_adaptive_steps(adaptive, erk):
    """The error estimate is the same: so is every decision of the controller."""
    stock, unrolled = adaptive
    assert {k: int(v) for k, v in stock.stats.items()} == {
        k: int(v) for k, v in unrolled.stats.items()
    }
    # step sizes are powers of error estimates that cancel: their roundings are larger
    close(stock.ys, unrolled.ys, 1e6)


@erks(dfx.Tsit5)
def test_dense_output_of_unrolled_stages_is_the_stock_one(erk):
    stock, unrolled = fixed(erk)
    times = jnp.asarray([0.0, 0.013, 0.77, 1.9999, 2.0])
    at = eqx.filter_jit(lambda solution: jax.vmap(solution.evaluate)(times))
    close(at(stock), at(unrolled), 2000)


@pytest.mark.slow
def test_events_end_unrolled_solves_where_they_end_stock_ones():
    event = dfx.Event(lambda t, y, args, **_: y["angle"][0] < 0)
    saveat = dfx.SaveAt(t1=True)
    stock, unrolled = (
        solve(s, saveat=saveat, event=event)
        for s in (dfx.Tsit5(), Unrolled(dfx.Tsit5()))
    )
    assert stock.ts is not None
    assert unrolled.ts is not None
    assert 0 < stock.ts[0] < 2
    np.testing.assert_allclose(unrolled.ts, stock.ts, rtol=1e-9)


@pytest.mark.slow
def test_jumps_are_met_with_a_new_first_stage():
    """After a jump of the field, last step's last stage is not this step's first."""
    jump = dfx.ClipStepSizeController(
        dfx.PIDController(rtol=1e-7, atol=1e-9), jump_ts=jnp.asarray([1.0])
    )
    field = lambda t, y, args: jnp.where(t < 1, -y, y)
    run = lambda solver: dfx.diffeqsolve(
        dfx.ODETerm(field),
        solver,
        0.0,
        2.0,
        None,
        jnp.ones(1),
        stepsize_controller=jump,
    )
    stock, unrolled = run(dfx.Tsit5()), run(Unrolled(dfx.Tsit5()))
    assert unrolled.stats["num_steps"] == stock.stats["num_steps"]
    assert stock.ys is not None
    assert unrolled.ys is not None
    np.testing.assert_allclose(unrolled.ys, stock.ys, rtol=1e-12)
    np.testing.assert_allclose(unrolled.ys[-1], 1.0, rtol=1e-6)  # e^-1 e^1


# --- in simulate --------------------------------------------------------------------


@pytest.fixture(scope="module", params=["tsit5", "dopri8"])
def paths(request):
    """With stock stages and with unrolled ones."""
    run = lambda solver: hopsim.simulate(
        B, TwoLayer(0.3), V, duration=6.0, samples=13, solver=solver, memory_start=H
    )
    return run(f"stock_{request.param}"), run(request.param)


@slow
def test_simulate_gives_the_same_path_with_stock_stages(paths):
    stock, unrolled = paths
    assert stock.solver == f"stock {unrolled.solver}"
    np.testing.assert_array_equal(stock.steps, unrolled.steps)
    # sizes of steps are powers of error estimates, which are differences: what is
    # rounding there is some 1e-9 of a state, far below rtol = 1e-7
    for field in ("v", "energy", "dissipation", "end_time"):
        a, b = getattr(stock, field), getattr(unrolled, field)
        np.testing.assert_allclose(a, b, rtol=1e-8, atol=1e-8, err_msg=field)


def test_a_diffrax_solver_is_taken_as_it_is():
    given = {"duration": 1.0, "samples": 2, "until": "duration", "audit": False}
    path = hopsim.simulate(B, TwoLayer(0.3), V, solver=dfx.Bosh3(), **given)
    assert path.solver == "stock Bosh3"


def products(network, dynamics, **options):
    """The matrix products of one step in the compiled program, as XLA left them."""
    given = {"duration": 4.0, "solver": "tsit5", "until": "duration"} | options
    audit = given.pop("audit", False)
    given["output"] = Output(samples=2, save=(), audit=audit)
    plan, _ = simulation._plan(network, dynamics, V, Request(max_steps=1000, **given))
    fixed = (network, dynamics, plan)
    solve: Any = batches._solve
    program = solve.lower(fixed, batches.Batch(V), None).compile()
    return len(re.findall(r" dot\(.*while/body", program.compiled.as_text()))


@pytest.fixture
def counted(dynamics, solver, asked):
    """The products of a step of a network with currents."""
    return products(cases.SMOOTH["a_rectified_3"], dynamics, solver=solver, **asked)


@pytest.mark.parametrize(
    "asked",
    [
        pytest.param({}, id="bare", marks=slow),
        pytest.param({"until": "steady"}, id="steady", marks=slow),
        pytest.param({"audit": True}, id="audit", marks=slow),
        pytest.param({"until": "steady", "audit": True}, id="both"),
    ],
)
@pytest.mark.parametrize(
    "dynamics", [TwoLayer(0.3), pytest.param(Adiabatic(), marks=slow)]
)
@pytest.mark.parametrize("solver", ["tsit5", "altimex"])
def test_the_steady_state_and_the_audit_cost_no_matrix_product(
    counted, dynamics, solver, asked
):
    """Residual and energy are asked for where the last stage has their products."""
    assert counted == {"tsit5": 12, "altimex": 2}[solver]  # two for each evaluation


@pytest.fixture(scope="module")
def stock():
    """The products of a step of stock stages, with and without a steady state."""
    count = lambda until: products(B, TwoLayer(0.3), solver="stock_tsit5", until=until)
    return {until: count(until) for until in ("steady", "duration")}


@pytest.mark.slow
def test_a_stock_solver_hides_its_last_stage(stock):
    """The counter sees what it should: stock stages do cost a further evaluation."""
    assert stock["steady"] > stock["duration"]
