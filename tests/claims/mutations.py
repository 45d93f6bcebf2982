"""Mutations: for every claim, something wrong under which it must be seen to fail."""

import dataclasses
from collections.abc import Callable
from typing import Any

import apart
import jax
import pytest
from places import ROOT


CLAIMS = ROOT / "scenarios" / "claims"
FILES = sorted(path.stem for path in CLAIMS.glob("*.toml"))


@dataclasses.dataclass(frozen=True)
class Mutation:
    """Something wrong, and the check (by words of its statement) that must see it."""

    claim: str  # the name of its file
    wrong: str
    seen_by: str
    overrides: dict[str, Any] = dataclasses.field(default_factory=dict)
    patch: Callable[[pytest.MonkeyPatch], None] | None = None

    def __str__(self) -> str:
        return f"{self.claim}: {self.wrong}"


# entries of the scenario that make a claim small enough for a test
SMALL: dict[str, dict[str, Any]] = {
    "cl-01": {"experiment.sets": 2},
    "cl-01-float32": {"experiment.sets": 2},
    "cl-02": {"experiment.sets": 2},
    "cl-03-retrieval": {"experiment.sets": 2},
    "cl-04": {"experiment.sets": 4},
    "cl-05": {"experiment.sets": 2},
    "cl-05-float32": {"experiment.sets": 2},
    "cl-06": {"experiment.sets": 2, "run.duration": 12.0, "run.samples": 1201},
    "cl-07-rest": {"experiment.sets": 2},
    "cl-07-rest-b": {"experiment.sets": 2},
    "cl-08": {"experiment.only": ["tanh, x^2, autapse"]},
    "cl-09": {"experiment.sets": 2},
    "cl-09-mass": {"experiment.sets": 2},
    "cl-10-length": {"experiment.sets": 2, "probes.count": 2},
    "cl-10-shift": {"experiment.sets": 2, "probes.count": 2},
    "cl-11": {"experiment.sets": 2},
    "cl-11-float32": {"experiment.sets": 2, "experiment.steps": 10},
    "cl-12": {"experiment.steps": 30},
    "cl-15-trajectories": {"experiment.sets": 2, "run.max_steps": 200},
    "cl-22": {"experiment.sets": 4, "probes.count": 4, "run.samples": 26},
    "cl-23": {"experiment.sets": 2},
    "cl-23-potts": {"experiment.sets": 1},
    "cl-24": {"experiment.sets": 1},
    "cl-25": {"experiment.sets": 2, "probes.count": 8},
    "cl-28": {"network.memories.features": 12},
    "cl-27": {"experiment.sets": 1, "probes.count": 3},
    "cl-26": {"experiment.sets": 1, "experiment.betas": [0.5, 20.0]},
    "cl-31": {"experiment.sets": 2, "experiment.tau_memory": [1e-2, 1e-3]},
    "cl-31-implicit": {"experiment.sets": 2, "experiment.tau_memory": [1.0, 0.1, 0.01]},
    "cl-32": {"experiment.sets": 2},
    "cl-32-contrastive": {"experiment.sets": 2},
    "cl-33": {"experiment.sets": 2},
    "dam-16": {"experiment.sets": 1, "training.epochs": 20},
    "dam-19": {"training.epochs": 10},
    "cl-33-sphere": {"experiment.sets": 2},
    "cl-33-tanh": {"experiment.sets": 2},
}


def judge(number: int) -> dict[str, bool | None]:
    """The statements of a claim and whether they held when one thing is wrong.

    None where that could not be judged. `number` is that of the mutation. To be called
    apart: what it changes is not changed back.
    """
    mutation = MUTATIONS[number]
    if mutation.patch is not None:
        apart.keep_nothing()
        mutation.patch(pytest.MonkeyPatch())
    return run_small(mutation.claim, mutation.overrides)


def run_small(claim: str, overrides: dict[str, Any]) -> dict[str, bool | None]:
    """The statements of a claim and whether they hold, in a quick and small run."""
    import hopsim

    small = SMALL.get(claim, {}) | overrides
    record = hopsim.run(hopsim.load_scenario(CLAIMS / f"{claim}.toml", True, small))
    found: dict[str, bool | None] = {}
    for verdict in record.verdicts:
        before = found.get(verdict.statement, True)
        known = verdict.value is not None and before is not None
        found[verdict.statement] = before and verdict.passed if known else None
    return found


# --- the patches ---------------------------------------------------------------------


def decay_with_the_wrong_sign(monkeypatch):
    from hopsim.dynamics import TwoLayer

    right = TwoLayer.forces

    def wrong(self, network, x, free, recalled=None):
        on_v, on_h = right(self, network, x, free, recalled)
        return on_v + 2 * self.decay * x[0], on_h

    monkeypatch.setattr(TwoLayer, "forces", wrong)


def dissipation_of_the_features_alone(monkeypatch):
    from hopsim.dynamics import TwoLayer

    right = TwoLayer.dissipation

    def wrong(self, network, x, dx):
        return right(self, network, x, (dx[0], 0 * dx[1]))

    monkeypatch.setattr(TwoLayer, "dissipation", wrong)


def memories_that_push_back(monkeypatch):
    from hopsim.network import Network

    right = Network.recalled
    monkeypatch.setattr(Network, "recalled", lambda self, f: right(self, 1.5 * f))


def time_constants_under_a_root(monkeypatch):
    from hopsim.dynamics import TwoLayer

    right = TwoLayer._taus

    def wrong(self, network):
        tau_feature, tau_memory = right(self, network)
        return tau_feature, tau_memory**0.5

    monkeypatch.setattr(TwoLayer, "_taus", wrong)


def no_mass(monkeypatch):
    from hopsim.dynamics import Adiabatic

    right = Adiabatic._drag

    def wrong(self, network, x, dv):
        dx, drag = right(self, network, x, dv)
        return dx, 0 * drag

    monkeypatch.setattr(Adiabatic, "_drag", wrong)


def curvature_of_another_power(monkeypatch):
    from hopsim.training import Tempered

    right = Tempered.curvature
    wrong = lambda self, x, dx: right(self, x, 1.001 * dx)
    monkeypatch.setattr(Tempered, "curvature", wrong)


def gaps_of_a_class_unit_half_lit(monkeypatch):
    from hopsim.training import Associative

    right = Associative._gaps

    def wrong(tempered, blocks, inputs, classes):
        return right(tempered, blocks, inputs, 0.999 * classes)

    monkeypatch.setattr(Associative, "_gaps", staticmethod(wrong))


def targets_of_another_class(monkeypatch):
    from hopsim.training import Associative

    right = Associative.step

    def wrong(self, memories, temperature, states, targets):
        shifted = targets[:, ::-1]
        return right(self, memories, temperature, states, shifted)

    monkeypatch.setattr(Associative, "step", wrong)


def interactions_of_ten_memories(monkeypatch):
    from hopsim.training import Tempered

    for name in ("_value", "_slope"):
        right = getattr(Tempered, name)
        wrong = lambda self, x, right=right: 10 * right(self, x)
        monkeypatch.setattr(Tempered, name, wrong)


def products_of_three_digits(monkeypatch):
    import jax.numpy as jnp

    from hopsim.training import energy_gaps

    right = energy_gaps._product
    rough = lambda x: jnp.asarray(x).astype(jnp.bfloat16).astype(x.dtype)
    monkeypatch.setattr(energy_gaps, "_product", lambda a, b: right(rough(a), b))


def adiabatic_decay_with_the_wrong_sign(monkeypatch):
    from hopsim.dynamics import Adiabatic

    right = Adiabatic.forces

    def wrong(self, network, x, free, recalled=None):
        (on_v,) = right(self, network, x, free, recalled)
        return (on_v + 2 * self.decay * x[0],)

    monkeypatch.setattr(Adiabatic, "forces", wrong)


def one_way_synapses(monkeypatch):
    import jax.numpy as jnp

    from hopsim.network import Network

    def wrong(self, f):  # the way back has its neurons in another order
        return f @ jnp.roll(jnp.asarray(self.memories), 1, axis=1)

    monkeypatch.setattr(Network, "recalled", wrong)


def work_with_the_wrong_sign(monkeypatch):
    from hopsim.dynamics.flows._base import Flow

    right = Flow.vector_field

    def wrong(self, t, y):
        rates = right(self, t, y)
        if rates.work is None:
            return rates
        return rates._replace(work=-rates.work)

    monkeypatch.setattr(Flow, "vector_field", wrong)


