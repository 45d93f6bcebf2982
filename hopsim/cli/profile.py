"""A profile: how long each part of a run took, beside its bare matrix products."""

import time

import jax
import jax.numpy as jnp
import numpy as np

from .._common.clock import Clock, Work


SAMPLE_SECONDS = 0.2  # the products are timed for about so long, and scaled


def profile_lines(clock: Clock, total: float, imports: float) -> list[tuple[str, str]]:
    """(phase, text) pairs of one run; `total` holds everything but the imports."""
    spent = clock.seconds
    integrating = spent["integrate"]
    rest = max(total - sum(spent.values()), 0.0)
    cached = f"{clock.loaded} of {len(clock.names)} programs from the cache"
    page = [
        ("import", f"{imports:8.2f} s"),
        ("trace", f"{spent['trace']:8.2f} s"),
        ("compile", f"{spent['compile']:8.2f} s  ({cached})"),
        ("integrate", f"{integrating:8.2f} s"),
        ("analyse", f"{rest:8.2f} s  (certify, judge, read and write)"),
        ("draw", f"{spent['draw']:8.2f} s"),
    ]
    known = [work for work in clock.work if work.executed]
    if not known:
        return [*page, ("evaluations", "not counted: no explicit stages or AltIMEX")]
    useful = sum(work.useful for work in known)
    lanes = sum(work.executed * work.lanes for work in known)
    products = sum(_product_seconds(work) for work in known)
    share = f" = {products / integrating:.0%} of integrating" if integrating else ""
    return [
        *page,
        (
            "evaluations",
            f"{useful} of the field, {lanes / useful:.2f} times as many with the lanes "
            "that waited for slower probes",
        ),
        ("products", f"{products:8.2f} s for their bare matrix products{share}"),
    ]


def _product_seconds(work: Work) -> float:
    """Both products of every evaluation that was executed, timed on their own."""
    dtype = np.dtype(work.dtype)
    rng = np.random.default_rng(0)
    memories = rng.standard_normal((work.count, work.features)).astype(dtype)
    v = rng.standard_normal((work.lanes, work.features)).astype(dtype)
    small = np.asarray(1 / (work.count * work.features), dtype)
    high = jax.lax.Precision.HIGHEST

    @jax.jit
    def products(v, memories, rounds):
        def both(_, v):
            h = jnp.matmul(v, memories.T, precision=high)
            return small * jnp.matmul(h, memories, precision=high)

        return jax.lax.fori_loop(0, rounds, both, v)

    rounds = 4
    products(v, memories, rounds).block_until_ready()
    while True:
        begun = time.perf_counter()
        products(v, memories, rounds).block_until_ready()
        seconds = time.perf_counter() - begun
        if seconds > SAMPLE_SECONDS or rounds >= work.executed:
            return seconds / rounds * work.executed / work.devices
        rounds = min(4 * rounds, work.executed)
