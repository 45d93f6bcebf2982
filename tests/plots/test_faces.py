"""Plots as functions of results, records and files: one code, the same pixels."""

import io
import pickle
from typing import Any

import numpy as np
import pytest
from pictures import pictures
from PIL import Image
from results import attractors, branch, relaxation, samples, trajectory

import hopsim
from hopsim import dynamics, patterns
from hopsim.plots.style import plots, RESULTS


PLOTS: Any = hopsim.plots
RECORDS = pictures(np.random.default_rng(0))


def pixels(image: Any):
    """The pixels of a figure or of the file of a PNG."""
    shown = getattr(image, "_repr_png_", None)
    data = image if shown is None else io.BytesIO(shown())
    return np.asarray(Image.open(data).convert("RGB"))


@pytest.fixture(scope="module")
def path():
    return trajectory([0, 0, 1, 0])


@pytest.fixture(scope="module")
def run():
    """A network with its memories' probes, and where they went."""
    memories = patterns.random_binary(3, count=4, features=16)
    network = hopsim.model_b(memories, beta=1.0)
    probes = patterns.corrupted(4, memories, flipped=0.2)
    motion = dynamics.Adiabatic()
    return network, hopsim.simulate(network, motion, probes, duration=5.0, samples=6)


# --- the namespace --------------------------------------------------------------------


def test_every_plot_is_a_function_that_tells_what_it_shows():
    assert set(plots) <= set(dir(PLOTS))
    assert {"complete", "render", "save"} <= set(dir(PLOTS))
    for name in plots:
        face = getattr(PLOTS, name)
        assert face.__name__ == name
        first = (plots[name].__doc__ or "").strip().splitlines()[0]
        assert face.__doc__.startswith(first)
        assert "**Arguments:**" in face.__doc__


def test_former_names_of_plots_are_known():
    assert PLOTS.attractors.__name__ == PLOTS.attractor_map.__name__ == "census"


@pytest.mark.parametrize("name", ["enrgy", "no_such_thing_at_all", "_private"])
def test_an_unknown_name_is_no_attribute(name):
    with pytest.raises(AttributeError, match=name) as caught:
        getattr(PLOTS, name)
    if name == "enrgy":
        assert "did you mean 'energy'?" in str(caught.value)


def test_a_plot_of_a_user_is_a_function_as_well(monkeypatch):
    monkeypatch.setattr(hopsim.extend.decorators.parts, "_parts", {})

    @hopsim.extend.plot("tiny_plot_of_mine")
    def draw_mine(record, fig):
        """The times, as they are."""
        fig.subplots().plot(record["time"].values)

    assert "tiny_plot_of_mine" in dir(PLOTS)
    fig = PLOTS.tiny_plot_of_mine(trajectory([0]))
    assert len(fig.axes) == 1
    assert PLOTS.tiny_plot_of_mine.__doc__.startswith("The times, as they are.")


# --- one code, the same pixels --------------------------------------------------------


def test_a_result_its_record_and_its_file_give_the_same_pixels(path, tmp_path):
    file = path.save(tmp_path / "path.nc")
    seen = [pixels(PLOTS.energy(x)) for x in (path, path.to_record(), file)]
    np.testing.assert_array_equal(seen[0], seen[1])
    np.testing.assert_array_equal(seen[0], seen[2])
    np.testing.assert_array_equal(seen[0], pixels(PLOTS.energy(str(file))))


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(
            name, marks=[] if name in ("ledger", "census") else pytest.mark.slow
        )
        for name in sorted(RECORDS)
    ],
)
def test_python_draws_what_is_written_into_files(name, tmp_path):
    record = RECORDS[name]
    file = PLOTS.render(record, name, tmp_path / "x.png")
    fig = getattr(PLOTS, name)(record)
    assert file.read_bytes() == fig._repr_png_()
    fig.savefig(tmp_path / "y.png")  # as a user would
    np.testing.assert_array_equal(pixels(file), pixels(tmp_path / "y.png"))


def test_a_figure_shows_itself_and_nothing_else_knows_it(path):
    import matplotlib.pyplot as plt

    before = plt.get_fignums()
    fig = PLOTS.energy(path)
    assert plt.get_fignums() == before
    shown = fig._repr_png_()
    assert shown.startswith(b"\x89PNG")
    again = pickle.loads(pickle.dumps(fig))
    np.testing.assert_array_equal(pixels(again), pixels(fig))


def test_a_result_of_python_has_no_seed_and_no_title(path):
    fig = PLOTS.energy(path)
    (told,) = [t.get_text() for t in fig.texts if "hopsim" in t.get_text()]
    assert told.startswith("Trajectory of 4 probes")
    assert told.endswith(f"hopsim {hopsim.__version__}")
    assert "None" not in told
    assert "seed" not in told
    assert fig.get_suptitle() == ""


# --- what completes a trajectory ------------------------------------------------------


