"""Gradients and tangents of `flow` and `fixed_point`, in units of the forward run.

Model B, 64 features, 100 memories, two layers, tau_memory = 0.1, beta = 4 / sqrt(N), a
memory with 30 % of its signs flipped; float64, t = 10; in turn, medians of CPU seconds.
With respect to all memories and beta.
"""

import statistics
import time
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np


jax.config.update("jax_enable_x64", True)

from hopsim import dynamics, fixed_point, flow, model_b  # noqa: E402


FEATURES, COUNT, END, ROUNDS = 64, 100, 10.0, 31
draw = np.random.default_rng(0)
XI = np.sign(draw.standard_normal((COUNT, FEATURES)))
V0 = XI[0] * np.where(draw.random(FEATURES) < 0.3, -1, 1)
BETA = 4 / FEATURES**0.5
WEIGHTS = draw.standard_normal(FEATURES)
MOTION = dynamics.TwoLayer(0.1)


def followed(adjoint: Any) -> Callable[..., Any]:
    """A number of the state after a flow."""

    def end(xi, beta):
        network = model_b(xi, beta)
        return flow(network, MOTION, V0, duration=END, adjoint=adjoint) @ WEIGHTS

    return end


def rested(xi, beta):
    """A number of the fixed point."""
    return fixed_point(model_b(xi, beta), MOTION, V0) @ WEIGHTS


def programs() -> dict[str, dict[str, Callable[[], Any]]]:
    """What is timed, compiled."""
    given, along = (XI, BETA), (jnp.asarray(XI), jnp.ones(()))

    def three(forward, backward):
        of = {
            "forward": jax.jit(backward),
            "gradient": jax.jit(jax.grad(backward, argnums=(0, 1))),
            "tangent": jax.jit(lambda *p: jax.jvp(forward, p, along)[1]),
        }
        return {k: lambda f=f: jax.block_until_ready(f(*given)) for k, f in of.items()}

    return {
        "flow": three(followed("forward"), followed("checkpoints")),
        "fixed_point": three(rested, rested),
    }


def seconds(run: Callable[[], Any]) -> float:
    """CPU seconds of one run."""
    begun = time.process_time()
    run()
    return time.process_time() - begun


def main() -> None:
    for name, runs in programs().items():
        for run in runs.values():
            run()
        rounds = [{k: seconds(run) for k, run in runs.items()} for _ in range(ROUNDS)]
        base = statistics.median(x["forward"] for x in rounds)
        ratios = ", ".join(
            f"{kind} {statistics.median(x[kind] / x['forward'] for x in rounds):.2f}"
            for kind in ("gradient", "tangent")
        )
        print(f"{name}: forward {1e3 * base:.2f} ms; in units of it: {ratios}")


if __name__ == "__main__":
    main()
