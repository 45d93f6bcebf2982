"""b5: a scan of 36 shapes in a fresh process, against one XLA program for each.

Power n = 3, 512 random starts, six numbers of features and six loads K / N^2. Starts
that walk share one program; lockstep pads shapes, or compiles each of the 36 exactly.
The states must be the same. The compiled walk is on disk, as after any first run;
"compiling" starts without it.
"""

import hashlib
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time


FEATURES = (45, 50, 60, 70, 80, 100)
LOADS = (0.05, 0.075, 0.1, 0.13, 0.16, 0.2)
STARTS, ROUNDS = 512, 3
WAYS = ("cpu", "compiling", "padded", "exact")


def main() -> None:
    found: dict[str, list[dict]] = {way: [] for way in WAYS}
    for _ in range(ROUNDS):
        for way, runs in found.items():
            command = [sys.executable, __file__, way]
            with tempfile.TemporaryDirectory() as empty:
                fresh = {"NUMBA_CACHE_DIR": empty} if way == "compiling" else {}
                done = subprocess.run(
                    command,
                    check=True,
                    capture_output=True,
                    text=True,
                    env=os.environ | fresh,
                )
            runs.append(json.loads(done.stdout.splitlines()[-1]))
    states = {run["states"] for runs in found.values() for run in runs}
    assert len(states) == 1, "padding changed a state"
    print("\n## b5: 36 shapes, n = 3, 512 starts, CPU seconds of a fresh process\n")
    print("| shapes | programs | first | again |\n|---|---|---|---|")
    total = {}
    for way, runs in found.items():
        middle = lambda key, runs=runs: statistics.median(run[key] for run in runs)
        total[way] = middle("seconds")
        print(f"| {way} | {middle('programs')} | {total[way]:.1f} ", end="")
        print(f"| {middle('again'):.1f} |")
    for way in WAYS[:-1]:
        print(f"\n{way}: {total['exact'] / total[way]:.1f} times as fast, same states")


def scan(way: str) -> dict:
    """All shapes, one after the other."""
    import jax
    import numpy as np

    programs: list[str] = []

    def listen(event: str, duration_secs: float, **kwargs) -> None:
        if event == "/jax/core/compile/backend_compile_duration":
            programs.append(str(kwargs["fun_name"]))

    jax.monitoring.register_event_duration_secs_listener(listen)
    from hopsim import dynamics, lagrangians, Network, patterns
    from hopsim.dynamics.spins import _lockstep_engine, _lockstep_sweep, relaxation

    engine = "lockstep" if way in ("padded", "exact") else "cpu"
    if way == "exact":
        _lockstep_engine.padded = _lockstep_engine.padded_features = lambda size: size
    states, spent = [], []
    for _ in range(2):  # the second time nothing is compiled
        state = hashlib.sha256()
        begun = time.process_time()
        for features in FEATURES:
            starts = patterns.random_binary(1, STARTS, features)
            for load in LOADS:
                count = round(load * features**2)
                if way == "exact":  # sums in blocks that fit
                    _lockstep_sweep.BLOCK = count
                    _lockstep_sweep.FEATURES_AT_ONCE = features
                network = Network(
                    patterns.random_binary(0, count, features),
                    lagrangians.AbsoluteValue(),
                    lagrangians.Polynomial(3),
                )
                motion = dynamics.Binary(order="sequential")
                final = relaxation.relax(network, motion, starts, engine=engine).final
                state.update(np.ascontiguousarray(final, np.int8).tobytes())
        states.append(state.hexdigest())
        spent.append(time.process_time() - begun)
    assert states[0] == states[1]
    return {
        "seconds": spent[0],
        "again": spent[1],
        "programs": sum("sweep" in name for name in programs),
        "states": states[0],
    }


if __name__ == "__main__":
    if len(sys.argv) > 1:
        os.environ["JAX_ENABLE_COMPILATION_CACHE"] = "false"
        print(json.dumps(scan(sys.argv[1])))
    else:
        main()
