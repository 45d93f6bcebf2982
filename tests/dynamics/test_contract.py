"""The contract of dynamics: a motion of one's own is run and searched as others are."""

from typing import ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

import hopsim
from hopsim import lagrangians as L, model_b, patterns
from hopsim.dynamics import (
    AbstractFlow,
    AbstractSpinDynamics,
    Adiabatic,
    Binary,
    Execution,
    Glauber,
    Output,
    Tolerances,
    TwoLayer,
)
from hopsim.dynamics._base import expected
from hopsim.dynamics.spins._starts import check_spin_dynamics
from hopsim.dynamics.spins.trajectories import SpinRun
from hopsim.network import Network
from hopsim.trajectory import Ending, Promise


N, K = 16, 3
XI = patterns.random_binary(0, K, N)


class Hasty(AbstractFlow):
    r"""$\dot v = r\,[\nabla\Phi(g(v)) - v]$: the adiabatic flow on a faster clock.

    Not registered; what it must do is known from `Adiabatic` at the time r t.
    """

    rate: float = eqx.field(static=True, default=2.0)
    decay: ClassVar[float] = 1.0
    drive: ClassVar[None] = None

    @property
    def clocks(self):
        return {"tau_feature": jnp.ones(())}

    def start(self, network, v, h):
        return (v,)

    def forces(self, network, x, free, recalled=None):
        return Adiabatic().forces(network, x, free, recalled)

    def forces_of(self, network, rates):
        return (rates[0] / self.rate,)

    def field(self, network, x, free):
        return (self.rate * self.forces(network, x, free)[0],)

    def unrest(self, network, x, forces):
        return Adiabatic().unrest(network, x, forces)

    def energy_and_scale(self, network, x):
        return Adiabatic().energy_and_scale(network, x)

    def dissipation(self, network, x, dx):
        on_v = network.feature_lagrangian.curvature(x[0], dx[0])
        return jnp.vdot(dx[0], on_v) / self.rate

    def recalled(self, network, x):
        return Adiabatic().recalled(network, x)

    def alternate(self, network, dt, x, free, recalled):
        return Adiabatic().alternate(network, self.rate * dt, x, free, recalled)

    def memory(self, network, x):
        return Adiabatic().memory(network, x)

    def gap(self, network, x):
        return jnp.zeros((), network.dtype)

    def stiffness(self, gain):
        return self.rate * (1 + gain)

    def rest_eigenvalues(self, network, gains):
        return None  # by autodiff


class Greedy(AbstractSpinDynamics):
    """In each sweep the one spin that lowers the energy most is turned, in NumPy."""

    order: ClassVar[str] = "greedy"

    def promise(self, network, method, clamped) -> Promise:
        return Promise("binary", "only a flip that lowers the energy is made")

    def evolve(self, network, starts, sweeps, request, watch) -> SpinRun:
        spins, count = np.array(starts), len(starts)
        energy = jax.vmap(network.binary_energy)
        flips, ended = np.zeros(count, int), np.full(count, sweeps)
        ending = np.full(count, int(Ending.UNSETTLED))
        watch(0, spins)
        for sweep in range(1, sweeps + 1):
            for k in np.flatnonzero(ending == Ending.UNSETTLED):
                turned = np.where(np.eye(N, dtype=bool), -spins[k], spins[k])
                gain = np.asarray(energy(turned)) - float(energy(spins[k][None])[0])
                if np.min(gain) < -1e-9:
                    spins[k] = turned[np.argmin(gain)]
                    flips[k] += 1
                else:
                    ending[k], ended[k] = Ending.STEADY, sweep
            watch(sweep, spins)
        return SpinRun(spins, flips, ended, ending, np.zeros(count))


def cues(flipped: int) -> np.ndarray:
    """The memories with some of their first spins reversed."""
    v = np.array(XI, float)
    v[:, :flipped] *= -1
    return v


@pytest.mark.slow
def test_a_flow_of_ones_own_is_run_audited_and_searched():
    network = model_b(XI, beta=1.0)
    fast = hopsim.simulate(network, Hasty(), cues(1), duration=50.0, samples=2)
    assert np.all(fast.converged)
    assert np.all(hopsim.certify(network, fast).holds)
    found = hopsim.find_attractors(
        network, Hasty(), cues(1), duration=50.0, eigenvalues=True
    )
    known = hopsim.find_attractors(
        network, Adiabatic(), cues(1), duration=100.0, eigenvalues=True
    )
    assert found.number == known.number
    # two searches, each polished to rounding, and a run to its tolerance of rest
    np.testing.assert_allclose(found.table["v"], known.table["v"], atol=1e-9)
    ends = np.asarray(known.table["v"])[known.labels]
    np.testing.assert_allclose(fast.final, ends, rtol=1e-5, atol=1e-5)
    by_two_routes = (found.table["eigenvalues"], 2 * known.table["eigenvalues"])
    np.testing.assert_allclose(*by_two_routes, rtol=1e-8, atol=1e-8)


