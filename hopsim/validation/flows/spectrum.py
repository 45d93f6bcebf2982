"""Spectra of the two-layer flow at random states: a dense solver and a closed form."""

from typing import Any, ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float
from pydantic import Field

from ..._common.types import AnyArray
from ...dynamics import expected, TwoLayer
from ...experiments._base import Setting
from ...experiments._ensemble import AbstractEnsemble, random_states
from ...experiments._variables import PURE
from ...network import Network
from ...records import Variables
from ...spectrum import coupling_values, two_layer_eigenvalues
from .._base import validations


@validations.register("spectrum")
class Spectrum(AbstractEnsemble):
    r"""All eigenvalues of $\partial\dot x/\partial x$ are real: $\lambda^\pm_k(s_k)$.

    The Jacobian of two layers at random states by autodiff, its eigenvalues by LAPACK
    (`numerical`), and the `closed` form from the singular values of
    $H_h^{1/2}\xi H_v^{1/2}$. `imaginary` is the largest |Im| and `closed_error` the
    largest distance of the two, both relative to |Jacobian|. [THEORY 5.1, CL-07]

    A zero mode makes the Jacobian defective where the time constants are equal: there
    any dense solver is off by sqrt(eps), so take other time constants.
    """

    plots: ClassVar[tuple[str, ...]] = ("spectrum",)

    states: int = Field(64, ge=1)
    spread: float = Field(1.5, gt=0)
    memory_spread: float = Field(4.0, gt=0)

    def validate_setting(self, setting: Setting) -> None:
        dynamics: Any = expected(setting.dynamics, TwoLayer, "spectrum")
        if dynamics.driven or np.any(dynamics.decay != 1):
            raise ValueError(
                'The experiment "spectrum" needs decay 1 and no drive, got '
                f"{dynamics.deviation}; set them so."
            )
        if dynamics.tau_memory.ndim or dynamics.tau_feature.ndim:
            raise ValueError(
                'The experiment "spectrum" needs one time constant for each layer, '
                "got a vector; give one number."
            )

    def entries(self, setting: Setting) -> float:
        neurons = float(setting.network.features + setting.network.count)
        return self.sets * self.states * neurons**2

    def measure(self, setting: Setting) -> Variables:
        network = setting.network
        dynamics = expected(setting.dynamics, TwoLayer, "spectrum")
        v, h = random_states(setting, self.states, self.spread, self.memory_spread)
        jacobian, closed = (np.asarray(x) for x in _spectra(network, dynamics, v, h))
        found = np.linalg.eigvals(jacobian)
        size = np.linalg.norm(jacobian, 2, axis=(1, 2))
        order = np.argsort(np.real(found), axis=1)
        found = np.take_along_axis(found, order, axis=1)
        real, imaginary = np.real(found), np.imag(found)
        away = np.max(np.abs(real - closed), axis=1)
        each = ("state", "eigenvalue")
        return {
            "numerical": (each, real, {"units": "1 / tau_feature"}),
            "numerical_imaginary": (each, imaginary, {"units": "1 / tau_feature"}),
            "closed": (each, closed, {"units": "1 / tau_feature"}),
            "jacobian_norm": ("state", size, {"units": "1 / tau_feature"}),
            "imaginary": ("state", np.max(np.abs(imaginary), axis=1) / size, PURE),
            "closed_error": ("state", away / size, PURE),
        }


@eqx.filter_jit
def _spectra(
    network: Network,
    dynamics: TwoLayer,
    v: Float[AnyArray, "state feature"],
    h: Float[AnyArray, "state memory"],
) -> tuple[Array, Array]:
    """The Jacobians of the field by autodiff, and their eigenvalues by theory."""
    features, count = network.features, network.count
    free = jnp.ones((features,), bool)

    def field(x: Array) -> Array:
        return jnp.concatenate(
            dynamics.field(network, (x[:features], x[features:]), free)
        )

    def one(v: Array, h: Array) -> tuple[Array, Array]:
        s = coupling_values(network, v, h)
        memory = dynamics.tau_memory / dynamics.tau_feature
        closed = two_layer_eigenvalues(s, features, count, 1.0, memory)
        return jax.jacfwd(field)(jnp.concatenate([v, h])), closed

    return jax.vmap(one)(v, h)
