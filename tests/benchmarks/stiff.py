"""Stiff networks: what each form costs, and how far it is from the two-layer flow.

Model B, 20 memories, t = 4, 8 probes, float64, rtol = 1e-6. The error is the largest
distance from a reference at rtol = 1e-10 over 41 samples, relative to the largest |v|.
"""

import time

import jax
import numpy as np


jax.config.update("jax_enable_x64", True)

END, SAMPLES = 4.0, 41
FORMS = ("tsit5", "kvaerno3", "kvaerno5", "altimex", "adiabatic", "with mass", "auto")


def main() -> None:
    print("\n## Stiff networks: milliseconds / steps / error\n")
    print("| features, tau_memory | " + " | ".join(FORMS) + " | auto takes |")
    print("|---" * (len(FORMS) + 2) + "|")
    for features in (64, 512):
        for tau in (1e-1, 1e-2, 1e-3, 1e-4):
            print(_row(features, tau), flush=True)


def _row(features: int, tau: float) -> str:
    from hopsim import dynamics, model_b, patterns, simulate

    memories = patterns.random_binary(0, 20, features)
    probes = patterns.corrupted(1, memories[:8], flipped=0.3)
    network = model_b(memories, 4 / np.sqrt(features))
    run = lambda motion, solver, **options: simulate(
        network,
        motion,
        probes,
        duration=END,
        samples=SAMPLES,
        solver=solver,
        until="duration",
        max_steps=200_000,
        **options,
    )
    flow = dynamics.TwoLayer(tau)
    reference = run(flow, "tsit5", rtol=1e-10, atol=1e-12)
    cells, taken = [], ""
    for form in FORMS:
        motion = flow
        if form == "adiabatic":
            motion = dynamics.Adiabatic()
        if form == "with mass":
            motion = dynamics.Adiabatic(tau_memory=tau)
        explicit = form in ("adiabatic", "with mass")
        solver = "tsit5" if explicit else form
        if form.startswith("kvaerno") and features > 64:
            cells.append("dense Newton")
            continue
        once = lambda m=motion, s=solver: run(m, s, rtol=1e-6, atol=1e-6)
        path = once()
        begun = time.perf_counter()
        path = once()
        seconds = time.perf_counter() - begun
        v, exact = np.asarray(path.v), np.asarray(reference.v)
        away = np.max(np.abs(v - exact)) / np.max(np.abs(exact))
        steps = int(np.max(path.steps + path.rejected))
        cells.append(f"{1e3 * seconds:.3g} / {steps} / {away:.0e}")
        taken = path.solver if form == "auto" else taken
    return f"| {features}, {tau:.0e} | " + " | ".join(cells) + f" | {taken} |"


if __name__ == "__main__":
    main()
