"""Runs the benchmarks on one pinned core, peers installed, and prints the ratios.

    python tests/benchmarks/run.py [--here]

Makes an environment of its own with hopsim, its test tools, PyTorch and torchdiffeq;
`--here` uses the current one. Threads are pinned to one: with default threads a shared
machine measures its scheduler.
"""

import json
import os
import pathlib
import subprocess
import sys
import tempfile
import venv


HERE = pathlib.Path(__file__).parent
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


def main() -> None:
    with tempfile.TemporaryDirectory() as work:
        python = sys.executable
        if "--here" not in sys.argv:
            python = _environment(pathlib.Path(work) / "env")
        report = pathlib.Path(work) / "report.json"
        flags = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
        environment = os.environ | dict.fromkeys(THREADS, "1") | {"XLA_FLAGS": flags}
        command = [python, "-m", "pytest", str(HERE), "--benchmark-only", "-q", "-p"]
        command += ["no:cacheprovider", "-o", "addopts=", f"--benchmark-json={report}"]
        if hasattr(os, "sched_setaffinity"):
            os.sched_setaffinity(0, {0})
        subprocess.run(command, env=environment, check=True, cwd=HERE.parents[1])
        print(table(json.loads(report.read_text())))


def table(report: dict) -> str:
    """Markdown: the median of every case, and its ratio to hopsim's in the same run."""
    medians: dict[str, dict[str, float]] = {}
    for entry in report["benchmarks"]:
        name, _, case = entry["name"].partition("[")
        case, _, variant = case.rstrip("]").partition("-")
        name = " ".join(filter(None, (name.removeprefix("test_"), variant)))
        seconds = entry["stats"]["median"] * entry["extra_info"].get("scale", 1.0)
        medians.setdefault(case, {})[name.replace("_", " ")] = seconds
    names = list(next(iter(medians.values())))
    lines = ["| ms (ratio to hopsim) | " + " | ".join(names) + " |"]
    lines.append("|---" * (len(names) + 1) + "|")
    for case, found in medians.items():
        base = found["hopsim duration"]
        cells = [f"{1e3 * found[n]:.3g} ({found[n] / base:.2f})" for n in names]
        lines.append(f"| {case} | " + " | ".join(cells) + " |")
    cpu = report["machine_info"].get("cpu", {}).get("brand_raw", "unknown")
    load = os.getloadavg()[0]
    return "\n".join([*lines, "", f"{cpu}, one pinned core, load {load:.1f}."])


def _environment(path: pathlib.Path) -> str:
    venv.create(path, with_pip=True)
    python = str(path / "bin" / "python")
    install = [python, "-m", "pip", "install", "-q"]
    subprocess.run([*install, "torch==2.13.0", "torchdiffeq==0.2.5"], check=True)
    subprocess.run([*install, "-e", ".[test]"], check=True, cwd=HERE.parents[1])
    return python


if __name__ == "__main__":
    main()
