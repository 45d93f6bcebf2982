"""Settings of the tests. Imports nothing of hopsim: the jaxtyping hook comes first."""

import itertools

import jax
import jax.random as jr
import pytest


jax.config.update("jax_enable_x64", True)
jax.config.update("jax_numpy_rank_promotion", "raise")
jax.config.update("jax_numpy_dtype_promotion", "strict")


def pytest_configure(config):
    # the tests ask for right numbers, the benchmarks for fast ones: a program that is
    # run once compiles in half the time when it is not optimised
    if not config.getoption("benchmark_only", False):
        jax.config.update("jax_disable_most_optimizations", True)


@pytest.fixture(scope="module", autouse=True)
def few_programs():
    """Compiled programs stay mapped for as long as a cache holds them: let them go."""
    yield
    jax.clear_caches()


@pytest.fixture
def getkey():
    """A function that returns a new JAX random key at every call."""
    seeds = itertools.count()
    return lambda: jr.key(next(seeds))