def a_drive_of_half_its_rate(monkeypatch):
    from hopsim.dynamics import Sinusoid

    right = Sinusoid.rate
    monkeypatch.setattr(Sinusoid, "rate", lambda self, t: 0.5 * right(self, t))


def a_drive_that_comes_late(monkeypatch):
    from hopsim.dynamics import Sinusoid

    right = Sinusoid.__call__
    monkeypatch.setattr(Sinusoid, "__call__", lambda self, t: right(self, t - 0.01))


def both_layers_from_old_values(monkeypatch):
    from hopsim.dynamics import TwoLayer

    right = TwoLayer.alternate

    def wrong(self, network, dt, x, free, recalled):
        (v1, _), lost = right(self, network, dt, x, free, recalled)
        b = dt / self.tau_memory
        g = network.feature_lagrangian.activation(x[0])
        return (v1, (x[1] + b * network.memory_input(g)) / (1 + b)), lost

    monkeypatch.setattr(TwoLayer, "alternate", wrong)


def features_that_overshoot(monkeypatch):
    from hopsim.dynamics import TwoLayer

    right = TwoLayer.alternate

    def wrong(self, network, dt, x, free, recalled):
        (v1, h1), lost = right(self, network, dt, x, free, recalled)
        return (x[0] + 1.8 * (v1 - x[0]), h1), lost

    monkeypatch.setattr(TwoLayer, "alternate", wrong)


def relaxation_with_implicit_decay(monkeypatch):
    from hopsim.validation.flows import relaxation_descent as relaxation

    right = relaxation.euler
    monkeypatch.setattr(
        relaxation,
        "euler",
        lambda network, dynamics, theta, x: right(
            network, dynamics, theta / (1 + theta), x
        ),
    )


def one_layer_after_the_other(monkeypatch):
    from hopsim.validation.flows import relaxation_descent as relaxation

    right = relaxation.euler

    def wrong(network, dynamics, theta, x):
        v1, _ = right(network, dynamics, theta, x)
        _, h1 = right(network, dynamics, theta, (v1, x[1]))
        return v1, h1

    monkeypatch.setattr(relaxation, "euler", wrong)


def softmax_that_sums_to_more(monkeypatch):
    from hopsim.lagrangians import LogSumExp

    right = LogSumExp.activation
    monkeypatch.setattr(LogSumExp, "activation", lambda self, x: 1.3 * right(self, x))


def log_sum_exp_of_twice_its_value(monkeypatch):
    from hopsim.lagrangians import LogSumExp

    right = LogSumExp.__call__
    monkeypatch.setattr(LogSumExp, "__call__", lambda self, x: 2 * right(self, x))


def bound_of_the_radius(monkeypatch):
    from hopsim.theory import potts

    right = potts.contraction
    monkeypatch.setattr(potts, "contraction", lambda x: 4 * right(x))


def means_weighed_by_the_largest_covariance(monkeypatch):
    from hopsim.theory import potts

    monkeypatch.setattr(potts, "mean_instability", potts.contraction)


def interactions_of_steeper_slope(monkeypatch):
    from hopsim.lagrangians import Rescaled

    right = Rescaled.activation
    monkeypatch.setattr(Rescaled, "activation", lambda self, x: 1.1 * right(self, x))


def graded_neurons_of_more_entropy(monkeypatch):
    from hopsim.lagrangians import LogCosh

    right = LogCosh.bracket
    monkeypatch.setattr(LogCosh, "bracket", lambda self, x: 1.1 * right(self, x))


ODD = {"kind": "polynomial", "n": 3}  # not convex: nothing is promised


def gap_without_the_hidden_current(monkeypatch):
    from hopsim.network import Network

    def wrong(self, v, h):
        g = self.feature_lagrangian.activation(v)
        a = self.memory_input(g) - self.hidden_current
        return self.memory_lagrangian.bregman(a, h)

    monkeypatch.setattr(Network, "adiabatic_gap", wrong)


def divergence_the_other_way_round(monkeypatch):
    from hopsim.lagrangians import LogSumExp

    right = LogSumExp.bregman
    monkeypatch.setattr(LogSumExp, "bregman", lambda self, a, b: right(self, b, a))


def entropy_at_the_wrong_temperature(monkeypatch):
    from hopsim.lagrangians import LogSumExp

    right = LogSumExp.bracket
    wrong = lambda self, x: self.beta * right(self, x)
    monkeypatch.setattr(LogSumExp, "bracket", wrong)


def entropy_that_sees_the_mean(monkeypatch):
    from hopsim.lagrangians import LogSumExp

    wrong = lambda self, x: self.activation(x) @ x  # without its log-sum-exp
    monkeypatch.setattr(LogSumExp, "bracket", wrong)


def norm_with_a_bracket(monkeypatch):
    from hopsim.lagrangians import Norm

    monkeypatch.setattr(Norm, "bracket", lambda self, x: self(x))


def energy_told_with_twice_the_bracket(monkeypatch):
    from hopsim.dynamics import TwoLayer

    wrong = lambda self, network, x: network.energy_and_scale(*x, 2.0)
    monkeypatch.setattr(TwoLayer, "energy_and_scale", wrong)


def synapses_to_the_next_memory(monkeypatch):
    """What memory neuron mu is told by its own memory, it tells the next one."""
    import jax.numpy as jnp

    from hopsim.network import Network

    right = Network.recalled
    wrong = lambda self, f: right(self, jnp.roll(f, 1))
    monkeypatch.setattr(Network, "recalled", wrong)


def memory_neurons_that_leak_twice(monkeypatch):
    from hopsim.dynamics import TwoLayer

    right = TwoLayer.forces

    def wrong(self, network, x, free, recalled=None):
        on_v, on_h = right(self, network, x, free, recalled)
        return on_v, on_h - x[1]

    monkeypatch.setattr(TwoLayer, "forces", wrong)


def stop_on_the_dissipation(monkeypatch):
    from hopsim.dynamics import TwoLayer

    def wrong(self, network, x, forces):
        taus = self._taus(network)
        rates = tuple(f / tau for f, tau in zip(forces, taus, strict=True))
        return self.dissipation(network, x, rates)

    monkeypatch.setattr(TwoLayer, "unrest", wrong)


def clocks_a_little_slow(monkeypatch):
    from hopsim.dynamics import TwoLayer

    right = TwoLayer._taus
    wrong = lambda self, network: tuple(1.001 * x for x in right(self, network))
    monkeypatch.setattr(TwoLayer, "_taus", wrong)


def adiabatic_decays_a_little_fast(monkeypatch):
    from hopsim.dynamics import Adiabatic

    right = Adiabatic.forces

    def wrong(self, network, x, free, recalled=None):
        return (right(self, network, x, free, recalled)[0] - 1e-4 * self.decay * x[0],)

    monkeypatch.setattr(Adiabatic, "forces", wrong)


def adiabatic_clocks_a_little_slow(monkeypatch):
    from hopsim.dynamics import Adiabatic

    right = Adiabatic._tau
    monkeypatch.setattr(Adiabatic, "_tau", lambda *args: 1.03 * right(*args))


def one_neuron_that_decays_faster(monkeypatch):
    from hopsim.dynamics import Adiabatic

    right = Adiabatic.forces

    def wrong(self, network, x, free, recalled=None):
        (force,) = right(self, network, x, free, recalled)
        return (force.at[0].add(-0.01 * self.decay * x[0][0]),)

    monkeypatch.setattr(Adiabatic, "forces", wrong)


def a_field_without_the_share_of_a_spin(monkeypatch):
    """Spins and their local field: the cavity field in its place, as in the notes."""
    from hopsim.dynamics import Binary
    from hopsim.experiments.capacity import freezing

    cavity = Binary(rule="cavity_field")
    wrong = lambda rule="energy_gap": cavity if rule == "local_field" else Binary()
    monkeypatch.setattr(freezing, "Binary", wrong)


def an_energy_gap_with_the_share_of_a_spin(monkeypatch):
    from hopsim.dynamics import Binary
    from hopsim.experiments.capacity import freezing

    monkeypatch.setattr(freezing, "Binary", lambda **_: Binary(rule="local_field"))


