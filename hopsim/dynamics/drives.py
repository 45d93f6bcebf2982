r"""Drives: currents I(t) into the feature neurons, added to the constant current.

A drive does work: $\dot E = -\text{dissipation} - \dot I \cdot g$. [THEORY 1.2]
"""

import abc

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from .._common.registry import Registry
from .._common.types import AnyArray, as_number, as_numbers, concrete, Scalar


drives = Registry("drive")


class AbstractDrive(eqx.Module):
    """A current that depends on time, in units of `tau_feature`.

    To add one: implement `__call__`, smooth in time; its derivative is taken for you.
    """

    @abc.abstractmethod
    def __call__(self, t: Scalar) -> Array:
        """`I(t)`, one number or one for each feature neuron."""

    def rate(self, t: Scalar) -> Array:
        """`dI/dt`."""
        return jax.jvp(self, (t,), (jnp.ones_like(t),))[1]


@drives.register("sinusoid")
class Sinusoid(AbstractDrive):
    r"""$I(t) = A \sin(\omega t)$, `omega` in radians per tau_feature. [THEORY CL-06]"""

    amplitude: AnyArray = eqx.field(converter=as_numbers)
    omega: AnyArray = eqx.field(converter=as_number)

    def __call__(self, t: Scalar) -> Array:
        return self.amplitude * jnp.sin(self.omega * t)


@drives.register("pulse")
class Pulse(AbstractDrive):
    r"""$I(t) = A\, e^{-(t - t_0)^2 / 2 w^2}$, a smooth cue. [KH21: currents I_i]"""

    amplitude: AnyArray = eqx.field(converter=as_numbers)
    centre: AnyArray = eqx.field(converter=as_number)
    width: AnyArray = eqx.field(converter=as_number, default=1.0)

    def __check_init__(self):
        if concrete(self.width) and not np.all(np.asarray(self.width) > 0):
            raise ValueError(f"The width of Pulse must be > 0, got {self.width}.")

    def __call__(self, t: Scalar) -> Array:
        return self.amplitude * jnp.exp(-(((t - self.centre) / self.width) ** 2) / 2)
