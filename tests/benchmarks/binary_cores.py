"""Case b4 on two CPU devices of one core each, and on one device with two threads.

Wall time, not pinned, n = 4: XLA spreads each small operation of the one device over
both cores, which costs more than it brings.
"""

import json
import os
import statistics
import subprocess
import sys
import time


WAYS = ("1", "2")  # devices
ROUNDS, REPEATS = 3, 5


def main() -> None:
    found: dict[str, list[float]] = {devices: [] for devices in WAYS}
    for _ in range(ROUNDS):  # interleaved
        for devices in WAYS:
            environment = os.environ | {
                "JAX_NUM_CPU_DEVICES": devices,
                "HOPSIM_STARTS": "2048",
            }
            done = subprocess.run(
                [sys.executable, __file__, "one"],
                env=environment,
                check=True,
                stdout=subprocess.PIPE,
                text=True,
            )
            found[devices] += json.loads(done.stdout.splitlines()[-1])
    print("\n## Cores: b4, n = 4, 2,048 starts, wall milliseconds, not pinned\n")
    slow, fast = (statistics.median(times) for times in found.values())
    print(f"one device of two threads {1e3 * slow:.0f}, two devices ", end="")
    print(f"{1e3 * fast:.0f}: {slow / fast:.2f} times as fast")


def one() -> list[float]:
    from test_binary_speed import Case

    case, times = Case(4, False), []
    for _ in range(REPEATS):
        begun = time.perf_counter()
        case.relax()
        times.append(time.perf_counter() - begun)
    return times


if __name__ == "__main__":
    if sys.argv[1:] == ["one"]:
        print(json.dumps(one()))
    else:
        main()
