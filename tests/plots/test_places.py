"""Pictures in figures of users: on their axes, in their subfigures, and no further."""

from typing import Any

import numpy as np
import pytest
from matplotlib.figure import Figure
from pictures import pictures
from results import branch, trajectory

import hopsim
from hopsim.trajectory import StepLog


PLOTS: Any = hopsim.plots
RECORDS: dict[str, Any] = pictures(np.random.default_rng(0))


def logged():
    """A trajectory of which every step is known."""
    rng = np.random.default_rng(1)
    time = np.cumsum(rng.uniform(0.1, 1, (2, 6)), axis=1)
    falling = -np.cumsum(rng.uniform(size=(2, 6)), axis=1)
    log = StepLog(time, falling, -falling, np.ones((2, 6)))
    return trajectory([0, 0], step_log=log, rise_tolerance=1e-9)


MADE = {
    "energy": logged,
    "settling": lambda: trajectory([0, 0, 1, 2], end_time=np.array([1.0, 2, 3, 4])),
    "branch": branch,
}
ONE_PANEL = ("settling", "census")
MANY = ("energy", "spectrum")
DRAWN_FIRST = ("settling", "census", "energy", "spectrum")
EACH = pytest.mark.parametrize(
    "engine", ["constrained", pytest.param(None, marks=pytest.mark.slow)]
)


def source(name):
    return MADE[name]() if name in MADE else RECORDS[name]


def panels(engine):
    """A figure of the user's with neighbours that have words on all sides."""
    fig = Figure(figsize=(11, 8.5), layout=engine)
    axes = fig.subplots(2, 2)
    for ax in axes.flat:
        ax.plot([0, 1], [0, 1000])
        ax.set(xlabel="one thing", ylabel="another", title="a neighbour")
    return fig, axes


def boxes(figure):
    """What all axes and legends of a figure take, with what belongs to them."""
    renderer = figure.get_figure(root=True)._get_renderer()
    found = [ax.get_tightbbox(renderer) for ax in axes_in(figure) if ax.get_visible()]
    found += [legend.get_window_extent(renderer) for legend in legends_in(figure)]
    return [box for box in found if box is not None and box.width > 0]


def axes_in(figure):
    return [*figure._localaxes, *(ax for sub in figure.subfigs for ax in axes_in(sub))]


def legends_in(figure):
    return [*figure.legends, *(x for sub in figure.subfigs for x in legends_in(sub))]


def overlap(one, two):
    """How many pixels two boxes share, across and up."""
    across = min(one.x1, two.x1) - max(one.x0, two.x0)
    up = min(one.y1, two.y1) - max(one.y0, two.y0)
    return min(across, up)


@EACH
@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=[] if name in DRAWN_FIRST else pytest.mark.slow)
        for name in sorted({*RECORDS, *MADE})
    ],
)
def test_on_axes_nothing_is_cut_and_no_neighbour_is_touched(engine, name):
    fig, axes = panels(engine)
    mine, others = axes[0, 1], [axes[0, 0], axes[1, 0], axes[1, 1]]
    mine.clear()
    before = [ax.get_position().bounds for ax in others]
    size = fig.get_size_inches().tolist()
    assert getattr(PLOTS, name)(source(name), ax=mine) is fig
    fig.draw_without_rendering()
    assert fig.get_size_inches().tolist() == size
    if engine is None:
        assert [ax.get_position().bounds for ax in others] == before
    neighbours = [ax.get_tightbbox() for ax in others]
    whole = fig.bbox
    for box in boxes(fig):
        assert whole.x0 - 2 <= box.x0 <= box.x1 <= whole.x1 + 2
        assert whole.y0 - 2 <= box.y0 <= box.y1 <= whole.y1 + 2
        same = [np.allclose(box.bounds, other.bounds) for other in neighbours]
        if not any(same):
            assert max(overlap(box, other) for other in neighbours) < 3


@EACH
@pytest.mark.parametrize("name", ONE_PANEL)
def test_one_panel_is_drawn_on_the_very_axes(engine, name):
    fig, axes = panels(engine)
    axes[1, 1].clear()
    getattr(PLOTS, name)(source(name), ax=axes[1, 1])
    assert axes[1, 1] in fig.axes
    assert axes[1, 1].has_data()
    assert not fig.subfigs
    assert fig.get_suptitle() == ""
    assert not fig.texts


@EACH
@pytest.mark.parametrize("name", MANY)
def test_several_panels_take_the_place_of_the_axes(engine, name):
    fig, axes = panels(engine)
    getattr(PLOTS, name)(source(name), ax=axes[1, 0])
    assert axes[1, 0] not in fig.axes
    assert len(fig.subfigs) == 1
    assert len(fig.axes) > 4


@EACH
@pytest.mark.parametrize(
    "name", [pytest.param("energy", marks=pytest.mark.slow), "spectrum"]
)
def test_a_subfigure_holds_the_whole_picture(engine, name):
    fig = Figure(figsize=(11, 8.5), layout=engine)
    parts: Any = fig.subfigures(2, 2)
    for sub in parts.flat[1:]:
        sub.subplots().plot([0, 1])
    given = source(name)
    titled = name not in MADE
    if titled:
        given.data.attrs.update(title="What is shown", name="x", seed=1)
    assert getattr(PLOTS, name)(given, fig=parts[0, 0]) is fig
    fig.draw_without_rendering()
    place = parts[0, 0].bbox
    texts = parts[0, 0].findobj(lambda x: hasattr(x, "get_text") and x.get_text())
    assert any("hopsim" in text.get_text() for text in texts)
    assert (parts[0, 0].get_suptitle() == "What is shown") == titled
    found = boxes(parts[0, 0])
    found += [x.get_window_extent() for sub in parts[0, 0].subfigs for x in sub.texts]
    for box in found:
        assert place.x0 - 2 <= box.x0 <= box.x1 <= place.x1 + 2
        assert place.y0 - 2 <= box.y0 <= box.y1 <= place.y1 + 2


@EACH
def test_a_figure_of_the_users_keeps_its_size_and_its_layout(engine):
    fig = Figure(figsize=(5, 4), layout=engine)
    kept = fig.get_layout_engine()
    assert PLOTS.energy(logged(), fig=fig) is fig
    assert fig.get_layout_engine() is kept
    assert fig.get_size_inches().tolist() == [5, 4]
    assert len(fig.axes) == 2


def test_axes_without_a_grid_have_their_own_rectangle_alone():
    fig = Figure(figsize=(8, 6))
    ax = fig.add_axes((0.3, 0.3, 0.5, 0.5))
    PLOTS.energy(logged(), ax=ax)
    for box in boxes(fig):
        inside = fig.transFigure.inverted().transform(box.get_points())
        assert np.all((inside > 0.295) & (inside < 0.805))


@pytest.mark.parametrize("engine", ["tight", "compressed"])
def test_a_layout_that_places_no_subfigures_is_refused(engine):
    fig = Figure(layout=engine)
    with pytest.raises(ValueError, match='with layout="constrained"'):
        PLOTS.energy(logged(), ax=fig.subplots())


def test_what_cannot_be_drawn_leaves_the_figure_as_it_is():
    fig, axes = panels(None)
    known = fig.findobj()
    with pytest.raises(ValueError, match="needs 'overlap'"):
        PLOTS.overlap(logged(), ax=axes[0, 0])
    assert fig.findobj() == known
