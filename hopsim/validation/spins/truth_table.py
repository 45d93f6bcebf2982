"""Truth tables as memories, such as XOR of KH16: are their outputs recalled?"""

from typing import ClassVar

import equinox as eqx
import numpy as np
from pydantic import Field

from ...dynamics.spins.exact_decisions import energy, Exact, is_exact
from ...experiments._base import AbstractExperiment, Setting
from ...experiments._units import Unit, UnitContext
from ...experiments._variables import PURE
from ...lagrangians import Polynomial, RectifiedPolynomial
from ...records import Variables
from .._base import validations


@validations.register("truth_table")
class TruthTable(AbstractExperiment):
    r"""$\mathrm{sign}[E(x, -1) - E(x, +1)]$ for every row of a table, in integers.

    Each memory is a row: its last feature is the output, the others are the inputs. A
    row is `solved` if the energy is lower with the memory's own output than with the
    other one, and a `tie` if both are equal; `rule_differs` if the rule of spins has
    another sign. XOR has $E = \mathrm{const}$ for even n and for n = 1, and
    $E \propto xyz$ for odd $n \ge 3$; rectified powers solve it from n = 2 on. [KH16
    sec. 3; THEORY C1]
    """

    plots: ClassVar[tuple[str, ...]] = ("truth_table",)

    n: list[int] = Field(min_length=1)

    def validate_setting(self, setting: Setting) -> None:
        network = setting.network
        layer = network.memory_lagrangian
        power = isinstance(layer, Polynomial | RectifiedPolynomial)
        if not power or not is_exact(network):
            raise ValueError(
                'The experiment "truth_table" needs a literal power and memories of '
                f"+1 and -1, got {type(layer).__name__}; use normalised = false."
            )
        for n in self.n:
            type(layer)(n)

    def perform(self, setting: Setting, unit: Unit, context: UnitContext) -> Variables:
        network = setting.network
        layer = network.memory_lagrangian
        assert isinstance(
            layer, Polynomial | RectifiedPolynomial
        )  # see `validate_setting`
        rows = np.asarray(network.memories).astype(np.int64)
        gaps, signs = [], []
        for n in self.n:
            layer_n = type(layer)(n)
            own = eqx.tree_at(lambda x: x.memory_lagrangian, network, layer_n)
            exact = Exact(own)
            for row in rows:
                other = np.append(row[:-1], -row[-1])
                gaps.append(energy(own, other) - energy(own, row))
                decided = exact.sign(exact.memories @ row, int(row[-1]), len(row) - 1)
                signs.append(decided * int(row[-1]))
        shape = (len(self.n), len(rows))
        sign = np.array([(gap > 0) - (gap < 0) for gap in gaps]).reshape(shape)
        shown = np.array([float(gap) for gap in gaps]).reshape(shape)
        where = ("n", "row")
        return {
            "n": (
                "n",
                np.array(self.n),
                PURE | {"long_name": "vertex n"},
            ),
            "table": (("row", "feature"), rows, PURE),
            "gap": (where, shown, PURE | {"long_name": "E(other) - E(row)"}),
            "solved": (where, sign > 0, PURE),
            "tie": (where, sign == 0, PURE),
            "rule_differs": (where, np.reshape(signs, shape) != sign, PURE),
        }
