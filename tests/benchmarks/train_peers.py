"""Peers of case b6: an epoch of the classifier as one would write it elsewhere.

Each is made for a power n, an error exponent m and a temperature T, and runs over
`rows` (the items of each minibatch) of examples: memories (memory, feature), states
(item, pixel), labels (item) -> memories. Rule (13) of KH16 with momentum, all weights
within [-1, 1]. PyTorch is imported where it is used.
"""

import importlib
from typing import Any

import numpy as np
from binary_peers import _power as power


Peer = Any  # (memories, states, labels, rows) -> memories
CLASSES = 10
RATE, MOMENTUM, FLOOR = 0.04, 0.6, 1e-30


def notebook(n: int, m: int, temperature: float) -> Peer:
    """The public notebook's form: a copy of each image for every class, float64.

    Four products of (memory, feature) with (feature, class x item), the powers by
    NumPy's own, beta F(x) with beta = T^-n. [THEORY 1.2]
    """
    beta = 1 / temperature**n

    def step(xi, shown, told):
        items = len(shown)
        # one column for every class and image: class units off, and one of them on
        off = np.full((xi.shape[1], CLASSES * items), -1.0)
        off[: shown.shape[1]] = np.tile(shown.T, (1, CLASSES))
        on = off.copy()
        target = np.full(CLASSES * items, -1.0)
        for a in range(CLASSES):
            columns = slice(a * items, (a + 1) * items)
            on[shown.shape[1] + a, columns] = 1
            target[columns][told == a] = 1
        lit, dark = np.maximum(xi @ on, 0), np.maximum(xi @ off, 0)
        y = np.tanh(beta * np.sum(lit**n - dark**n, axis=0))
        w = (target - y) ** (2 * m - 1) * (1 - y) * (1 + y)
        down = np.dot(w * lit ** (n - 1), on.T)
        return down - np.dot(w * dark ** (n - 1), off.T)

    return _epoch(step, np.float64)


def numpy_lean(n: int, m: int, temperature: float, dtype: Any) -> Peer:
    """The same update from two products of (memory, pixel) with (pixel, item)."""
    scale = dtype(temperature)

    def step(xi, shown, told):
        classes = xi[:, shown.shape[1] :]
        base = xi[:, : shown.shape[1]] @ shown.T
        base -= np.sum(classes, axis=1)[:, None]
        target = _targets(told, dtype)
        off, on = _root(base / scale, n), []
        answers = np.empty_like(target)
        for a in range(CLASSES):
            root = _root((base + 2 * classes[:, a, None]) / scale, n)
            on.append(root[0])
            answers[:, a] = np.sum(root[1], axis=0)
        answers -= np.sum(off[1], axis=0)[:, None]
        w = _weights(np.tanh(answers), target, m)
        rest = off[0] * -np.sum(w, axis=1)
        gradient = np.empty_like(xi)
        for a in range(CLASSES):
            on[a] *= w[:, a]
            rest += on[a]
            gradient[:, shown.shape[1] + a] = 2 * np.sum(on[a], axis=1)
        gradient[:, : shown.shape[1]] = rest @ shown
        gradient[:, shown.shape[1] :] -= np.sum(rest, axis=1)[:, None]
        return gradient

    return _epoch(step, dtype)


def numpy_dual(n: int, m: int, temperature: float, dtype: Any) -> Peer:
    """The feed-forward form, written to be read: hopsim's must agree with it."""
    scale = dtype(temperature)
    steep = dtype(2 * n / temperature)

    def step(xi, shown, told):
        classes = xi[:, shown.shape[1] :]
        h = np.maximum(xi[:, : shown.shape[1]] @ shown.T / scale, 0)
        answers = steep * (h ** (n - 1)).T @ classes
        w = _weights(np.tanh(answers), _targets(told, dtype), m)
        slope = np.where(h > 0, (n - 1) * h ** (n - 2), 0) / scale
        return np.concatenate(
            [(classes @ w.T * slope) @ shown, h ** (n - 1) @ w], axis=1
        )

    return _epoch(step, dtype)


def torch_dual(n: int, m: int, temperature: float) -> Peer:
    """The feed-forward form in PyTorch, float32, gradient written out."""
    torch = importlib.import_module("torch")  # only tests/benchmarks/run.py installs it
    torch.set_num_threads(1)
    torch.set_flush_denormal(True)
    number = torch.arange(CLASSES)

    def run(memories, states, labels, rows):
        xi = torch.from_numpy(np.array(memories, np.float32))
        states = torch.from_numpy(states)
        labels = torch.from_numpy(labels.astype(np.int64))
        pixels = states.shape[1]
        v = torch.zeros_like(xi)
        with torch.inference_mode():
            for items in torch.from_numpy(rows.astype(np.int64)):
                shown = states.index_select(0, items)
                told = labels.index_select(0, items)
                target = torch.where(told[:, None] == number, 1.0, -1.0)
                classes = xi[:, pixels:]
                h = (xi[:, :pixels] @ shown.T).div_(temperature).clamp_(min=0)
                low = power(h, n - 2)
                hidden = low * h
                answers = (2 * n / temperature) * hidden.T @ classes
                y = torch.tanh(answers)
                w = ((target - y) / 2) ** (2 * m - 1) * (1 - y) * (1 + y)
                back = (classes @ w.T).mul_(low).mul_((n - 1) / temperature)
                v.mul_(MOMENTUM)
                v[:, :pixels].addmm_(back, shown)
                v[:, pixels:].addmm_(hidden, w)
                largest = v.abs().amax(dim=1, keepdim=True).clamp_(min=FLOOR)
                xi.addcdiv_(v, largest, value=RATE).clamp_(-1, 1)
        return xi.numpy()

    return run


def _epoch(step: Any, dtype: Any) -> Peer:
    """Rule (13) around a gradient, in place."""

    def run(memories, states, labels, rows):
        xi, v = np.array(memories, dtype), np.zeros(memories.shape, dtype)
        for items in rows:
            v *= dtype(MOMENTUM)
            v += step(xi, states[items], labels[items])
            largest = np.max(np.abs(v), axis=1, keepdims=True)
            xi += dtype(RATE) * (v / np.maximum(largest, dtype(FLOOR)))
            np.clip(xi, -1, 1, out=xi)
        return xi

    return run


def _targets(told: np.ndarray, dtype: Any) -> np.ndarray:
    return np.where(told[:, None] == np.arange(CLASSES), 1, -1).astype(dtype)


def _weights(y: np.ndarray, target: np.ndarray, m: int) -> np.ndarray:
    # halves: at most 1, and the factor is the same for all (rule 13 divides it out)
    return power((target - y) / 2, 2 * m - 1) * (1 - y) * (1 + y)


def _root(x: np.ndarray, n: int) -> tuple[np.ndarray, np.ndarray]:
    """`r(x)^(n-1)` and `r(x)^n`, for n >= 2."""
    np.maximum(x, 0, out=x)
    low = power(x, n - 1)
    low = low.copy() if low is x else low
    return low, np.multiply(low, x, out=x)