def _cavity_field(network, s, h):
    """The field of every neuron with its own share of `h` left out."""

    def one(xi, s_i):
        return xi @ network.memory_lagrangian.activation(h - xi * s_i)

    return jax.vmap(one, in_axes=(1, 0))(network.memories, s) + network.current


def fields_without_self_coupling(monkeypatch):
    from hopsim.dynamics import sharp
    from hopsim.network import Network

    wrong = lambda self, g: _cavity_field(self, g, self.memory_input(g))
    monkeypatch.setattr(Network, "local_field", wrong)
    wrong = lambda network, run: _cavity_field(network, run.s, run.h)
    monkeypatch.setattr(sharp, "_target", wrong)


def energy_gap_without_the_current(monkeypatch):
    from hopsim.network import Network

    right = Network.energy_gap
    wrong = lambda self, s: right(self, s) - 2 * self.current
    monkeypatch.setattr(Network, "energy_gap", wrong)


def attention_a_little_softer(monkeypatch):
    from hopsim.lagrangians import LogSumExp

    softer = lambda self, x: jax.nn.softmax(0.9 * self.beta * x)
    monkeypatch.setattr(LogSumExp, "activation", softer)


def memory_clocks_a_little_slow(monkeypatch):
    from hopsim.dynamics import TwoLayer

    right = TwoLayer._taus

    def wrong(self, network):
        tau_feature, tau_memory = right(self, network)
        return tau_feature, 1.001 * tau_memory

    monkeypatch.setattr(TwoLayer, "_taus", wrong)


def memory_clocks_ignored(monkeypatch):
    from hopsim.dynamics import TwoLayer

    right = TwoLayer._taus

    def wrong(self, network):
        tau_feature, tau_memory = right(self, network)
        return tau_feature, tau_memory / tau_memory

    monkeypatch.setattr(TwoLayer, "_taus", wrong)


def energy_with_the_memory_bracket_twice(monkeypatch):
    from hopsim.network import Network

    right = Network.energy_and_scale

    def wrong(self, v, h, decay=1.0):
        energy, scale = right(self, v, h, decay)
        return energy + self.memory_lagrangian.bracket(h), scale

    monkeypatch.setattr(Network, "energy_and_scale", wrong)


def synapses_that_differ_both_ways(monkeypatch):
    import numpy as np

    from hopsim.network import Network

    right = Network.recalled

    def wrong(self, f):
        return right(self, f) * (1 + 0.1 * np.cos(np.arange(self.features)))

    monkeypatch.setattr(Network, "recalled", wrong)


def nudge_without_its_autapse(monkeypatch):
    from hopsim.validation.flows import contrastive

    def wrong(network, target, nudge):
        return network.with_current(network.current + nudge * target)

    monkeypatch.setattr(contrastive, "nudged", wrong)


def descent_stopped_too_early(monkeypatch):
    from hopsim.validation.flows import _rest

    monkeypatch.setattr(_rest, "DESCENT_STEPS", 3)
    monkeypatch.setattr(_rest, "NEWTON_STEPS", 0)


def spins_that_keep_their_share(monkeypatch):
    """The energy gap taken for the local field."""
    from hopsim.dynamics import Binary
    from hopsim.experiments.recall import conventions

    local = Binary(rule="local_field")
    monkeypatch.setitem(conventions.CONVENTIONS, "energy gap", local)


def a_local_field_without_its_share(monkeypatch):
    from hopsim.dynamics import Binary
    from hopsim.experiments.capacity import fixed_points
    from hopsim.experiments.recall import conventions

    cavity = Binary(rule="cavity_field")
    monkeypatch.setitem(conventions.CONVENTIONS, "local field", cavity)
    right = fixed_points.FixedPoints._held
    rules: Any = {"local_field": "cavity_field", "energy_gap": "energy_gap"}
    wrong = lambda self, setting, s, rule: right(self, setting, s, rules[rule])
    monkeypatch.setattr(fixed_points.FixedPoints, "_held", wrong)


def a_certificate_that_trusts_everything(monkeypatch):
    """Rounding is taken to be a millionth of what it is: no doubt is left."""
    from hopsim.dynamics.spins import _cpu_engine, _lockstep_sweep

    for engine in (_lockstep_sweep, _cpu_engine):
        monkeypatch.setattr(engine, "TRUST", 1e-9)


def a_bracket_that_cancels(monkeypatch):
    import jax.numpy as jnp

    from hopsim.lagrangians import LogSumExp

    def wrong(self, x):
        total = self(x)
        return x @ jnp.exp(self.beta * (x - total)) - total

    monkeypatch.setattr(LogSumExp, "bracket", wrong)


def scaling_outside_of_the_power(monkeypatch):
    """F(x / N) for n + 1 in place of n."""
    from hopsim.validation.spins import scaling

    right = scaling._scaled

    def wrong(layer, features):
        n = getattr(layer, "n", None)
        return right(layer if n is None else type(layer)(n + 1), features)

    monkeypatch.setattr(scaling, "_scaled", wrong)


def exponentials_taken_as_they_are(monkeypatch):
    from hopsim.validation.spins import scaling

    monkeypatch.setattr(scaling, "_scaled", lambda layer, features: layer)


def neurons_that_are_not_deleted(monkeypatch):
    from hopsim.validation.spins import Deletion

    wrong = lambda self, setting, left: setting.relax().final
    monkeypatch.setattr(Deletion, "_ends", wrong)


def crosstalk_of_four_memories_in_five(monkeypatch):
    from hopsim.theory import capacity

    right = capacity.gaussian_bit_error
    wrong = lambda n, N, K, rectified: right(n, N, 0.8 * K, rectified)
    monkeypatch.setattr(capacity, "gaussian_bit_error", wrong)


def the_same_power_for_every_n(n):
    def patch(monkeypatch):
        from hopsim.experiments.recall import real_recall
        from hopsim.lagrangians import RectifiedPolynomial

        monkeypatch.setattr(
            real_recall, "RectifiedPolynomial", lambda _: RectifiedPolynomial(n)
        )

    return patch


def couplings_that_miss_an_example(monkeypatch):
    """One example in two thousand is counted on the wrong side."""
    from hopsim import Couplings

    right = Couplings.of.__func__

    def wrong(cls, examples, hamiltonian="distinct", unit=1.0):
        changed = examples.copy()
        changed[0] = -changed[0]
        return right(cls, changed, hamiltonian, unit)

    monkeypatch.setattr(Couplings, "of", classmethod(wrong))


def gaps_with_their_own_site(monkeypatch):
    """The sum of all N spins in the place of the other N - 1."""
    from hopsim.lagrangians import DistinctPolynomial
    from hopsim.lagrangians._distinct import elementary

    def wrong(self, y):
        others = elementary(self.n - 1, self.features)
        return sum(c * y**k for k, c in enumerate(others))

    monkeypatch.setattr(DistinctPolynomial, "other_spins", wrong)


def averages_over_two_dozen_nodes(monkeypatch):
    import numpy as np

    from hopsim.theory.teacher_student import _gauss, nishimori

    def wrong(halvings):
        x = np.linspace(-10, 10, 24)
        weight = np.exp(-(x**2) / 2)
        return x, weight / np.sum(weight)

    monkeypatch.setattr(_gauss, "_nodes", wrong)
    for name in ("_turns", "_boundaries"):  # which remember what they have found
        monkeypatch.setattr(nishimori, name, getattr(nishimori, name).__wrapped__)


def patterns_that_are_typical_once_they_are_stable(monkeypatch):
    from hopsim.theory import teacher_student

    right = teacher_student.nishimori_boundaries
    wrong = lambda n: (right(n)[0], right(n)[0])
    monkeypatch.setattr(teacher_student, "nishimori_boundaries", wrong)


def teachers_that_align_at_their_spinodal(monkeypatch):
    from hopsim.theory import mean_field

    monkeypatch.setattr(mean_field, "equal_energy", mean_field.spinodal)


def solutions_with(**wrong):
    """Solutions of the Nishimori line, one entry made of the others."""

    def patch(monkeypatch):
        from hopsim.theory import teacher_student

        right = teacher_student.nishimori_solution

        def changed(*args, **kwargs):
            found = right(*args, **kwargs)
            return found._replace(**{k: make(found) for k, make in wrong.items()})

        monkeypatch.setattr(teacher_student, "nishimori_solution", changed)

    return patch


