"""Pictures: they say what was measured, in words, and nothing lies on anything else."""

from typing import Any

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from pictures import made, pictures as claim_pictures

from hopsim.plots import draw
from hopsim.plots.style import bars_within, COLOURS
from hopsim.records import dataset, join_points, Record
from hopsim.statistics import Estimate


ATTRS = {"title": "What is shown", "name": "name", "seed": 0, "precision": "float64"}
PROBE, PATH = ("probe",), ("probe", "sample")


def drawn(record, name, **attrs) -> Any:
    """The figure of a record that has a title, laid out as it is saved."""
    record.data.attrs.update(ATTRS | attrs)
    fig = Figure(layout="constrained")
    FigureCanvasAgg(fig)
    draw(record, name, fig)
    return fig


def words(fig):
    """All that is written in a figure."""
    fig.canvas.draw()
    found = fig.findobj(lambda artist: hasattr(artist, "get_text"))
    return [text.get_text() for text in found if text.get_text()]


def swept(path, values, **more):
    """A sweep in which the first probe of the last point never came to rest."""
    points = [
        made(
            value=value,
            steps=("probe", np.array([10.0, 20, 30])),
            end_time=("probe", np.array([100.0, 2, 3])),
            converged=("probe", np.array([k < len(values) - 1, True, True])),
            retrieved=("probe", np.array([False, True, True])),
            aimed=("probe", np.ones(3, bool)),
            match=("probe", np.array([0.1, 1.0, 1.0])),
            **more,
        )
        for k, value in enumerate(values)
    ]
    key = path.rpartition(".")[2]
    record = Record(join_points(points, [f"{key} = {x:g}" for x in values]))
    record.data.attrs["sweep_path"] = path
    return record


# --- what is shown is what was measured -----------------------------------------------


def test_time_to_rest_is_of_those_that_came_to_rest():
    fig = drawn(swept("dynamics.tau_memory", [1.0, 2.0]), "sweep")
    steps, times, share, cosine = fig.axes
    assert times.get_ylabel().startswith("time to rest")
    medians = times.containers[0].lines[0].get_ydata()
    np.testing.assert_allclose(medians, [3.0, 2.5])  # of 100, 2, 3 and of 2, 3
    (waited,) = [x for x in times.lines if x.get_label().startswith("not at rest")]
    np.testing.assert_array_equal(waited.get_ydata(), [np.nan, 100.0])
    assert share.get_ylabel() == "share retrieved"
    np.testing.assert_allclose(share.containers[0].lines[0].get_ydata(), [2 / 3] * 2)
    assert steps.get_xlabel() == cosine.get_xlabel()


def test_where_no_probe_rests_no_time_to_rest_is_told():
    record = swept("run.step", [1.0, 2.0])
    record.data["converged"][:] = False
    times = drawn(record, "sweep").axes[1]
    assert np.all(np.isnan(times.containers[0].lines[0].get_ydata()))


def test_a_sweep_without_targets_shows_no_share():
    record = swept("run.step", [1.0, 2.0])
    record.data["aimed"][:] = False
    assert len(drawn(record, "sweep").axes) == 2


@pytest.mark.parametrize(
    ("path", "label"),
    [
        ("run.step", r"step $dt\,/\,\tau_f$"),
        ("dynamics.tau_memory", r"time constant of the memories $\tau_h\,/\,\tau_f$"),
        ("network.beta", r"sharpness $\beta$"),
        ("network.some_other_key", "some other key"),
    ],
)
def test_a_swept_entry_is_told_in_words(path, label):
    fig = drawn(swept(path, [0.5, 1.0]), "sweep")
    assert {ax.get_xlabel() for ax in fig.axes} == {label}


def test_labels_of_a_sweep_are_told_by_the_symbol():
    record = swept("dynamics.tau_memory", [0.5, 1.0])
    told = words(drawn(record, "settling"))
    assert any(text.startswith(r"$\tau_h\,/\,\tau_f$ = 0.5") for text in told)
    assert not any("tau_memory" in text for text in told)


def run(probes=2, samples=5, **more):
    """A run with states that are images of two by three pixels."""
    time = np.linspace(0, 4, samples)
    path = np.exp(-time) * np.arange(1.0, probes + 1)[:, None]
    states = np.random.default_rng(0).uniform(-1, 1, (probes, samples, 6))
    known = {
        "time": ("sample", time),
        "energy": (PATH, path),
        "effective_energy": (PATH, 0.5 * path),
        "gap": (PATH, 0.5 * path),
        "end_time": ("probe", np.full(probes, 4.0)),
        "certified": ("probe", np.ones(probes, bool)),
        "promised": True,
        "solver": "Tsit5",
        "v": (("probe", "sample", "feature"), states),
        "cue": (("probe", "feature"), states[:, 0]),
        "final": (("probe", "feature"), states[:, -1]),
        "memories": (("memory", "feature"), states[:, -1]),
        "target": ("probe", np.arange(probes)),
        "match": ("probe", np.linspace(0.4, 1, probes)),
        "overlap": (PATH, np.full((probes, samples), 0.7)),
        "retrieved": ("probe", np.arange(probes) > 0),
        "measured": ("feature", np.arange(6) > 2),
        **more,
    }
    pairs = {k: v if isinstance(v, tuple) else ((), v) for k, v in known.items()}
    return dataset(pairs, {"image_rows": 2, "image_columns": 3})


