"""Runs the benchmarks, peers installed, and prints the tables of the README here.

    python tests/benchmarks/run.py [--here] [--quick]

Makes an environment of its own with hopsim, its test tools, PyTorch, torchdiffeq and
numba; `--here` uses the current one; `--quick` leaves the large networks out. All but
the two-core cases run on one pinned core with one thread: with default threads a shared
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
PEERS = ("torch==2.13.0", "torchdiffeq==0.2.5", "numba==0.68.1")
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
PIN = ["taskset", "-c", "0"] if hasattr(os, "sched_setaffinity") else []
FLAGS = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"


def main() -> None:
    with tempfile.TemporaryDirectory() as work:
        python = sys.executable
        if "--here" not in sys.argv:
            python = _environment(pathlib.Path(work) / "env")
        binary, train = "test_binary_speed.py", "test_train_speed.py"
        few = ["--quick"] if "--quick" in sys.argv else []
        ode = [*PIN, python, str(HERE / "ode.py"), *few]
        subprocess.run(ode, env=_one_thread(), check=True, cwd=HERE.parents[1])
        print("\n## b4: memories x spins a CPU second, in 1e9 (hopsim over it)\n")
        report = pinned(python, pathlib.Path(work), binary, "test")
        print(rates(report))
        print("\n## b6: seconds an epoch, and ratios\n")
        print(epochs(pinned(python, pathlib.Path(work), train, "test")))
        print("\n## b7: visits a CPU second, in 1e6 (hopsim over it)\n")
        students = pinned(
            python, pathlib.Path(work), "test_monte_carlo_speed.py", "test"
        )
        print(rates(students, 1e6))
        scripts = [
            "cores",
            "cold",
            "stiff",
            "precision",
            "binary_cores",
            "scan",
            "recall",
        ]
        scripts += [] if "--quick" in sys.argv else ["scale"]
        for name in scripts:
            script = str(HERE / f"{name}.py")
            subprocess.run([python, script], check=True, cwd=HERE.parents[1])
        cpu = report["machine_info"].get("cpu", {}).get("brand_raw", "unknown")
        print(f"\n{cpu}, load {os.getloadavg()[0]:.1f}")


def pinned(python: str, work: pathlib.Path, file: str, which: str) -> dict:
    report = work / "report.json"
    command = [python, "-m", "pytest", str(HERE / file), "--benchmark-only", "-q", "-p"]
    command += ["no:cacheprovider", "-o", "addopts=", f"--benchmark-json={report}"]
    # CPU time: other processes must not slow a peer down
    command += ["--benchmark-timer=time.process_time", "-k", which]
    environment = _one_thread()
    environment |= {"HOPSIM_IMAGES": "2000"} if "--quick" in sys.argv else {}
    command = [*PIN, *command]
    quiet = subprocess.run(
        command, env=environment, cwd=HERE.parents[1], stdout=subprocess.PIPE, text=True
    )
    if quiet.returncode:
        sys.exit(quiet.stdout)
    return json.loads(report.read_text())


def _one_thread() -> dict[str, str]:
    return os.environ | dict.fromkeys(THREADS, "1") | {"XLA_FLAGS": FLAGS}


def medians(report: dict) -> dict[str, dict[str, float]]:
    """case -> candidate -> seconds."""
    found: dict[str, dict[str, float]] = {}
    for entry in report["benchmarks"]:
        name, _, case = entry["name"].partition("[")
        case, _, variant = case.rstrip("]").partition("-")
        name = " ".join(filter(None, (name.removeprefix("test_"), variant)))
        seconds = entry["stats"]["median"] * entry["extra_info"].get("scale", 1.0)
        found.setdefault(case, {})[name.replace("_", " ").replace("-", " ")] = seconds
    return found


def rates(report: dict, unit: float = 1e9) -> str:
    """Markdown: how many visits there are in a second, hopsim first."""
    found: dict[str, dict[str, float]] = {}
    for entry in report["benchmarks"]:
        name, _, case = entry["name"].removeprefix("test_").rstrip("]").partition("[")
        rate = entry["extra_info"]["visits"] / entry["stats"]["median"]
        found.setdefault(case.replace("-", " "), {})[name.replace("_", " ")] = rate
    names = list(dict.fromkeys(name for case in found.values() for name in case))
    lines = ["| n | " + " | ".join(names) + " |", "|---" * (len(names) + 1) + "|"]
    for case, speeds in found.items():
        cells = [
            f"{speeds[n] / unit:.3g} ({speeds['hopsim'] / speeds[n]:.2f})"
            if n in speeds
            else ""
            for n in names
        ]
        lines.append(f"| {case} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


RATIOS = {  # how many times as long the first takes as the second, and the goal
    "notebook / associative": ("notebook", "associative", ">= 35 (12 in float64)"),
    "associative / dual": ("associative", "dual", "<= 1.6"),
    "bare / dual": ("bare products", "dual", ">= 0.85"),
    "torch / dual": ("torch dual", "dual", ">= 1"),
}


def epochs(report: dict) -> str:
    """Markdown: seconds of CPU time for every candidate, and what is asked of them."""
    found = medians(report)
    names = list(dict.fromkeys(name for case in found.values() for name in case))
    heads = ["n, m, precision", *names, *RATIOS]
    lines = ["| " + " | ".join(heads) + " |", "|---" * len(heads) + "|"]
    for case, times in found.items():
        cells = [f"{times[n]:.3g}" if n in times else "" for n in names]
        for first, second, _ in RATIOS.values():
            known = first in times and second in times
            cells.append(f"{times[first] / times[second]:.2f}" if known else "")
        lines.append(f"| {case.replace(',', ', ')} | " + " | ".join(cells) + " |")
    goals = [goal for _, _, goal in RATIOS.values()]
    lines.append("| goal |" + " |" * len(names) + " " + " | ".join(goals) + " |")
    return "\n".join(lines)


def _environment(path: pathlib.Path) -> str:
    venv.create(path, with_pip=True)
    python = str(path / "bin" / "python")
    install = [python, "-m", "pip", "install", "-q"]
    subprocess.run([*install, *PEERS], check=True)
    subprocess.run([*install, "-e", ".[test]"], check=True, cwd=HERE.parents[1])
    return python


if __name__ == "__main__":
    main()
