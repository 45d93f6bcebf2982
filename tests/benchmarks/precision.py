"""Precision: what float32 and float64 make of one problem at several tolerances.

Case b1 with 64 probes to t = 2, amid the recall (later all rest on the memories). The
reference is Dopri8 in float64 at rtol = 1e-12. On an accelerator float32 runs at JAX's
default precision of products too.
"""

import jax
import numpy as np


jax.config.update("jax_enable_x64", True)

END = 2.0
CASES = {
    "float64": [1e-4, 1e-5, 1e-6, 1e-7, 1e-8, 1e-10],
    "float32": [1e-3, 1e-4, 1e-5],
}


def main() -> None:
    from hopsim import certify, dynamics, model_b, patterns, simulate

    memories = patterns.random_binary(0, 100, 64)
    probes = patterns.corrupted(1, memories[:64], flipped=0.3)
    flow = dynamics.TwoLayer(0.1)

    def run(dtype, solver, rtol, atol):
        network = model_b(memories.astype(dtype), 0.5)
        path = simulate(
            network,
            flow,
            probes,
            duration=END,
            samples=2,
            solver=solver,
            rtol=rtol,
            atol=atol,
            until="duration",
        )
        return path, certify(network, path)

    exact = run("float64", "dopri8", 1e-12, 1e-14)[0].final
    print("\n## Precision: model B, 64x100, 64 probes, t = 2\n")
    print(
        "| precision | products | rtol = atol | steps, median | rejected | "
        "final error, median and worst | worst rise / S_E | certified |"
    )
    print("|---" * 8 + "|")
    gpu = jax.default_backend() != "cpu"
    for dtype, tolerances in CASES.items():
        for products in ("highest", "default") if gpu else ("highest",):
            for rtol in tolerances:
                with jax.default_matmul_precision(products):
                    path, certificate = run(dtype, "tsit5", rtol, rtol)
                away = np.max(np.abs(path.final - exact), axis=1) / np.max(
                    np.abs(exact)
                )
                scale = path.rise_limit / path.rise_tolerance
                rise = np.max(path.worst_rise / scale)
                steps, rejected = np.median(path.steps), np.median(path.rejected)
                print(
                    f"| {dtype} | {products} | {rtol:.0e} | {steps:.0f} "
                    f"| {rejected:.0f} | {np.median(away):.0e}, "
                    f"{np.max(away):.0e} | {rise:.0e} | "
                    f"{np.sum(certificate.holds)}/{len(away)} |"
                )


if __name__ == "__main__":
    main()