def a_free_entropy_that_leans(monkeypatch):
    from hopsim.theory import teacher_student
    from hopsim.validation.students import _replica_routes

    right = teacher_student.free_entropy
    wrong = lambda q_star, q, *args, **kwargs: (
        right(q_star, q, *args, **kwargs) + 1e-6 * q
    )
    monkeypatch.setattr(teacher_student, "free_entropy", wrong)
    fresh = _replica_routes._gradient.__wrapped__
    monkeypatch.setattr(_replica_routes, "_gradient", fresh)


def examples_felt_by_a_tenth_more(monkeypatch):
    from hopsim.theory import teacher_student

    right = teacher_student.saddle_point

    def wrong(n, c, c_s, *, beta=0.0, **kwargs):
        return right(n, c, c_s, beta=1.1 * beta, **kwargs)

    monkeypatch.setattr(teacher_student, "saddle_point", wrong)


def students_as_warm_as_their_teacher(monkeypatch):
    from hopsim.theory import teacher_student

    right = teacher_student.learning_boundaries
    wrong = lambda temperature, n, teacher: right(teacher, n, teacher)
    monkeypatch.setattr(teacher_student, "learning_boundaries", wrong)


def energies_without_the_noise_of_others(monkeypatch):
    from hopsim.theory import teacher_student

    right = teacher_student.zero_solution

    def wrong(load, n, **kwargs):
        found = right(load, n, **kwargs)
        return found._replace(energy=found.energy + load * n * found.stiffness)

    monkeypatch.setattr(teacher_student, "zero_solution", wrong)


def a_feed_forward_form_of_ramps(monkeypatch):
    """Hidden units with the activation max(x, 0), that of n = 2, for every n."""
    import jax.numpy as jnp

    from hopsim.training import Dual

    def wrong(self, memories, temperature, states):
        inputs, classes = self._inputs(memories, states)
        return jnp.maximum(inputs, 0).T @ classes

    monkeypatch.setattr(Dual, "answers", wrong)


def a_feed_forward_form_about_on(monkeypatch):
    """Class units that are all on where they should be off."""
    from hopsim.training import Dual

    right = Dual.answers

    def wrong(self, memories, temperature, states):
        if self.expansion == "zero":
            return right(self, memories, temperature, states)
        on = memories.at[:, states.shape[1] :].multiply(-1)
        return -right(self, on, temperature, states)

    monkeypatch.setattr(Dual, "answers", wrong)


def balls_half_as_large_again(monkeypatch):
    from hopsim.experiments.landscape import certified_basins

    right = certified_basins.certified_balls

    def wrong(*args):
        found = right(*args)
        return found._replace(radius=1.5 * found.radius)

    monkeypatch.setattr(certified_basins, "certified_balls", wrong)


# --- one or more for every claim -----------------------------------------------------

ODD_POWER = {
    "kind": "network",
    "memories": {"kind": "gaussian", "count": 12, "features": 32},
    "feature_lagrangian": {"kind": "log_cosh"},
    "memory_lagrangian": {"kind": "polynomial", "n": 3},
}
ONE_LIFETIME = {
    "run.duration": 200.0,
    "experiment.sweep": {"path": "dynamics.tau_memory", "values": [1.0]},
}


def a_factorial_of_one_step(monkeypatch):
    import math

    from hopsim.theory import capacity

    monkeypatch.setattr(capacity, "double_factorial", math.factorial)


OTHER_POWERS = "experiment.variants"
LARGE = {  # what n = 20 is trained with
    "network.interaction.n": 20,
    "training.temperature": 50.0,
    "training.error_exponent": 10,
}
FEATURES = {  # what n = 3 is trained with
    "network.interaction.n": 3,
    "training.temperature": {"start": 60.0, "end": 30.0, "epochs": 10},
    "training.error_exponent": 2,
}


def powers(kind, **exponents):
    """Variants of a claim, each with the power that is given for it."""
    leaf = lambda n: {"network.interaction": {"kind": kind, "n": n}}
    return {label: leaf(n) for label, n in exponents.items()}


def a_modified_scaling_by_the_root_of_n(monkeypatch):
    from hopsim.training import Tempered

    right = Tempered._scale

    def wrong(self, dtype):
        root = self.features**0.5 if self.scaling == "modified" else 1.0
        return right(self, dtype) / root

    monkeypatch.setattr(Tempered, "_scale", wrong)


def gradients_divided_by_whatever_they_are(monkeypatch):
    from hopsim.training import rule

    right = rule._normalised
    monkeypatch.setattr(rule, "_normalised", lambda v, floor: right(v, 1e-300))


def examples_with_bits_of_their_own(monkeypatch):
    """Which sites agree is no longer left to chance: the first ones come first."""
    import numpy as np

    from hopsim import patterns

    right = patterns.examples

    def wrong(key, pattern, *arguments):
        agree = right(key, pattern, *arguments) * pattern
        agree[::50] = np.sort(agree[::50], axis=1)[:, ::-1]
        return agree * pattern

    monkeypatch.setattr(patterns, "examples", wrong)


def examples_a_tenth_too_warm(monkeypatch):
    from hopsim import patterns

    right = patterns.examples
    wrong = lambda key, pattern, count, temperature, *rest: right(
        key, pattern, count, 1.1 * temperature, *rest
    )
    monkeypatch.setattr(patterns, "examples", wrong)


def examples_twice_too_warm(monkeypatch):
    from hopsim import patterns

    right = patterns.examples
    wrong = lambda key, pattern, count, temperature, *rest: right(
        key, pattern, count, 2 * temperature, *rest
    )
    monkeypatch.setattr(patterns, "examples", wrong)


def students_four_times_too_cold(monkeypatch):
    import dataclasses

    from hopsim.experiments.students import overlap_landscape

    right = overlap_landscape.sample

    def wrong(system, dynamics, *arguments, **settings):
        colder = dataclasses.replace(dynamics, temperature=dynamics.coldest / 4)
        return right(system, colder, *arguments, **settings)

    monkeypatch.setattr(overlap_landscape, "sample", wrong)


def students_compared_with_themselves(monkeypatch):
    import dataclasses

    from hopsim.experiments.students import overlap_landscape

    right = overlap_landscape.sample

    def wrong(*arguments, **settings):
        found = right(*arguments, **settings)
        return dataclasses.replace(found, twin=0 * found.twin + 1)

    monkeypatch.setattr(overlap_landscape, "sample", wrong)


def posteriors_too_cold(monkeypatch):
    from hopsim.validation.students import exact_posterior

    right = exact_posterior._moments
    wrong = lambda student, xi, T: right(student, xi, T / 3)
    monkeypatch.setattr(exact_posterior, "_moments", wrong)


def saddle_points_of_more_noise(monkeypatch):
    from hopsim.theory import teacher_student

    right = teacher_student.saddle_point
    wrong = lambda n, c, c_s, **rest: right(n, 1.2 * c, c_s, **rest)
    monkeypatch.setattr(teacher_student, "saddle_point", wrong)


def state_evolution_of_more_signal(monkeypatch):
    from hopsim.theory import teacher_student

    right = teacher_student.state_evolution
    wrong = lambda q, c, *rest, **more: right(q, 1.1 * c, *rest, **more)
    monkeypatch.setattr(teacher_student, "state_evolution", wrong)
    from hopsim.experiments.students import learning_from_scratch

    learning_from_scratch._evolved.cache_clear()


def a_reaction_of_every_order_of_sites(monkeypatch):
    from hopsim.theory import message_passing

    right = message_passing._reaction
    wrong = lambda strength, m, before: 6 * right(strength, m, before)
    monkeypatch.setattr(message_passing, "_reaction", wrong)


def sites_that_coincide(monkeypatch):
    """The energies of examples with all coincidences of sites, N (S/N)^n."""
    import numpy as np

    from hopsim.theory.teacher_student import finite

    def power(features, n, hamiltonian):
        return (np.arange(-features, features + 1, 2) / features) ** n

    monkeypatch.setattr(finite, "_interaction", power)


def another_alignment(monkeypatch):
    from hopsim.theory import teacher_student
    from hopsim.theory.teacher_student import finite

    wrong = lambda temperature, n, right=finite.alignment: right(temperature, n + 1)
    monkeypatch.setattr(finite, "alignment", wrong)
    monkeypatch.setattr(teacher_student, "alignment", wrong)


