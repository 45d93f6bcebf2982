"""Learning by recall against the same loss in plain PyTorch: equal, and how fast.

PyTorch iterates v <- xi^T softmax(beta xi v), the clamped half held, 400 times and
differentiates through all of them; hopsim uses the implicit function theorem. The
losses of twenty steps of Adam must agree to 1e-6.
"""

import pathlib
import statistics
import sys
import time
from importlib import import_module

import jax
import numpy as np


sys.path.insert(0, str(pathlib.Path(__file__).parents[1]))
jax.config.update("jax_enable_x64", True)

import optax  # noqa: E402
import recall_case as case  # noqa: E402

from hopsim import dynamics, model_b, train  # noqa: E402
from hopsim.training import Pairs, Recall  # noqa: E402


ITERATIONS, ROUNDS = 400, 5
RULE = optax.adam(case.RATE)  # one object: its program is compiled once


def by_hopsim() -> np.ndarray:
    """The loss before each step."""
    record = train(
        model_b(case.MEMORIES, case.BETA),
        Pairs(case.STARTS, case.TARGETS),
        RULE,
        form=Recall(dynamics.Adiabatic(), clamped=case.CLAMPED),
        epochs=case.STEPS,
    )
    return record["loss"].values


def by_torch() -> np.ndarray:
    """The same, written out."""
    torch = import_module("torch")  # only run.py installs it
    torch.set_num_threads(1)
    starts, targets, xi = (
        torch.from_numpy(x.copy()) for x in (case.STARTS, case.TARGETS, case.MEMORIES)
    )
    held = torch.from_numpy(case.CLAMPED)
    xi.requires_grad_(True)
    optimiser = torch.optim.Adam([xi], lr=case.RATE)
    losses = []
    for _ in range(case.STEPS):
        v = starts
        for _ in range(ITERATIONS):
            f = torch.softmax(case.BETA * v @ xi.T, dim=1)
            v = torch.where(held, starts, f @ xi)
        loss = torch.sum((v - targets) ** 2)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(float(loss.detach()) / targets.numel())
    return np.array(losses)


def seconds(run) -> float:
    """CPU seconds of one run."""
    begun = time.process_time()
    run()
    return time.process_time() - begun


def main() -> None:
    ours, theirs = by_hopsim(), by_torch()
    np.testing.assert_allclose(ours, theirs, rtol=1e-6)
    print("losses by PyTorch:", np.array2string(theirs, precision=12, separator=", "))
    print(f"largest relative difference: {np.max(np.abs(ours / theirs - 1)):.1e}")
    taken = np.array([[seconds(by_hopsim), seconds(by_torch)] for _ in range(ROUNDS)])
    ratio = statistics.median(taken[:, 1] / taken[:, 0])
    print(f"20 steps: PyTorch takes {ratio:.1f} times the CPU seconds of hopsim")


if __name__ == "__main__":
    main()
