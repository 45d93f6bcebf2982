"""Made-up records of grids: a share that falls with the load and the noise."""

import numpy as np

from hopsim.records import dataset, join_points, labelled, name_axes, Record


LOADS, FLIPS, BETAS = [10, 32, 100, 316], [0.0, 0.1, 0.2, 0.3, 0.4], [0.5, 2.0]
PATHS = ("network.memories.count", "probes.flipped", "network.beta")
PURE = {"units": "1"}


def share(load, flipped, beta=1.0):
    """What is retrieved in theory."""
    return 1 / (1 + np.exp(-25 * (0.35 - flipped - 0.1 * beta * np.log10(load / 10))))


def cell(law, sets, rows, seed):
    """One cell: sets of patterns, the same number of probes each."""
    draw, count = np.random.default_rng(seed), sets * rows
    each = np.clip(law + 0.05 * np.repeat(draw.normal(size=sets), rows), 0, 1)
    match = np.clip(each + 0.1 * draw.normal(size=count), -1, 1)
    owner = {"set": ("probe", np.repeat(np.arange(sets), rows))} if sets > 1 else {}
    return dataset(
        {
            **owner,
            "retrieved": ("probe", draw.random(count) < each, PURE),
            "retrieved_theory": ((), law),
            "match": ("probe", match, PURE | {"long_name": "cosine with the target"}),
            "end_time": ("probe", draw.exponential(5, count), {"units": "tau_feature"}),
            "final": (("probe", "feature"), draw.normal(size=(count, 2)), PURE),
        }
    )


def grid(*values, paths=PATHS, states=None, sets=4, rows=10, law=share):
    """A record in the labelled form; `law` is called with the values of a cell."""
    axes = name_axes([((path,), x) for path, x in zip(paths, values, strict=False)])
    cells = [*np.ndindex(*map(len, values))]
    states = ["done"] * len(cells) if states is None else states
    parts = [
        cell(law(*(x[k] for x, k in zip(values, place, strict=True))), sets, rows, n)
        for n, (place, state) in enumerate(zip(cells, states, strict=True))
        if state == "done"
    ]
    data = join_points(parts, [f"cell {k}" for k in range(len(parts))])
    return labelled(Record(data), axes, states)


def some_not_done(count):
    """States of cells, of which every fifth is missing and every seventh failed."""
    of = lambda k: "missing" if k % 5 == 3 else "failed" if k % 7 == 5 else "done"
    return [of(k) for k in range(count)]
