"""The trees in pictures: who stands next to whom, and where branches join."""

import numpy as np
import pytest
from matplotlib.figure import Figure

from hopsim.experiments.landscape.census_plot import _tree
from hopsim.experiments.landscape.phylogeny_plot import _places


def contiguous(places):
    return np.ptp(places) == len(places) - 1


@pytest.mark.parametrize("seed", range(4))
def test_memories_of_one_attractor_stand_side_by_side(seed):
    shuffle = np.random.default_rng(seed).permutation(12)
    fine, coarse = shuffle // 3, shuffle // 6  # groups of three within two of six
    owner = np.stack([0 * fine, 0 * fine, coarse, fine, fine, np.arange(12)])
    place = _places(owner)
    assert sorted(place) == list(range(12))
    for row in owner:
        assert all(contiguous(place[row == one]) for one in set(row.tolist()))


def test_unknown_ends_share_no_attractor():
    owner = np.array([[0, 1, 1, 0], [-1, 1, 1, -1], [-1, 1, 1, -1]])
    place = _places(owner)
    assert contiguous(place[[1, 2]])
    assert _places(np.zeros((3, 1), int)).tolist() == [0]


def drawn(level):
    ax = Figure().subplots()
    place, heights = _tree(ax, np.asarray(level, float))
    lines = [np.array(line.get_data()) for line in ax.lines]
    return place, heights, lines


def test_minima_join_at_their_lowest_barrier():
    inf = np.inf
    level = [
        [-9, -2, -5, inf, -2],
        [-2, -8, -2, inf, -3],
        [-5, -2, -7, inf, -2],
        [inf, inf, inf, -6, inf],
        [-2, -3, -2, inf, -4],
    ]
    place, heights, lines = drawn(level)
    np.testing.assert_allclose(heights, [-5, -3, -2])
    for group in ([0, 2], [1, 4], [0, 1, 2, 4]):
        assert contiguous(np.array([place[k] for k in group]))
    # the lowest end of a line above each minimum is its energy
    for k in range(5):
        ends = [y.min() for x, y in lines if np.all(x == place[k])]
        assert min(ends) == pytest.approx(level[k][k])
    assert sum(y.max() == 1e9 for _, y in lines) == 2  # what is known, and 3 alone


def test_a_minimum_alone_reaches_to_the_top():
    place, heights, lines = drawn([[-1.0]])
    assert (place, heights, len(lines)) == ({0: 0.0}, [], 1)
    assert drawn(np.empty((0, 0)))[:2] == ({}, [])
