"""The cost of a sweep is linear in N K, up to a million memories of 784 features.

Memories are int8 throughout; every size is a process of its own, on one core, whose
peak memory is printed beside the CPU seconds of a sweep. Draws
`figures/binary_scale.png`. `--most 1e5` leaves larger numbers of memories out.
"""

import json
import os
import pathlib
import statistics
import subprocess
import sys
import time


FEATURES = (196, 784)
COUNTS = (10_000, 30_000, 100_000, 300_000, 1_000_000)
STARTS, SWEEPS = 8, 3
FLAGS = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
PICTURE = pathlib.Path(__file__).parents[2] / "figures" / "binary_scale.png"


def main() -> None:
    most = float(sys.argv[2]) if sys.argv[1:2] == ["--most"] else max(COUNTS)
    print("\n## Scale: n = 4, 8 starts, one core\n")
    print("| features | memories | CPU s / sweep | N K starts / s | peak memory |")
    print("|---|---|---|---|---|")
    rows = []
    for features in FEATURES:
        for count in COUNTS:
            if count > most:
                continue
            command = [sys.executable, __file__, "one", str(features), str(count)]
            if hasattr(os, "sched_setaffinity"):
                command = ["taskset", "-c", "0", *command]
            done = subprocess.run(
                command,
                check=True,
                stdout=subprocess.PIPE,
                text=True,
                env=os.environ | {"XLA_FLAGS": FLAGS, "OMP_NUM_THREADS": "1"},
            )
            row = json.loads(done.stdout.splitlines()[-1])
            rows.append(row)
            rate = features * count * STARTS / row["seconds"]
            print(f"| {features} | {count:,} | {row['seconds']:.3g} ", end="")
            print(f"| {rate / 1e9:.2f} G | {row['peak'] / 2**30:.2f} GiB |", flush=True)
    draw(rows)


def one(features: int, count: int) -> dict:
    """CPU seconds of one sweep, compilation and set-up apart, and the peak memory."""
    import resource

    import numpy as np

    from hopsim import dynamics, lagrangians, Network
    from hopsim.dynamics.spins.relaxation import relax

    rng = np.random.default_rng(0)
    draw = lambda n: 2 * rng.integers(0, 2, (n, features), np.int8) - 1
    memories, starts = draw(count), draw(STARTS).astype(float)
    network = Network(memories, lagrangians.AbsoluteValue(), lagrangians.Polynomial(4))
    del memories
    times = []
    relax(
        network,
        dynamics.Binary(order="sequential"),
        starts,
        max_sweeps=SWEEPS + 1,
        watch=lambda *_: times.append(time.process_time()),
    )
    spent = np.diff(times)[1:]  # the first sweep compiles
    assert len(spent) >= 2, "the starts came to rest too soon"
    return {
        "features": features,
        "count": count,
        "seconds": statistics.median(spent),
        "peak": 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss,
    }


def draw(rows: list[dict]) -> None:
    import matplotlib

    matplotlib.use("agg")
    import matplotlib.pyplot as plt
    import numpy as np

    figure, axes = plt.subplots(figsize=(5, 3.6), layout="constrained")
    size = lambda row: row["features"] * row["count"]
    for features, marker in zip(FEATURES, "os", strict=True):
        mine = [row for row in rows if row["features"] == features]
        seconds = [row["seconds"] for row in mine]
        axes.plot([size(r) for r in mine], seconds, marker, label=f"N = {features}")
    ends = np.array([min(map(size, rows)), max(map(size, rows))])
    unit = statistics.median(row["seconds"] / size(row) for row in rows)
    axes.plot(ends, unit * ends, "k-", lw=0.8, label=r"linear in $N K$")
    axes.set(
        xscale="log",
        yscale="log",
        xlabel=r"features times memories, $N K$",
        ylabel=f"CPU seconds per sweep of {STARTS} starts",
    )
    axes.legend(frameon=False)
    figure.savefig(PICTURE, dpi=150)
    print(f"\n{PICTURE.relative_to(PICTURE.parents[1])}")


if __name__ == "__main__":
    if sys.argv[1:2] == ["one"]:
        print(json.dumps(one(int(sys.argv[2]), int(sys.argv[3]))))
    else:
        main()
