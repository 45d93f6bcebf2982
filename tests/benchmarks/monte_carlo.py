"""Case b7 alone, in the current environment."""

import pathlib
import tempfile

import run


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as work:
        python, place = run.sys.executable, pathlib.Path(work)
        report = run.pinned(python, place, "test_monte_carlo_speed.py", "test")
    print("## b7: 1e6 visits a CPU second, one pinned core (hopsim over it)\n")
    print(run.rates(report, 1e6))
    print(f"\nload {run.os.getloadavg()[0]:.1f}")