def test_a_spin_rule_of_ones_own_is_run_certified_and_searched():
    network = Network(XI, L.AbsoluteValue(), L.Polynomial(3))
    run = hopsim.simulate(network, Greedy(), cues(2), duration=20.0)
    np.testing.assert_array_equal(run.final, XI)
    np.testing.assert_array_equal(run.steps, 2)
    assert run.solver == "greedy sweeps"
    assert np.all(run.converged)
    assert np.all(hopsim.certify(network, run).holds)
    found = hopsim.find_attractors(network, Greedy(), cues(2), duration=20.0)
    known = hopsim.find_attractors(network, Binary(), cues(2), duration=20.0)
    np.testing.assert_array_equal(found.table["v"], known.table["v"])
    with pytest.raises(ValueError, match="no rule at T = 0"):
        hopsim.relax(network, Greedy(), cues(2))
    with pytest.raises(ValueError, match="no temperature"):
        hopsim.sample(network, Greedy(), cues(2), sweeps=1)


def test_flows_are_refused_where_spins_are_swept():
    # asked of the check itself: the type hook of the tests would come before it
    check_spin_dynamics(Greedy(), "relax")
    for door in ("relax", "sample"):
        with pytest.raises(ValueError, match=f"{door} takes dynamics of spins"):
            check_spin_dynamics(TwoLayer(), door)


# --- arguments in groups --------------------------------------------------------------


@pytest.mark.slow
def test_groups_are_the_single_arguments():
    network, told = model_b(XI, beta=1.0), []
    single = hopsim.simulate(
        network, TwoLayer(0.3), cues(3), duration=3.0, rtol=1e-6, atol=1e-8,
        samples=7, save=("h",), chunk=2,
    )  # fmt: skip
    groups = hopsim.simulate(
        network,
        TwoLayer(0.3),
        cues(3),
        duration=3.0,
        tolerances=Tolerances(rtol=1e-6, atol=1e-8),
        output=Output(samples=7, save=("h",)),
        execution=Execution(chunk=2, progress=lambda *done: told.append(done)),
    )
    for name in ("times", "final", "energy", "h", "steps"):
        np.testing.assert_array_equal(getattr(single, name), getattr(groups, name))
    assert told
    assert told[-1] == (3, 3)


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"rtol": 1e-6, "tolerances": Tolerances()}, "rtol must be given in Tol"),
        ({"samples": 5, "output": Output()}, "samples must be given in Output"),
        ({"chunk": 8, "execution": Execution()}, "chunk must be given in Execution"),
        ({"rtol": np.full(2, 1e-6), "tolerances": Tolerances()}, "rtol must be given"),
        ({"output": Tolerances()}, r"output must be a hopsim.Output, got 'Tolerances"),
        ({"execution": {"chunk": 8}}, "write hopsim.Execution"),
        ({"output": Output(samples=1)}, "samples must be a whole number >= 2"),
        ({"tolerances": Tolerances(rtol=-1.0)}, "rtol must be a finite number"),
    ],
)
def test_a_group_and_its_argument_exclude_each_other(given, says, any_types):
    with pytest.raises(ValueError, match=says):
        hopsim.simulate(model_b(XI), TwoLayer(), cues(1), duration=1.0, **given)


# --- what no dynamics takes -----------------------------------------------------------


@pytest.mark.parametrize("door", ["simulate", "find_attractors", "relax", "sample"])
@pytest.mark.parametrize(
    ("dynamics", "says"),
    [
        ("two_layer", r"got its name; write TwoLayer\(...\)"),
        ("walk", "got 'walk'"),
        (Binary, r"got the class; write Binary\(...\)"),
        (None, "dynamics must be an instance of hopsim.dynamics .*sharp.*, got 'None'"),
        (XI, "dynamics must be an instance"),
    ],
)
def test_what_is_no_dynamics_is_refused(door, dynamics, says, any_types):
    duration = {"relax": {}, "sample": {"sweeps": 2}}.get(door, {"duration": 2.0})
    with pytest.raises(ValueError, match=says):
        getattr(hopsim, door)(model_b(XI), dynamics, cues(1), **duration)


