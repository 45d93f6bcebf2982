"""The landscape of a network of two features: energies in a plane, and fixed points."""

import numpy as np
from jaxtyping import Float

from .._common.environment import precision
from .._common.types import AnyArray
from ..dynamics import AbstractDynamics
from ..network import Network
from ..records import Dataset, dataset, PURE
from .distinct_roots import distinct, effective_energies
from .newton import polish
from .spectra import describe


def plane(
    network: Network,
    dynamics: AbstractDynamics,
    axis: Float[np.ndarray, " grid"],
    starts: Float[AnyArray, "start 2"],
) -> Dataset:
    r"""$E(v)$ on the square of an axis, and the zeros of $\nabla\Phi(g(v)) - \alpha v$.

    Fixed points are found by Newton's method from every start, in float64; those within
    a relative distance of 1e-6 are one. `fixed_index` counts unstable directions.
    [THEORY 5.1-5.2]
    """
    decay = dynamics.rest_decay
    found = polish(network, starts, decay=decay)
    roots = distinct(network, found.v, found.residual, found.converged)
    known = describe(network, dynamics, decay, roots.v)
    order = np.argsort(known.energy)
    order = order[known.index[order] >= 0]  # with a derivative
    with precision("float64"):
        pixels = np.stack(np.meshgrid(axis, axis, indexing="ij"), -1).reshape(-1, 2)
    landscape = effective_energies(network, np.asarray(decay), pixels)
    square = (len(axis), len(axis))
    told = {"long_name": "effective energy E(v) at (axis, axis)"}
    return dataset(
        {
            "axis": ("grid", axis, PURE),
            "landscape": (("grid", "grid_2"), landscape.reshape(square), PURE | told),
            "fixed_point": (("fixed", "feature"), roots.v[order], PURE),
            "fixed_energy": ("fixed", known.energy[order], PURE),
            "fixed_index": (
                "fixed",
                known.index[order],
                PURE | {"long_name": "unstable modes"},
            ),
        }
    )