DISTINCT = {"kind": "distinct_polynomial", "n": 3, "features": 128}


def half_a_reaction(monkeypatch):
    """f_1RSB and its roots with a term in $q_1$ of half its size."""
    from hopsim.theory import teacher_student

    right = teacher_student.glass_free_entropy

    def wrong(c, parisi, q, n, xp=None):
        off = c * n * q**n * (parisi - 1) / 4
        return right(c, parisi, q, n) + off

    state = teacher_student.glass_state

    def shifted(c, n):
        found = state(c, n)
        off = c * n * found.q**n * (found.parisi - 1) / 4
        return found._replace(free_entropy=found.free_entropy + off)

    monkeypatch.setattr(teacher_student, "glass_free_entropy", wrong)
    monkeypatch.setattr(teacher_student, "glass_state", shifted)


def a_glass_that_is_a_liquid(monkeypatch):
    import math

    from hopsim.theory import teacher_student

    liquid = lambda c, n: teacher_student.Glass(
        1.0, 0.0, math.log(2) + c / 2, math.log(2) - c / 2
    )
    monkeypatch.setattr(teacher_student, "glass_state", liquid)


def lines_beside_a_liquid(monkeypatch):
    import math

    from hopsim.theory.teacher_student import glass, typical

    liquid = lambda c, n: glass.Glass(
        1.0, 0.0, math.log(2) + c / 2, math.log(2) - c / 2
    )
    monkeypatch.setattr(typical, "glass_state", liquid)
    # the line bends back to infinity: what is never typical is so at its spinodal
    right = typical._beside_glass

    def wrong(n, temperature, of, target, loads, highest):
        if not math.isfinite(loads[1]):
            return typical.Typical(loads[0], math.nan, True)
        return right(n, temperature, of, target, loads, highest)

    monkeypatch.setattr(typical, "_beside_glass", wrong)