def test_targets_complete_a_trajectory(run):
    network, path = run
    record = PLOTS.complete(path, network, targets=np.arange(4))
    v, xi = path.v, np.asarray(network.memories)
    cosine = np.einsum("psf,pf->ps", v, xi)
    cosine /= np.linalg.norm(v, axis=-1) * np.linalg.norm(xi, axis=-1)[:, None]
    np.testing.assert_allclose(record["overlap"].values, cosine, rtol=1e-12)
    np.testing.assert_allclose(record["match"].values, cosine[:, -1], rtol=1e-12)
    np.testing.assert_array_equal(record["retrieved"].values, cosine[:, -1] > 0.95)
    assert PLOTS.overlap(path, network=network, targets=np.arange(4)).axes
    aimless = PLOTS.complete(path, network, targets=[0, -1, 1, 2])
    np.testing.assert_array_equal(aimless["aimed"].values, [True, False, True, True])
    assert np.all(np.isnan(aimless["overlap"].values[1]))


def test_a_trajectory_of_square_images_makes_a_film(run):
    network, path = run
    square = PLOTS.film(path)
    wide = PLOTS.film(path, image=(2, 8))
    shape = lambda fig: fig.axes[0].images[0].get_array().shape[:2]
    assert (shape(square), shape(wide)) == ((4, 4), (2, 8))
    gallery = PLOTS.gallery(path, network=network, targets=np.arange(4))
    assert len(gallery.axes[0].images) == 4 * 3


REFUSED = {
    "a number": (3, {}, "drawn from a Trajectory"),
    "no file": ("no/such/run", {}, "no record at"),
    "two places": (None, {"ax": 1, "fig": 2}, "one place"),
    "no axes": (None, {"ax": 3}, "ax is a pair of Axes"),
    "no figure": (None, {"fig": "a"}, "fig is a Figure"),
    "no network": (None, {"targets": [0] * 4}, "give network= as well"),
    "a record": ("record", {"targets": [0] * 4}, "a Record is drawn as it is"),
    "image": (None, {"image": (2, 2)}, r"\(rows, columns\) of the 16 features"),
    "targets": ("net", {"targets": [0, 1, 2, 9]}, "Targets are 4 numbers of memories"),
    "few": ("net", {"targets": [0]}, "Targets are 4 numbers of memories"),
    "half": ("net", {"targets": [0.5, 1, 1, 1]}, "Targets are 4 numbers"),
}


@pytest.mark.parametrize("name", REFUSED)
@pytest.mark.usefixtures("any_types")
def test_what_cannot_be_drawn_is_one_sentence(run, name):
    source, given, told = REFUSED[name]
    network, path = run
    given = given | ({"network": network} if source == "net" else {})
    kinds = {None: path, "net": path, "record": path.to_record()}
    with pytest.raises(ValueError, match=f"(?i){told}") as caught:
        PLOTS.energy(kinds.get(source, source), **given)
    assert "\n" not in str(caught.value)


@pytest.mark.slow  # Newton's method from every point of a grid
def test_a_network_of_two_features_has_a_portrait():
    memories = np.array([[1.0, 0], [-0.5, 0.8], [-0.5, -0.8]])
    network, starts = hopsim.model_b(memories, beta=4.0), patterns.grid(-1.4, 1.4, 3)
    motion = dynamics.Adiabatic()
    path = hopsim.simulate(network, motion, starts, duration=9.0, samples=5)
    record = PLOTS.complete(path, network)
    np.testing.assert_array_equal(record["fixed_index"].values[:3], 0)
    assert PLOTS.portrait(path, network=network).axes
    other = hopsim.model_b(2 * memories, beta=4.0)
    with pytest.raises(ValueError, match="other energies than this network"):
        PLOTS.portrait(path, network=other)


def test_another_network_is_not_taken_for_its_own(run):
    other = hopsim.model_b(np.eye(3, 5), beta=1.0)
    with pytest.raises(ValueError, match="16 features and 4 memories"):
        PLOTS.overlap(run[1], network=other, targets=np.arange(4))


# --- what each result is drawn by -----------------------------------------------------

MADE = {
    "Trajectory": lambda: trajectory(
        [0, 0], v=np.zeros((2, 4, 4)), final=np.zeros((2, 4))
    ),
    "Attractors": attractors,
    "Samples": samples,
    "Relaxation": relaxation,
    "Branch": branch,
}


@pytest.mark.parametrize("kind", RESULTS)
def test_messages_name_the_plots_by_which_a_result_is_drawn(kind):
    result, drawn, told = MADE[kind](), set(), ""
    for name in sorted({*sum(RESULTS.values(), ()), "overlap", "portrait", "sweep"}):
        try:
            image = {"image": (1, 5)} if kind == "Attractors" else {}
            getattr(PLOTS, name)(result, **image)
            drawn.add(name)
        except ValueError as error:
            told = str(error)
    assert drawn == set(RESULTS[kind])
    for name in RESULTS[kind]:
        assert name in told
