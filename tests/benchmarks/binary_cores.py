"""Case b4 on two CPU cores, against one XLA device with two threads.

Wall time, not pinned, n = 4: XLA spreads each small operation of the one device over
both cores, which costs more than it brings.
"""

import json
import os
import statistics
import subprocess
import sys
import time


WAYS = ("walk 2", "walk 1", "lockstep 2", "lockstep 1")  # engine, devices
ROUNDS, REPEATS = 3, 5


def main() -> None:
    found: dict[str, list[float]] = {way: [] for way in WAYS}
    for _ in range(ROUNDS):  # interleaved
        for way in WAYS:
            engine, devices = way.split()
            environment = os.environ | {
                "JAX_NUM_CPU_DEVICES": devices,
                "HOPSIM_STARTS": "2048",
            }
            done = subprocess.run(
                [sys.executable, __file__, engine],
                env=environment,
                check=True,
                stdout=subprocess.PIPE,
                text=True,
            )
            found[way] += json.loads(done.stdout.splitlines()[-1])
    print("\n## Cores: b4, n = 4, 2,048 starts, wall milliseconds, not pinned\n")
    times = {way: statistics.median(found[way]) for way in WAYS}
    for way, seconds in times.items():
        ratio = times[WAYS[-1]] / seconds
        print(f"{way}: {1e3 * seconds:.0f} ({ratio:.2f} times as fast as {WAYS[-1]})")


def one(engine: str) -> list[float]:
    from test_binary_speed import Case

    case, times = Case(4, False), []
    for _ in range(REPEATS):
        begun = time.perf_counter()
        case.relax(engine=engine)
        times.append(time.perf_counter() - begun)
    return times


if __name__ == "__main__":
    if len(sys.argv) > 1:
        print(json.dumps(one(sys.argv[1])))
    else:
        main()
