"""Two CPU devices of one core each against one: 1,024 probes of case b1."""

import os
import statistics
import time


os.environ.setdefault("JAX_NUM_CPU_DEVICES", "2")

import jax
from ode import Case


def main() -> None:
    case = Case((64, 100, 1024, "float32"))
    devices = jax.devices()
    spent: dict[int, list[float]] = {1: [], len(devices): []}
    for n in spent:
        case.simulate("steady", devices=devices[:n])
    for _ in range(7):  # interleaved
        for n, times in spent.items():
            begun = time.perf_counter()
            case.simulate("steady", devices=devices[:n])
            times.append(time.perf_counter() - begun)
    one, all_ = (statistics.median(times) for times in spent.values())
    print("\n## Cores: 64x100, B = 1024, float32, wall milliseconds, not pinned\n")
    print(
        f"one device {1e3 * one:.0f}, {len(devices)} devices {1e3 * all_:.0f}: ", end=""
    )
    print(f"{one / all_:.2f} times as fast")


if __name__ == "__main__":
    main()
