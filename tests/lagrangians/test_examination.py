"""`examine` tells what a Lagrangian is, and where it contradicts itself."""

from typing import Any, ClassVar

import cases
import equinox as eqx
import jax.numpy as jnp
import numpy as np
import pytest

from hopsim import lagrangians as L
from hopsim._common.types import AnyArray, as_number


class Mistaken(L.AbstractLagrangian):
    """Half the square norm, and what is wrong with it, in numbers: one program."""

    tilt: AnyArray = eqx.field(converter=as_number, default=0.0)  # of the activation
    bend: AnyArray = eqx.field(converter=as_number, default=1.0)  # of the Hessian
    share: AnyArray = eqx.field(converter=as_number, default=1.0)  # of the bracket
    kink: AnyArray = eqx.field(converter=as_number, default=0.0)  # of L, concave
    power: AnyArray = eqx.field(converter=as_number, default=0.0)  # of L, quartic
    pull: AnyArray = eqx.field(converter=as_number, default=0.0)  # between neurons
    convex: ClassVar[bool] = True
    additive: ClassVar[bool] = True
    smooth: ClassVar[bool] = True
    degree: ClassVar[int] = 2

    def __call__(self, x):
        own = 0.5 * x @ x - self.kink * jnp.sum(jnp.abs(x))
        return own + self.power * jnp.sum(x**4) + self.pull * x[0] * x[1]

    def activation(self, x):
        return super().activation(x) + self.tilt * jnp.roll(x, 1)

    def curvature(self, x, dx):
        return self.bend * super().curvature(x, dx)

    def bracket(self, x):
        return self.share * (x @ L.AbstractLagrangian.activation(self, x) - self(x))


@pytest.fixture(scope="module")
def mistaken_program():
    L.examine(Mistaken())


@pytest.mark.usefixtures("mistaken_program")
@pytest.mark.parametrize(
    ("wrong", "found"),
    [
        ({}, ()),
        (
            {"tilt": 1e-4},
            ("the activation is not", "the curvature is not", "symmetric"),
        ),
        ({"bend": 1.01}, ("the curvature is not the Hessian",)),
        ({"share": 0.99}, ("the bracket is not",)),
        ({"share": float("nan")}, ("the bracket is not",)),
        (
            {"tilt": float("nan")},
            ("the activation is not", "the curvature", "symmetric"),
        ),
        ({"kink": 0.1}, ("convex, and is not", "the gradient jumps", "of degree 2")),
        ({"power": 1e-3}, ("declared of degree 2, and is not",)),
        ({"pull": 0.5}, ("declared additive, and neurons compete",)),
        ({"pull": 2.0}, ("declared convex, and is not", "declared additive")),
    ],
)
def test_what_is_mistaken_is_named(wrong, found):
    seen = L.examine(Mistaken(**wrong))
    for text in found:
        assert any(text in told for told in seen.contradictions), seen
    unexpected = {"tilt": 6, "kink": 3}.get(next(iter(wrong), ""), len(found))
    assert len(seen.contradictions) <= unexpected, seen
    assert ("CONTRADICTION" in str(seen)) == bool(found)


class Sparsemax(L.AbstractLagrangian):
    """Half the square distance to 0 less that to the simplex. [Martins & Astudillo]"""

    def __call__(self, x):
        z, rank = jnp.sort(x)[::-1], jnp.arange(1, x.size + 1, dtype=x.dtype)
        inside = 1 + rank * z > jnp.cumsum(z)
        threshold = (jnp.sum(z, where=inside) - 1) / jnp.sum(inside, dtype=x.dtype)
        return 0.5 * jnp.sum(z**2 - threshold**2, where=inside) + 0.5


class TiedSparsemax(L.AbstractLagrangian):
    """The same values; where two sums tie, autodiff shares the slope of the max."""

    def __call__(self, x):
        rank = jnp.arange(1, x.size + 1, dtype=x.dtype)
        threshold = jnp.max((jnp.cumsum(jnp.sort(x)[::-1]) - 1) / rank)
        return 0.5 * jnp.sum(jnp.where(x > threshold, x**2 - threshold**2, 0)) + 0.5


def test_autodiff_may_be_wrong_where_neurons_tie(sparsemax):
    x = jnp.asarray([1.5, 0.5, 0.25, -1.0])  # the point of the simplex is a corner
    np.testing.assert_array_equal(Sparsemax().activation(x), [1, 0, 0, 0])
    np.testing.assert_array_equal(TiedSparsemax().activation(x), [1.125, -0.125, 0, 0])
    assert sparsemax.tie_error < 1e-5  # of the order of the distance of neighbours


@pytest.mark.slow
def test_examine_names_slopes_that_are_wrong_where_neurons_tie():
    (told,) = L.examine(TiedSparsemax(), features=5).contradictions
    assert told.startswith("the activation is wrong where neurons tie")


@pytest.mark.slow
def test_a_kink_is_no_wrong_slope():
    """That of |x| at 0 is any number from -1 to 1: its neighbours do not agree."""
    assert L.examine(L.AbsoluteValue(), features=5).tie_error == 0


@pytest.fixture(scope="module")
def sparsemax():
    return L.examine(Sparsemax(), features=5)


def test_an_own_lagrangian_is_described(sparsemax):
    """Sparsemax: convex, neurons compete, the Hessian is that of a projection."""
    seen = sparsemax
    assert not seen.contradictions
    assert not seen.concave
    assert not seen.additive
    assert seen.smooth
    assert seen.hessian_jump > 0.1
    assert seen.degree is None
    text = str(seen)
    assert text.startswith("Sparsemax, 5 neurons, 120 states of size 0.01 to 100")
    assert "the Hessian jumps" in text
    assert text.endswith("no contradiction found")
    assert repr(seen) == text


@pytest.mark.slow
@pytest.mark.parametrize("name", cases.VARIANTS)
def test_shipped_lagrangians_are_what_they_say(name):
    layer = cases.VARIANTS[name]
    seen = L.examine(layer)
    assert not seen.contradictions
    assert seen.concave == (not layer.convex)
    assert seen.additive == layer.additive
    assert seen.smooth == layer.smooth
    assert seen.degree == layer.degree
    rough = layer.kink in (1, 2) if layer.smooth else None
    assert rough is None or (seen.hessian_jump > 0.1) == rough
    assert seen.finite == 1


@pytest.mark.slow
def test_exponentials_overflow_where_exp_does():
    seen = L.examine(L.Exponential(1.0))
    # e^88.7 and e^709.8 are the largest; the next powers of two are 128 and 1024
    assert seen.largest == {"float32": 64.0, "float64": 512.0}


def test_what_cannot_be_examined_is_refused(any_types):
    with pytest.raises(ValueError, match="got function"):
        L.examine(lambda x: x @ x)  # pyright: ignore[reportArgumentType]
    wrong: tuple[Any, ...] = (1, 0, True, 2.5)
    for features in wrong:
        told = f"features must be a whole number >= 2, got {features}"
        with pytest.raises(ValueError, match=told):
            L.examine(L.Quadratic(), features=features)