@pytest.mark.parametrize("door", ["simulate", "find_attractors", "relax", "sample"])
def test_what_is_no_network_is_refused(door, any_types):
    duration = {"relax": {}, "sample": {"sweeps": 2}}.get(door, {"duration": 2.0})
    with pytest.raises(ValueError, match=r"network must be a hopsim\.Network"):
        getattr(hopsim, door)(XI, Binary(), cues(1), **duration)


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"duration": "5"}, "duration must be a finite number > 0, got '5'"),
        ({"duration": None}, "duration must be a finite number > 0, got None"),
        ({"duration": True}, "duration must be a finite number > 0"),
        ({"duration": np.ones(3)}, r"got an array of shape \(3,\)"),
        ({"samples": 2.5}, "samples must be a whole number >= 2"),
        ({"chunk": 2.5}, "chunk must be a whole number >= 1, got 2.5"),
        ({"max_steps": 0}, "max_steps must be a whole number >= 1, got 0"),
        ({"devices": []}, "devices must be one device or more, got none"),
        ({"save": ["v", "u"]}, "save must be made of"),
        ({"until": "end"}, "until must be"),
    ],
)
@pytest.mark.parametrize("dynamics", [TwoLayer(), Binary(), Glauber(1.0)])
def test_bad_arguments_are_refused_whatever_the_dynamics(
    given, says, dynamics, any_types
):
    with pytest.raises(ValueError, match=says):
        hopsim.simulate(model_b(XI), dynamics, cues(1), **{"duration": 2.0} | given)


def test_what_spins_do_not_take_is_refused():
    network = Network(XI, L.AbsoluteValue(), L.Polynomial(3))
    inputs = np.zeros((K, K))
    with pytest.raises(ValueError, match=r"memory_start.*an array of shape \(3, 3\)"):
        hopsim.simulate(network, Binary(), XI, duration=2.0, memory_start=inputs)
    with pytest.raises(ValueError, match="chunk must be left out for a heat bath"):
        hopsim.simulate(network, Glauber(1.0), XI, duration=2.0, chunk=8)


def test_spins_without_an_audit_have_the_same_energies_and_no_certificate():
    network = Network(XI, L.AbsoluteValue(), L.Polynomial(3))
    for dynamics in (Binary(), Glauber(2.0)):
        audited, bare = (
            hopsim.simulate(
                network, dynamics, cues(3), duration=7.0, samples=15, audit=audit
            )
            for audit in (True, False)
        )
        for name in ("energy", "dissipation", "final", "v", "ending"):
            np.testing.assert_array_equal(getattr(audited, name), getattr(bare, name))
        for name in ("worst_rise", "worst_excess", "rise_limit"):
            assert np.all(np.isnan(getattr(bare, name)))
        with pytest.raises(ValueError, match="nothing to certify"):
            hopsim.certify(network, bare)


def test_a_study_names_the_class_where_no_kind_is_registered():
    with pytest.raises(ValueError, match='"study" needs dynamics kind the class Hasty'):
        expected(TwoLayer(), Hasty, "study")


def test_only_what_can_rest_rests_exactly():
    assert Binary().rests_exactly
    assert not Glauber(1.0).rests_exactly


def test_eigenvalues_of_the_contract_are_those_of_its_jacobian():
    """The closed form of each flow, beside autodiff of its field."""
    network = model_b(patterns.gaussian(1, 4, 6), beta=0.5)
    v = np.zeros(6)
    for motion in (TwoLayer(0.3), Adiabatic(), Adiabatic(tau_memory=0.3)):
        mass, force = eqx.filter_jit(motion.rest_jacobian)(network, jnp.asarray(v))
        seen = np.sort(np.real(np.linalg.eigvals(np.linalg.solve(mass, force))))
        gains = loop_gains_at(network, v)
        closed = motion.rest_eigenvalues(network, gains[None])
        np.testing.assert_allclose(np.sort(closed[0]), seen, atol=1e-10)


def loop_gains_at(network, v) -> np.ndarray:
    """All s_k^2 at a state, the largest first, by the dense Hessians."""
    g, h = network.feature_lagrangian, network.memory_lagrangian
    at = network.memory_input(g.activation(v))
    curve_v = jax.jacfwd(g.activation)(jnp.asarray(v))
    curve_h = jax.jacfwd(h.activation)(at)
    both = network.memories.T @ curve_h @ network.memories @ curve_v
    return np.sort(np.real(np.linalg.eigvals(np.asarray(both))))[::-1]
