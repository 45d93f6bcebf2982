"""The census of attractors at full size: wall time, peak memory, time per probe.

`python tests/benchmarks/census.py [probes ...]`, by default 1,000 and 10,000 probes of
model B with N = 784 and K = 4,096; HOPSIM_FEATURES and HOPSIM_COUNT make it smaller.
Each size runs in a process of its own, whose largest memory is told. The time for each
probe should not grow with their number.
"""

import json
import os
import resource
import subprocess
import sys
import time


FEATURES = int(os.environ.get("HOPSIM_FEATURES", "784"))
COUNT = int(os.environ.get("HOPSIM_COUNT", "4096"))
SHARPNESS = 20.0  # beta |xi|^2, some twice the spinodal: memories are attractors
NOISE = 0.5  # of the probes, by the standard deviation of a memory's entries


def main(sizes: list[int]) -> None:
    print(f"\n## Census: model B, N = {FEATURES}, K = {COUNT}\n")
    print("| probes | seconds | ms a probe | peak GiB | attractors | unconverged |")
    print("|---:|---:|---:|---:|---:|---:|")
    for size in sizes:
        asked = [sys.executable, __file__, "--one", str(size)]
        done = subprocess.run(asked, check=True, stdout=subprocess.PIPE, text=True)
        seen = json.loads(done.stdout.splitlines()[-1])
        each = 1e3 * seen["seconds"] / size
        print(
            f"| {size} | {seen['seconds']:.1f} | {each:.2f} | {seen['gib']:.2f} | "
            f"{seen['attractors']} | {seen['unconverged']} |",
            flush=True,
        )


def one(size: int) -> dict[str, float]:
    import jax

    jax.config.update("jax_enable_x64", True)
    import numpy as np

    import hopsim
    from hopsim import dynamics, patterns

    memories = patterns.sphere(0, COUNT, FEATURES)
    aims = np.random.default_rng(1).integers(COUNT, size=size)
    probes = patterns.corrupted(2, memories[aims], noise=NOISE)
    network = hopsim.model_b(memories, beta=SHARPNESS / FEATURES)
    begun = time.perf_counter()
    found = hopsim.find_attractors(
        network, dynamics.Adiabatic(), probes, duration=100.0
    )
    seconds = time.perf_counter() - begun
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20  # of KiB
    lost = int(np.sum(np.asarray(found.labels) < 0))
    kept = int(found.table.sizes["attractor"])
    return {"seconds": seconds, "gib": peak, "attractors": kept, "unconverged": lost}


if __name__ == "__main__":
    if sys.argv[1:2] == ["--one"]:
        print(json.dumps(one(int(sys.argv[2]))))
    else:
        main([int(x) for x in sys.argv[1:]] or [1000, 10_000])
