"""The student: a network whose memories are the examples."""

from ..._common.arrays import repeats_expected, table
from ..._common.types import AnyArray
from ...data import patterns
from ...lagrangians import (
    AbsoluteValue,
    AbstractLagrangian,
    DistinctPolynomial,
    Polynomial,
    Rescaled,
)
from ...network import Network
from ...theory.teacher_student import Hamiltonian
from .exact_decisions import are_spins


def student_interaction(
    n: int, features: int, hamiltonian: Hamiltonian
) -> AbstractLagrangian:
    r"""F of one pattern: $\frac{n!}{N^{n-1}} e_n$, or $x^n / N^{n-1}$. [TT24]

    "distinct" is the model of the paper's phase diagram, "power" the formula printed
    on its poster, which is another one. [THEORY TRAP 1]
    """
    if n < 2:
        raise ValueError(f"The interaction vertex n must be >= 2, got {n}.")
    if hamiltonian == "distinct":
        return DistinctPolynomial(n, features)
    if hamiltonian != "power":
        raise ValueError(f"hamiltonian is distinct or power, got {hamiltonian!r}.")
    return Rescaled(Polynomial(n), outside=float(features) ** (1 - n))


def student(
    examples: AnyArray, n: int, hamiltonian: Hamiltonian = "distinct"
) -> Network:
    r"""The student: a network whose memories are the examples. [TT24]

    $P(\xi|\sigma) \propto e^{\Phi(\xi)/T}$ with
    $\Phi(\xi) = \sum_a F(\sigma^a\cdot\xi)$: sampled by `Glauber`.

    **Arguments:**

    - `examples`: spins of shape (memory, feature).
    - `n`: how many sites interact, from 2 on.
    """
    examples = table(examples, "Examples", "memory")
    if not are_spins(examples):
        raise ValueError(
            "Examples must be spins +1 and -1 of shape (memory, feature); draw them by "
            "patterns.examples, or take the signs of others."
        )
    layer = student_interaction(n, examples.shape[1], hamiltonian)
    with repeats_expected():  # the same example twice is nothing unusual
        return Network(patterns._cast(examples), AbsoluteValue(), layer)