MUTATIONS = [
    Mutation(
        "cl-01",
        "the decay has the wrong sign, as in the poster of KH21",
        "autodiff of E",
        patch=decay_with_the_wrong_sign,
    ),
    Mutation(
        "cl-01-float32",
        "the decay has the wrong sign, as in the poster of KH21",
        "autodiff of E",
        patch=decay_with_the_wrong_sign,
    ),
    Mutation(
        "cl-02",
        "the decay has the wrong sign",
        "autodiff of E(v)",
        patch=adiabatic_decay_with_the_wrong_sign,
    ),
    Mutation(
        "cl-02",
        "the synapses differ from one way to the other",
        "rises at no state",
        patch=one_way_synapses,
    ),
    Mutation(
        "cl-04",
        "an even power in place of x^3",
        "many states for x^3",
        {"network.interaction": {"kind": "polynomial", "n": 4}},
    ),
    Mutation(
        "cl-04",
        "an odd power in place of x^4",
        "no state for x^4",
        {"experiment.variants.x^4": {"network.interaction": ODD}},
    ),
    Mutation(
        "cl-06",
        "the work of the drive has the wrong sign",
        "that the solver integrates",
        patch=work_with_the_wrong_sign,
    ),
    Mutation(
        "cl-06",
        "the drive changes half as fast as it says",
        "that the solver integrates",
        patch=a_drive_of_half_its_rate,
    ),
    Mutation(
        "cl-06",
        "the drive comes late by a hundredth of tau",
        "by quadrature",
        patch=a_drive_that_comes_late,
    ),
    Mutation(
        "cl-11",
        "an odd power, which is not convex",
        "no step raises",
        {"network.interaction": ODD},
    ),
    Mutation(
        "cl-11-float32",
        "the features go on beyond where the step leads",
        "every step loses",
        patch=features_that_overshoot,
    ),
    Mutation(
        "cl-11-float32",
        "both layers from old values (Jacobi)",
        "no step raises",
        patch=both_layers_from_old_values,
    ),
    Mutation(
        "cl-12",
        "an odd power, which is not convex",
        "theta <= 1",
        {"network.interaction": ODD},
    ),
    Mutation(
        "cl-12",
        "the synapses differ from one way to the other",
        "model B",
        patch=one_way_synapses,
    ),
    Mutation(
        "cl-12",
        "the decay is taken implicitly, which no theta can overdo",
        "do raise",
        patch=relaxation_with_implicit_decay,
    ),
    Mutation(
        "cl-12-jacobi",
        "one layer after the other (Gauss-Seidel)",
        "raise E(v, h)",
        patch=one_layer_after_the_other,
    ),
    Mutation(
        "cl-22",
        "a softmax that sums to 1.3",
        "v(t) lies in the hull",
        patch=softmax_that_sums_to_more,
    ),
    Mutation(
        "cl-22",
        "a log-sum-exp of twice its value",
        "lies between 0 and 1",
        patch=log_sum_exp_of_twice_its_value,
    ),
    Mutation(
        "cl-05",
        "the memory neurons dissipate nothing",
        "|E + Q - E(0)|",
        patch=dissipation_of_the_features_alone,
    ),
    Mutation(
        "cl-05",
        "what is recalled is half as strong again as the energy says",
        "the worst rise",
        patch=memories_that_push_back,
    ),
    Mutation(
        "cl-05-float32",
        "the memory neurons dissipate nothing",
        "|E + Q - E(0)|",
        patch=dissipation_of_the_features_alone,
    ),
    Mutation(
        "cl-05-float32",
        "what is recalled is half as strong again as the energy says",
        "the worst rise",
        patch=memories_that_push_back,
    ),
    Mutation(
        "cl-09",
        "the memory time constant enters by its root",
        "the order of |v_eps - v_0|",
        patch=time_constants_under_a_root,
    ),
    Mutation(
        "cl-09-mass",
        "the mass is left out",
        "the order of |v_eps - v_mass|",
        patch=no_mass,
    ),
    Mutation(
        "cl-03-identity",
        "the gap forgets the hidden current",
        "is the divergence",
        patch=gap_without_the_hidden_current,
    ),
    Mutation(
        "cl-03-identity",
        "an odd power",
        "never below",
        overrides={"network.memory_lagrangian": {"kind": "polynomial", "n": 3}},
    ),
    Mutation(
        "cl-03-identity",
        "the entropy of softmax at the wrong temperature",
        "model B: the gap",
        patch=entropy_at_the_wrong_temperature,
    ),
    Mutation(
        "cl-03-identity",
        "the entropy of softmax at the wrong temperature",
        "tanh and softmax",
        patch=entropy_at_the_wrong_temperature,
    ),
    Mutation(
        "cl-03-retrieval",
        "the divergence with its arguments exchanged",
        "is the divergence",
        patch=divergence_the_other_way_round,
    ),
    Mutation(
        "cl-03-retrieval",
        "the run tells another energy",
        "the recorded energy",
        patch=energy_told_with_twice_the_bracket,
    ),
    Mutation(
        "cl-03-retrieval",
        "an odd power",
        "never below",
        overrides={"network": ODD_POWER},
    ),
    Mutation(
        "cl-07-spectrum",
        "asymmetric synapses",
        "all eigenvalues are real",
        patch=synapses_to_the_next_memory,
    ),
    Mutation(
        "cl-07-spectrum",
        "asymmetric synapses",
        "those of the closed form",
        patch=synapses_to_the_next_memory,
    ),
    Mutation(
        "cl-07-rest",
        "asymmetric synapses, which go round for ever",
        "a residual of 1e-8",
        overrides=ONE_LIFETIME | {"experiment.sets": 6},
        patch=synapses_to_the_next_memory,
    ),
    Mutation(
        "cl-07-rest-b",
        "asymmetric synapses, which go round for ever",
        "a residual of 1e-8",
        overrides=ONE_LIFETIME,
        patch=synapses_to_the_next_memory,
    ),
    Mutation(
        "cl-08",
        "asymmetric synapses",
        "differ",
        patch=synapses_to_the_next_memory,
    ),
    Mutation(
        "cl-08",
        "memory neurons that leak twice",
        "ends at fixed points of one",
        patch=memory_neurons_that_leak_twice,
    ),
    Mutation(
        "cl-08",
        "an attention so soft that only the mean is left",
        "share of saddles",
        overrides={"experiment.only": ["model B"], "network.beta": 0.01},
    ),
    Mutation(
        "cl-10-shift",
        "an entropy that sees the mean of h",
        "flat along the mode",
        patch=entropy_that_sees_the_mean,
    ),
    Mutation(
        "cl-10-shift",
        "an entropy that sees the mean of h",
        "the energy stays",
        patch=entropy_that_sees_the_mean,
    ),
    Mutation(
        "cl-10-shift",
        "clocks slow by a thousandth",
        "the mode decays",
        patch=clocks_a_little_slow,
    ),
    Mutation(
        "cl-10-shift",
        "a stop on dE/dt = 0",
        "the run goes on",
        patch=stop_on_the_dissipation,
    ),
    Mutation(
        "cl-10-length",
        "an energy that sees the length of v",
        "flat along the mode",
        patch=norm_with_a_bracket,
    ),
    Mutation(
        "cl-10-length",
        "an energy that sees the length of v",
        "the energy stays",
        patch=norm_with_a_bracket,
    ),
    Mutation(
        "cl-10-length",
        "clocks slow by a thousandth",
        "the mode decays",
        patch=clocks_a_little_slow,
    ),
    Mutation(
        "cl-10-length",
        "a stop on dE/dt = 0",
        "the run goes on",
        patch=stop_on_the_dissipation,
    ),
    Mutation(
        "cl-15",
        "fields without self-coupling",
        "lowers E by 2|w_i|",
        patch=fields_without_self_coupling,
    ),
    Mutation(
        "cl-15",
        "an odd power",
        "lowers E by 2|w_i|",
        overrides={"network.interaction": {"kind": "polynomial", "n": 3}},
    ),
    Mutation(
        "cl-15",
        "an energy gap that forgets the current",
        "the energy gap",
        patch=energy_gap_without_the_current,
    ),
    Mutation(
        "cl-15-trajectories",
        "fields without self-coupling",
        "lowers E by 2|w_i|",
        patch=fields_without_self_coupling,
    ),
    Mutation(
        "cl-15-trajectories",
        "an odd power",
        "lowers E by 2|w_i|",
        overrides={"network.interaction": {"kind": "polynomial", "n": 3}},
    ),
    Mutation(
        "cl-16",
        "an autapse larger than the self-coupling",
        "no sliding",
        overrides={"network.autapse": 1e6},
    ),
    Mutation(
        "cl-16",
        "an odd power",
        "no sliding for x^4",
        overrides={"experiment.variants": {"x^4": {"network.interaction.n": 3}}},
    ),
    Mutation(
        "cl-16",
        "a rectified power",
        "x^3 slides",
        overrides={"network.interaction.kind": "rectified_polynomial"},
    ),
    *[
        Mutation(
            "cl-25",
            f"attention softer by a tenth ({check})",
            check,
            patch=attention_a_little_softer,
        )
        for check in ("slope of ln", "leading order", "from a query", "never exceeds")
    ],
    Mutation(
        "cl-25",
        "memories that crowd",
        "one step from the memory",
        overrides={"network.memories.radius": 0.5},
    ),
    Mutation(
        "cl-25",
        "a flow that is stopped too early",
        "flow from the memory",
        overrides={"run.duration": 4.0},
    ),
    Mutation(
        "cl-26",
        "the certificate gives balls half as large again",
        "leaves its ball",
        patch=balls_half_as_large_again,
    ),
    Mutation(
        "cl-26",
        "the softmax sums to 1.3",
        "smallest certified ball",
        patch=softmax_that_sums_to_more,
    ),
    *[
        Mutation(
            "cl-31",
            f"memory neurons as slow as the others ({check})",
            check,
            patch=memory_clocks_ignored,
        )
        for check in ("takes steps as", "limit of stability")
    ],
    Mutation(
        "cl-31-implicit",
        "an explicit solver",
        "hardly depend",
        overrides={"experiment.sweep.values": ["tsit5"]},
    ),
    Mutation(
        "cl-32",
        "an energy with the memory bracket twice",
        "differences of E*",
        patch=energy_with_the_memory_bracket_twice,
    ),
    Mutation(
        "cl-32",
        "synapses that differ both ways",
        "autodiff through",
        patch=synapses_that_differ_both_ways,
    ),
    Mutation(
        "cl-32-contrastive",
        "a nudge without its autapse",
        "nudges of one sign",
        patch=nudge_without_its_autapse,
    ),
    *[
        Mutation(
            claim,
            "a descent that is stopped too early",
            "at rest",
            patch=descent_stopped_too_early,
        )
        for claim in ("cl-32", "cl-33")
    ],
    Mutation(
        "cl-33",
        "a strong drive",
        "linear theory",
        overrides={"dynamics.drive.amplitude": 0.1},
    ),
    *[
        Mutation(
            claim,
            "memory neurons slower by a thousandth",
            "linear theory",
            patch=memory_clocks_a_little_slow,
        )
        for claim in ("cl-33", "cl-33-sphere", "cl-33-tanh")
    ],
    Mutation(
        "dam-09",
        "the energy gap is taken for the local field",
        "the energy gap recalls",
        patch=spins_that_keep_their_share,
    ),
    Mutation(
        "dam-09",
        "the local field without its self term",
        "recalls next to nothing",
        patch=a_local_field_without_its_share,
    ),
    Mutation(
        "dam-10",
        "a certificate that trusts every float",
        "no certified decision",
        patch=a_certificate_that_trusts_everything,
    ),
    Mutation(
        "dam-10",
        "four features, whose powers stay finite",
        "is NaN for every random state",
        {
            "experiment.n": [30, 100],
            "network.memories.features": 4,
            "network.memories.count": 16,
            "experiment.spins": 2,
        },
    ),
    Mutation(
        "cl-30",
        "a bracket that is a difference of large numbers",
        "loses less than",
        patch=a_bracket_that_cancels,
    ),
    Mutation(
        "cl-14",
        "x^3, which is not convex",
        "every strict minimum",
        {
            "network.interaction": ODD,
            "experiment.variants": {"x^4, K = 40": {}},
            "experiment.only": ["x^4, K = 40"],
            "experiment.sets": 40,
        },
    ),
    Mutation(
        "cl-14-odd",
        "an even power in place of x^3",
        "some minima",
        {"network.interaction": {"kind": "polynomial", "n": 4}},
    ),
    Mutation(
        "cl-14",
        "a field without the spin's own share",
        "nearly half",
        patch=a_local_field_without_its_share,
    ),
    Mutation(
        "cl-17",
        "no autapse",
        "with the autapse",
        {"experiment.gamma": 0.0},
    ),
    Mutation(
        "cl-17",
        "the flow with the autapse in the place of the one without",
        "recalls nothing",
        {"experiment.rules": ["binary", "sharp flow, autapse", "sharp flow"]},
    ),
    Mutation(
        "cl-17-exponent",
        "an autapse that takes the spin's own share away",
        "the freezing load grows",
        {
            "experiment.curves.local field.gamma": 1.0,
            "experiment.curves.local field.features": [40, 80],
        },
    ),
    Mutation(
        "cl-17-exponent",
        "fields without the spin's own share",
        "the freezing load is K*",
        patch=a_field_without_the_share_of_a_spin,
    ),
    Mutation(
        "cl-17-exponent",
        "an energy gap that is a field, the spin's own share kept",
        "that of the binary rule",
        {"experiment.curves.energy gap.loads": [0.2, 0.3, 0.4, 0.6, 0.8, 1.2]},
        an_energy_gap_with_the_share_of_a_spin,
    ),
    Mutation(
        "cl-17-exponent",
        "no autapse: the same law as without",
        "with the autapse",
        {"experiment.curves.local field, autapse.gamma": 0.0},
    ),
    Mutation(
        "cl-27",
        "decays fast by 1e-4",
        "|v*| = lambda / alpha",
        patch=adiabatic_decays_a_little_fast,
    ),
    Mutation(
        "cl-27",
        "clocks slow by 3 %",
        "directions rest at the rate",
        patch=adiabatic_clocks_a_little_slow,
    ),
    Mutation(
        "cl-27",
        "one neuron that decays faster by 1 %",
        "the path of the direction",
        patch=one_neuron_that_decays_faster,
    ),
    Mutation(
        "cl-29",
        "another power in the scaled network",
        "every path",
        patch=scaling_outside_of_the_power,
    ),
    Mutation(
        "cl-29",
        "an exponential that is not scaled",
        "exp with x/N",
        patch=exponentials_taken_as_they_are,
    ),
    Mutation(
        "dam-01",
        "AND in place of XOR",
        "x^3 solves",
        {
            "network.memories.values": [
                [-1, -1, -1],
                [-1, 1, -1],
                [1, -1, -1],
                [1, 1, 1],
            ]
        },
    ),
    Mutation(
        "dam-01",
        "AND in place of XOR",
        "x^4 ties",
        {
            "network.memories.values": [
                [-1, -1, -1],
                [-1, 1, -1],
                [1, -1, -1],
                [1, 1, 1],
            ]
        },
    ),
    Mutation(
        "dam-08",
        "a theory that forgets the crosstalk of every fifth memory",
        "share of unstable bits",
        patch=crosstalk_of_four_memories_in_five,
    ),
    *[
        Mutation(
            "cl-20",
            f"an exponential that is not steep ({check})",
            check,
            {"network.interaction.rate": 0.3},
        )
        for check in ("chi^2", "without a pair")
    ],
    *[
        Mutation(
            "cl-21",
            f"more memories than the network holds ({check})",
            check,
            {"network.interaction.n": 2},
        )
        for check in ("while its neuron is left", "as in the whole", "share recovered")
    ],
    Mutation(
        "cl-21",
        "the neurons are not deleted",
        "never recovered",
        patch=neurons_that_are_not_deleted,
    ),
    Mutation(
        "dam-11",
        "an exponential of x / N everywhere",
        "exp(x): recall",
        {"network.interaction.rate": 0.01},
    ),
    Mutation(
        "dam-11",
        "an exponential of x",
        "exp(x/N): recall, K = 1000",
        {"experiment.variants.exp(x/N), K = 1000": {"network.interaction.rate": 1.0}},
    ),
    Mutation(
        "dam-11-leaky",
        "a leaky power of x / N everywhere",
        "leaky power of x, n",
        {"network.interaction.slope": 1e36},
    ),
    Mutation(
        "dam-11-leaky",
        "a leaky power of x",
        "leaky power of x/N",
        {"experiment.variants.leaky(x/N), n = 20": {"network.interaction.slope": 0.01}},
    ),
    Mutation(
        "dam-12",
        "inputs over the root of N in the modified network",
        "memories of both scalings agree",
        patch=a_modified_scaling_by_the_root_of_n,
    ),
    Mutation(
        "dam-13",
        "gradients divided by whatever they are",
        "original, n = 20",
        patch=gradients_divided_by_whatever_they_are,
    ),
    Mutation(
        "dam-13",
        "a line of slope 0",
        "modified",
        {"network.interaction.slope": 0.0},
    ),
    Mutation(
        "dam-14",
        "gradients divided by whatever they are",
        "no weight moves",
        patch=gradients_divided_by_whatever_they_are,
    ),
    Mutation(
        "dam-14",
        "max(x, 0)^n in place of x^n",
        "distance at 1/T = 0.9",
        {"network.interaction.kind": "rectified_polynomial"},
    ),
    Mutation(
        "dam-14",
        "x^n in place of max(x, 0)^n",
        "distance of the best cell",
        {"experiment.variants.max(x, 0)^n": {"network.interaction.kind": "polynomial"}},
    ),
    Mutation(
        "dam-14-many",
        "a floor of 1e-30",
        "distance of learnt states",
        {"experiment.floors": [1e-30]},
    ),
    Mutation(
        "dam-21",
        "n = 3 in place of every n",
        "n = 50 recalls nearly all",
        patch=the_same_power_for_every_n(3),
    ),
    Mutation(
        "dam-21",
        "n = 50 in place of every n",
        "n = 5 recalls hardly",
        patch=the_same_power_for_every_n(50),
    ),
    Mutation(
        "dam-02",
        "(2n - 3)! in place of (2n - 3)!!",
        "x^3: 361.9 memories",
        patch=a_factorial_of_one_step,
    ),
    Mutation(
        "dam-03",
        "the spin's own share is kept",
        "x^3: the mean overlap",
        {"dynamics.rule": "local_field"},
    ),
    Mutation(
        "dam-04",
        "the spin's own share is kept",
        "0.84 of the starts",
        {"dynamics.rule": "local_field"},
    ),
    Mutation(
        "dam-05",
        "n = 3 in place of n = 5 and 6",
        "every other end is a mixture",
        {
            OTHER_POWERS: powers("polynomial", **{"x^5": 3, "x^6": 3}),
            "probes.count": 20,
        },
    ),
    Mutation(
        "dam-05",
        "the spin's own share is kept",
        "almost every start",
        {"dynamics.rule": "local_field", "probes.count": 20},
    ),
    Mutation(
        "dam-06",
        "the rectified power in place of the power",
        "x^4: the mirror image of a start",
        {
            OTHER_POWERS: powers(
                "rectified_polynomial", **{"x^4": 4, "x^5": 5, "x^6": 6}
            )
        },
    ),
    Mutation(
        "dam-07",
        "the rectified power in place of the power",
        "power: K_1/2 <",
        {OTHER_POWERS: powers("rectified_polynomial", power=3, rectified=3)},
    ),
    Mutation(
        "dam-07",
        "the power in place of the rectified power",
        "rectified: K_1/2 >",
        {OTHER_POWERS: powers("polynomial", power=3, rectified=3)},
    ),
    Mutation(
        "cl-18",
        "n = 2 with rectified memories",
        "lost at 0.18",
        {"network.interaction.kind": "rectified_polynomial"},
    ),
    Mutation(
        "cl-19",
        "the rectified power in place of the power",
        "at eq. 6 of KH16",
        {"network.interaction.kind": "rectified_polynomial"},
    ),
    Mutation(
        "cl-23",
        "the radius in place of the diameter",
        "no weights exceed",
        patch=bound_of_the_radius,
    ),
    Mutation(
        "cl-23",
        "softmax that sums to more",
        "mean of two memories",
        patch=softmax_that_sums_to_more,
    ),
    Mutation(
        "cl-23",
        "the largest covariance of all weights",
        "(shifts of one memory)",
        patch=means_weighed_by_the_largest_covariance,
    ),
    Mutation(
        "cl-23-potts",
        "softmax that sums to more",
        "attractors at b_s",
        patch=softmax_that_sums_to_more,
    ),
    Mutation(
        "cl-23-potts",
        "a log-sum-exp of twice its value",
        "one energy",
        patch=log_sum_exp_of_twice_its_value,
    ),
    Mutation(
        "cl-24",
        "softmax that sums to more",
        "memories become",
        patch=softmax_that_sums_to_more,
    ),
    Mutation(
        "cl-24",
        "members farther apart",
        "means of clusters coexist",
        {"network.memories.distance": 2.0},
    ),
    Mutation(
        "cl-24",
        "members slightly nearer",
        "nowhere else",
        {"network.memories.distance": 1.4},
    ),
    Mutation(
        "cl-28",
        "a steeper interaction",
        "attractor at beta_s",
        patch=interactions_of_steeper_slope,
    ),
    Mutation(
        "cl-28",
        "too much entropy in graded neurons",
        "energy of v = 0",
        patch=graded_neurons_of_more_entropy,
    ),
    Mutation(
        "ts-01",
        "two dozen nodes for a Gaussian",
        "c_d: the printed digits",
        patch=averages_over_two_dozen_nodes,
    ),
    Mutation(
        "ts-01",
        "patterns that are typical once they are stable",
        "c_c: by a second route",
        patch=patterns_that_are_typical_once_they_are_stable,
    ),
    Mutation(
        "ts-02",
        "teachers that align at their spinodal",
        "T_eR: by a second route",
        patch=teachers_that_align_at_their_spinodal,
    ),
    Mutation(
        "ts-03",
        "the free entropy for the entropy",
        "and falls with c",
        patch=solutions_with(entropy=lambda x: x.free_entropy),
    ),
    Mutation(
        "ts-04",
        "a paramagnet without energy",
        "negative below c_c",
        patch=solutions_with(gap=lambda x: x.gap + x.c / 2),
    ),
    Mutation(
        "ts-05",
        "a free entropy that leans",
        "grad f = 0",
        patch=a_free_entropy_that_leans,
    ),
    Mutation(
        "ts-06",
        "examples felt by a tenth more",
        "c_s -> beta",
        patch=examples_felt_by_a_tenth_more,
    ),
    Mutation(
        "ts-07",
        "students as warm as their teacher",
        "alpha_d(T): the printed",
        patch=students_as_warm_as_their_teacher,
    ),
    Mutation(
        "ts-08",
        "energies without the noise of the others",
        "u there: the printed",
        patch=energies_without_the_noise_of_others,
    ),
    Mutation(
        "ts-10",
        "an example counted on the wrong side",
        "sums over all triples",
        patch=couplings_that_miss_an_example,
    ),
    Mutation(
        "ts-10",
        "gaps with the share of their own site",
        "no spin differs",
        patch=gaps_with_their_own_site,
    ),
    Mutation(
        "dam-15",
        "a dual gradient of another slope",
        "beside appendix A with a copy",
        patch=curvature_of_another_power,
    ),
    Mutation(
        "dam-15",
        "class units that are not quite on",
        "beside autodiff",
        patch=gaps_of_a_class_unit_half_lit,
    ),
    Mutation(
        "dam-15",
        "products that keep three digits",
        "classifiers in float32",
        patch=products_of_three_digits,
    ),
    Mutation(
        "dam-17",
        "n = 2 in the place of n = 3",
        "(n = 3)",
        {"experiment.variants.n = 3": {"network.interaction.n": 2}},
    ),
    Mutation(
        "dam-17",
        "a learning rate of a third",
        "(n = 3)",
        {"training.learning_rate": 0.013},
    ),
    Mutation(
        "dam-18",
        "n = 20 in the place of n = 3",
        "(n = 3)",
        {"experiment.variants.n = 3": LARGE},
    ),
    Mutation(
        "dam-18",
        "n = 3 in the place of n = 20",
        "(n = 20)",
        {"experiment.variants.n = 20": FEATURES},
    ),
    Mutation(
        "dam-20",
        "hidden units that are ramps",
        "about 0 (n = 20)",
        patch=a_feed_forward_form_of_ramps,
    ),
    Mutation(
        "dam-20",
        "an expansion about class units that are on",
        "about off",
        patch=a_feed_forward_form_about_on,
    ),
    Mutation(
        "dam-16",
        "a saturated tanh",
        "bundled digits",
        {"training.temperature": 20.0},
    ),
    Mutation(
        "dam-16",
        "targets in the wrong order",
        "bundled digits",
        patch=targets_of_another_class,
    ),
    Mutation(
        "dam-19",
        "cold is hot",
        "n = 3, digits: saturated",
        {"training.temperature": 20.0},
    ),
    Mutation(
        "dam-19",
        "all memories counted ten times",
        "n = 2, digits: learnt",
        patch=interactions_of_ten_memories,
    ),
    *[
        Mutation(
            "ts-09",
            f"a teacher too warm by a tenth ({check})",
            check,
            {"experiment.count": 1_000_000},
            examples_a_tenth_too_warm,
        )
        for check in ("S against its law", "S in every phase", "four moments")
    ],
    *[
        Mutation(
            "ts-09",
            f"one example in fifty aligned from the first site on ({check})",
            check,
            patch=examples_with_bits_of_their_own,
        )
        for check in ("all sites", "agree equally often in every", "all pairs")
    ],
    *[
        Mutation(
            "ts-14",
            f"sites that coincide ({check})",
            check,
            patch=sites_that_coincide,
        )
        for check in ("T = 4: R_512", "within 1 %", "exact integers")
    ],
    Mutation(
        "ts-11",
        "a teacher twice as warm as its student",
        "E<H>/N of the heat bath",
        patch=examples_twice_too_warm,
    ),
    Mutation(
        "ts-11",
        "students four times too cold",
        "that of the teacher's pattern",
        patch=students_four_times_too_cold,
    ),
    Mutation(
        "ts-12",
        "students compared with themselves",
        "all c",
        patch=students_compared_with_themselves,
    ),
    *[
        Mutation(
            "ts-12-exact",
            f"posteriors three times too cold ({check})",
            check,
            patch=posteriors_too_cold,
        )
        for check in ("E q* = E q_12", "E q*^2 = E q_12^2")
    ],
    Mutation(
        "ts-12-exact",
        "a teacher twice as warm as its student",
        "the sum over the teacher's law",
        patch=examples_twice_too_warm,
    ),
    *[
        Mutation(
            "ts-13",
            f"a teacher twice as warm as its student ({check})",
            check,
            patch=examples_twice_too_warm,
        )
        for check in ("c = 2", "c = 3")
    ],
    Mutation(
        "ts-16",
        "a teacher twice as warm as it should be",
        "q* at T",
        patch=examples_twice_too_warm,
    ),
    *[
        Mutation(
            "ts-16",
            f"saddle points of more noise ({check})",
            check,
            patch=saddle_points_of_more_noise,
        )
        for check in ("signs of the mean at T = 2", "know most at T = T_s")
    ],
    Mutation(
        "ts-19",
        "starts at the pattern",
        "random starts at T",
        {"probes": {"kind": "corrupted", "flipped": 0.0}},
    ),
    Mutation(
        "ts-19",
        "a teacher twice as warm as its student",
        "annealed starts",
        patch=examples_twice_too_warm,
    ),
    *[
        Mutation(
            "ts-19",
            f"state evolution of more signal ({check})",
            check,
            patch=state_evolution_of_more_signal,
        )
        for check in ("below q_b", "above q_b")
    ],
    Mutation(
        "ts-20",
        "a reaction that counts every order of three sites",
        "less q* of the heat bath",
        patch=a_reaction_of_every_order_of_sites,
    ),
    Mutation(
        "ts-20",
        "a teacher twice as warm as its student",
        "replica theory at c_eff",
        patch=examples_twice_too_warm,
    ),
    Mutation(
        "ts-24",
        "a teacher twice as warm as its student",
        "entropy per spin",
        patch=examples_twice_too_warm,
    ),
    Mutation(
        "ts-17",
        "a teacher twice as warm as its student",
        "full power: q* at c = 1",
        patch=examples_twice_too_warm,
    ),
    Mutation(
        "ts-17",
        "distinct sites everywhere",
        "full power: theory at c = 0.2",
        {"experiment.variants.full power": {"network.interaction": DISTINCT}},
    ),
    Mutation(
        "ts-17",
        "the full power everywhere",
        "distinct sites: a random start",
        {"network.interaction": {"kind": "polynomial", "n": 3}},
    ),
    Mutation(
        "ts-17-distinct",
        "the full power",
        "a random start learns nothing",
        {"network.interaction": {"kind": "polynomial", "n": 3}},
    ),
    *[
        Mutation(
            "ts-18",
            f"a teacher too warm by a tenth ({check})",
            check,
            patch=examples_a_tenth_too_warm,
        )
        for check in ("T = 3: |q*| well", "T = 4: |q*| well")
    ],
    Mutation(
        "ts-18",
        "a student and a teacher colder than they say",
        "T = 3: nothing is learnt",
        {"dynamics.temperature": 2.5},
    ),
    *[
        Mutation(
            "ts-15",
            f"a teacher too warm by a tenth ({check})",
            check,
            patch=examples_a_tenth_too_warm,
        )
        for check in ("T = 1.2: measured", "T = 1.4: measured", "q*(3) and q*(5)")
    ],
    *[
        Mutation("ts-15", f"the alignment of n = 4 ({check})", check, patch=patch)
        for check, patch in (
            ("T = 1.2: m_t", another_alignment),
            ("T = 1.2: q*(3)", another_alignment),
        )
    ],
    *[
        Mutation("ts-21", f"{wrong} ({check})", check, patch=patch)
        for wrong, check, patch in (
            ("a reaction of half its size", "n = 3, c = 2: f", half_a_reaction),
            ("a reaction of half its size", "df/dm at m = 1", half_a_reaction),
            ("a glass that is a liquid", "n = 3, c = 2: m", a_glass_that_is_a_liquid),
            ("a glass that is a liquid", "the grid", a_glass_that_is_a_liquid),
            ("a glass that is a liquid", "cold states", a_glass_that_is_a_liquid),
        )
    ],
    *[
        Mutation(
            "ts-07-glass",
            f"a glass that is a liquid ({check})",
            check,
            patch=lines_beside_a_liquid,
        )
        for check in ("T = 1.25: alpha_c", "vertical for T", "one free entropy")
    ],
]
