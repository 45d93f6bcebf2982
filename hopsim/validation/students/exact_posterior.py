"""The exact posterior of a student over all states of a few spins: identities."""

from typing import ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float

from ...data.patterns import example_count
from ...experiments._base import Setting
from ...experiments._numbers import Rising
from ...experiments._variables import PURE
from ...experiments.capacity.fixed_points import all_states, MAX_FEATURES
from ...experiments.students._teacher_student import (
    AbstractTeacherStudent,
    glauber_of,
    require_examples,
    teacher_of,
)
from ...network import Network
from ...records import Variables
from ...theory import teacher_student as theory
from .._base import validations


LABELS = {
    "overlap": "q*",
    "twin": "q_12",
    "overlap_square": "q*^2",
    "twin_square": "q_12^2",
    "energy": "<H>/N",
    "energy_theory": "mean <H>/N",
}


@validations.register("exact_posterior")
class ExactPosterior(AbstractTeacherStudent):
    r"""$E q^* = E q_{12}$ and $E\langle H\rangle$ on the Nishimori line, exact. [TT24]

    $P(\xi|\sigma) \propto e^{\Phi(\xi)/T}$ is summed over all $2^N$ states, at each
    of the `loads`, for every set of examples, drawn at the student's own T: `overlap`
    $= \langle q^*\rangle$, `twin` $= \frac1N\sum_i\langle\xi_i\rangle^2$,
    `overlap_square` and `twin_square` the second moments (for even n the first
    vanish), `energy` $= \langle H\rangle/N$ beside its mean over data, a sum of N + 1
    terms. [THEORY 1, 3.2, TS-11, TS-12]
    """

    plots: ClassVar[tuple[str, ...]] = ("exact_posterior",)

    loads: Rising[float]

    def validate_setting(self, setting: Setting) -> None:
        super().validate_setting(setting)
        teacher = teacher_of(setting)
        if teacher.features > MAX_FEATURES:
            raise ValueError(
                'The experiment "exact_posterior" visits all 2^N states, N <= '
                f"{MAX_FEATURES}, got N = {teacher.features}."
            )
        for load in (self.loads[0], self.loads[-1]):
            require_examples(teacher, load, glauber_of(setting).coldest)

    def measure(self, setting: Setting) -> Variables:
        teacher, T = teacher_of(setting), glauber_of(setting).coldest
        n, size, form = teacher.n, teacher.features, teacher.hamiltonian
        counts = [example_count(load, n, size) for load in self.loads]
        seen = np.zeros((len(LABELS), len(counts), 1))
        for k, count in enumerate(counts):
            draw = setting.stream.child("examples", k)
            data = teacher.examples(draw, count, T)
            exact = theory.energy_per_spin(count, n, size, T, form)
            moments = _moments(teacher.student(data), teacher.pattern.astype(float), T)
            seen[:, k, 0] = (*moments, exact)
        found = {
            name: (("load", "draw"), values, PURE | {"long_name": word})
            for (name, word), values in zip(LABELS.items(), seen, strict=True)
        }
        return found | {
            "alpha": ("load", np.array(self.loads), PURE),
            "count": ("load", np.array(counts), PURE | {"long_name": "examples M"}),
            "vertex": ((), n, PURE),
            "feature_count": ((), size, PURE),
            "temperature": ((), T, PURE),
        }


def _moments(
    student: Network, xi: Float[np.ndarray, " feature"], T: float
) -> tuple[float, ...]:
    """Overlaps, their squares and the energy under Boltzmann's law, by all states."""
    states, size = all_states(len(xi)), len(xi)
    energy = np.asarray(_energies(student, jnp.asarray(states)), float)
    weight = np.exp((np.min(energy) - energy) / T)
    weight /= np.sum(weight)
    mean = weight @ states
    pairs = (weight[:, None] * states).T @ states
    first = (xi @ mean / size, mean @ mean / size)
    second = (xi @ pairs @ xi / size**2, float(np.mean(pairs**2)))
    return (*first, *second, weight @ energy / size)


@eqx.filter_jit
def _energies(network: Network, states: jax.Array) -> jax.Array:
    return jax.vmap(network.binary_energy)(states)