def test_the_first_energy_stands_at_time_0():
    first = [0.01, 0.02]
    time = np.array([[first[0], 1.0, 4.0], [first[1], 1.0, 4.0]])
    axes = ("logged", "step")
    log = dataset(
        {
            "step_time": (axes, time),
            "step_energy": (axes, 1 / time),
            "step_rise": (axes, -1 / time),
            "step_limit": (axes, np.full((2, 3), 1e-9)),
        }
    )
    fig = drawn(Record(run(), {"step_log": log}), "energy")
    for line, energy in zip(fig.axes[0].lines, (1.0, 2.0), strict=False):
        np.testing.assert_array_equal(line.get_xdata()[0], 0.0)
        np.testing.assert_array_equal(line.get_ydata()[0], energy)
        np.testing.assert_array_equal(line.get_xdata()[1], time[int(energy) - 1, 0])
    assert fig.axes[0].get_xlim()[0] == 0
    assert fig.axes[0].get_xaxis().get_transform().linthresh == first[0]
    assert [t.get_text() for t in fig.axes[1].get_xticklabels()][:2] == ["0", "0.01"]


def test_overlap_and_cosine_are_not_called_alike():
    record = Record(run())
    gallery, overlap = words(drawn(record, "gallery")), words(drawn(record, "overlap"))
    assert any("overlap with the target $m$" in text for text in overlap)
    assert not any("m = " in text for text in gallery)
    assert any(text.startswith("cos = 0.40") for text in gallery)
    assert any("cosine with the target on what was hidden" in text for text in gallery)


def test_film_and_gap_say_what_they_show():
    record = Record(join_points([run(), run()], ["one way", "other way"]))
    record.data.attrs.update(image_rows=2, image_columns=3)
    film, gap = words(drawn(record, "film")), words(drawn(record, "gap"))
    assert "one way" in film
    assert {"probe 0", "probe 1"} <= set(film)
    assert "other way" not in film
    assert {"one way", "other way", "probe 0 at each point"} <= set(gap)
    assert "probe 0" in words(drawn(Record(run()), "gap"))


def test_error_bars_of_shares_end_at_0_and_1():
    seen = [Estimate(0.9, 0.6, 1.2, 5), Estimate(0.1, -0.2, 0.4, 5)]
    middle, bars = bars_within(seen)
    np.testing.assert_allclose(middle, [0.9, 0.1])
    np.testing.assert_allclose(bars, [[0.3, 0.1], [0.1, 0.3]])


def test_a_dozen_curves_have_a_dozen_colours():
    assert len(set(COLOURS)) == len(COLOURS) == 12


# --- and can be read ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("low", "high", "told"),
    [
        (0.5, 10, ["0.5", "1", "2", "5", "10"]),
        (260.0, 520, ["300", "400", "500"]),
        (1e-2, 1e2, ["0.01", "0.1", "1", "10", "100"]),
        (2e-7, 1e-6, [r"$2\times 10^{-7}$", r"$5\times 10^{-7}$", "$10^{-6}$"]),
    ],
)
def test_logarithmic_axes_tell_several_numbers(low, high, told):
    record = swept("run.step", np.geomspace(low, high, 4).tolist())
    ax = drawn(record, "sweep").axes[0]
    ax.figure.canvas.draw()
    left, right = ax.get_xlim()
    at = zip(ax.get_xticks(), ax.get_xticklabels(), strict=True)
    assert [t.get_text() for x, t in at if left <= x <= right] == told


# of the whole figure: legends below and beside, labels, and low figures
BY_DEFAULT = ("scaling", "association_best", "recall_histogram", "overflow")
RECORDS = claim_pictures(np.random.default_rng(0))


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=[] if name in BY_DEFAULT else pytest.mark.slow)
        for name in sorted(RECORDS)
    ],
)
def test_nothing_is_cut_and_nothing_lies_on_title_or_caption(name):
    fig = drawn(RECORDS[name], name)
    fig.canvas.draw()
    box = lambda artist: artist.get_window_extent()
    whole = fig.bbox
    (caption,) = [text for text in fig.texts if "seed" in text.get_text()]
    apart = [fig._suptitle, caption, *fig.legends, fig._supxlabel]
    apart += [ax.xaxis.label for ax in fig.axes if ax.axison]
    apart = [x for x in apart if x is not None and box(x).width > 0]
    for k, one in enumerate(apart):
        inside = box(one)
        assert whole.x0 - 1 <= inside.x0, one
        assert inside.x1 <= whole.x1 + 1, one
        assert whole.y0 - 1 <= inside.y0, one
        assert inside.y1 <= whole.y1 + 1, one
        for other in apart[k + 1 :]:
            assert not inside.overlaps(box(other)), f"{one} lies on {other}"
