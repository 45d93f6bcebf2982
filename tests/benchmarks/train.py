"""Case b6 alone, in the current environment: `train.py [--quick]`.

`--quick` trains on 2,000 images in place of 60,000. PyTorch is a peer if it is there.
"""

import pathlib
import tempfile

import run


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as work:
        python, place = run.sys.executable, pathlib.Path(work)
        report = run.pinned(python, place, "test_train_speed.py", "test")
    print("## b6: seconds of CPU time an epoch, one pinned core, and ratios\n")
    print(run.epochs(report))
    print(f"\nload {run.os.getloadavg()[0]:.1f}")
