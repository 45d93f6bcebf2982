"""Files of pictures: formats, resolutions, styles, and moving ones."""

import os
import stat
import sys
from typing import Any

import numpy as np
import pytest
from command_line import hopsim_cli
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from pictures import pictures
from PIL import Image, ImageSequence
from results import trajectory

import hopsim
from hopsim.plots import _animation
from hopsim.plots._images import image_colours
from hopsim.plots.style import moving
from hopsim.records import join_points, Record


PLOTS: Any = hopsim.plots
RECORDS: dict[str, Any] = pictures(np.random.default_rng(0))
FRAMES = 5


def falling():
    """Three probes of four features, each sample another state."""
    rng = np.random.default_rng(2)
    v = rng.uniform(-1, 1, (3, 4, 4)) * [[[4.0], [3.0], [2.0], [1.0]]]
    ends = np.full(3, 3.0)
    return trajectory([0] * 3, v=v, final=v[:, -1], end_time=ends)


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    return falling().save(tmp_path_factory.mktemp("saved") / "path.nc")


# --- pictures of one moment -----------------------------------------------------------


@pytest.mark.parametrize("form", ["png", "svg", "pdf"])
def test_the_same_record_gives_the_same_bytes(saved, form, tmp_path):
    one = PLOTS.save(falling(), "settling", tmp_path / f"one.{form}")
    two = PLOTS.save(str(saved), "settling", tmp_path / f"two.{form}")
    assert one.read_bytes() == two.read_bytes()
    assert sorted(tmp_path.iterdir()) == [one, two]
    text = one.read_bytes()
    assert text.startswith({"png": b"\x89PNG", "svg": b"<?xml", "pdf": b"%PDF"}[form])
    assert not any(word in text for word in (b"CreationDate", b"dc:date"))


def test_dots_per_inch_are_those_asked_for(tmp_path):
    sizes = []
    for dpi in (None, 150, 75):
        file = PLOTS.save(falling(), "settling", tmp_path / "x.png", dpi=dpi)
        with Image.open(file) as image:
            sizes.append(image.size)
    assert sizes[0] == sizes[1] == (1110, 540)
    assert sizes[2] == (555, 270)


def test_a_style_is_laid_over_that_of_hopsim(tmp_path):
    mine = tmp_path / "mine.mplstyle"
    mine.write_text("figure.facecolor: ff0000\nsavefig.facecolor: ff0000\n")
    corner = []
    for style in (None, mine, "dark_background"):
        file = PLOTS.save(falling(), "settling", tmp_path / "x.png", style=style)
        with Image.open(file) as image:
            corner.append(image.convert("RGB").getpixel((1, 1)))
    assert corner == [(255, 255, 255), (255, 0, 0), (0, 0, 0)]


BAD_STYLES = {
    "key": ("no.such.key: 1", "Bad key no.such.key"),
    "value": ("lines.linewidth: thick", "Could not convert 'thick'"),
    "line": ("nothing at all", "Missing colon"),
    "window": ("backend: agg", "not related to style"),
}


@pytest.mark.parametrize("name", BAD_STYLES)
def test_a_bad_style_is_one_error(name, tmp_path):
    text, told = BAD_STYLES[name]
    (tmp_path / "bad.mplstyle").write_text(text)
    with pytest.raises(ValueError, match=rf"style .* cannot be used \(.*{told}"):
        PLOTS.save(
            falling(), "settling", tmp_path / "x.png", style=tmp_path / "bad.mplstyle"
        )
    assert not (tmp_path / "x.png").exists()


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"style": "ggplott"}, "did you mean 'ggplot'"),
        ({"dpi": 9.9}, "10 to 2400 dots per inch, got dpi = 9.9"),
        ({"dpi": 2401}, "10 to 2400"),
        ({"dpi": float("nan")}, "10 to 2400"),
        ({"file": "x.jpg"}, "format png, svg, pdf, got 'x.jpg'"),
        ({"name": "setling"}, "did you mean 'settling'"),
    ],
)
def test_what_no_file_can_be_is_refused(given, told, tmp_path):
    asked = {"source": falling(), "name": "settling", "file": "x.png"} | given
    asked["file"] = tmp_path / asked["file"]
    with pytest.raises(ValueError, match=told):
        PLOTS.save(**asked)
    assert not list(tmp_path.iterdir())


# --- moving ones ----------------------------------------------------------------------


def drawn(record, name, frames):
    """A moving picture whose frames can be looked at."""
    fig = Figure()
    FigureCanvasAgg(fig)
    assert name in _animation.moving_plots()
    count, show = moving[name](record, fig, frames)
    return fig, count, show


def test_a_film_begins_with_the_first_state_and_ends_with_the_last():
    record = falling().to_record()
    fig, count, show = drawn(record, "film", 48)
    images, data = fig.axes[0].images, record.data
    assert count == 4  # there are no more samples
    for number, sample in ((0, 0), (count - 1, -1)):
        show(number)
        for image, state in zip(images, data["v"].values[:, sample], strict=True):
            shown = np.asarray(image.get_array())
            np.testing.assert_array_equal(shown, image_colours(data, state))
        assert f"t = {data['time'].values[sample]:.4g}" in fig.axes[1].get_title()


def test_trajectories_grow_in_a_portrait():
    rng = np.random.default_rng(3)
    axis, v = np.linspace(-1.5, 1.5, 9), rng.uniform(-1, 1, (2, 4, 2))
    plane = {
        "axis": ("grid", axis),
        "landscape": (("grid", "grid_2"), axis[:, None] ** 2 + axis**2),
        "cue": (("probe", "feature"), v[:, 0]),
        "memories": (("memory", "feature"), np.eye(2)),
        "fixed_point": (("fixed", "feature"), np.zeros((1, 2))),
        "fixed_index": ("fixed", np.zeros(1, int)),
    }
    path = trajectory(
        [0, 0], v=v, final=v[:, -1], final_memory=np.zeros((2, 2)),
        end_time=np.full(2, 3.0),
    ).to_record()  # fmt: skip
    fig, count, show = drawn(Record(path.data.assign(plane)), "portrait", 9)
    lines = fig.axes[0].lines[:2]
    for number in range(count):
        show(number)
        for line, states in zip(lines, v, strict=True):
            np.testing.assert_array_equal(line.get_xydata(), states[: number + 1])


def basins(points):
    """Images whose attractors move a little, and change their rows."""
    found, one = [], RECORDS["basin_image"].data
    for k in range(points):
        v = np.array([[1.0, 0.1 * k], [-1.0, 0.1 * k], [0.0, 0.5]])
        rows = [1, 0, 2] if k % 2 else [0, 1, 2]
        basin = np.where(one["axis"].values > 0, rows.index(0), rows.index(1))
        basin = np.repeat(basin[:, None], 6, axis=1)
        square = one["basin"].dims
        found.append(
            one.assign(
                basin=(square, basin),
                place=(square, basin + 3 * k),
                attractor_v=(("attractor", "feature"), v[rows]),
            )
        )
    return Record(join_points(found, [f"beta = {k}" for k in range(points)]))


def test_basins_keep_the_colours_of_their_attractors():
    fig, count, show = drawn(basins(3), "basin_image", 48)
    assert count == 3
    right, left = [], []
    for number in range(count):
        show(number)
        (image,) = fig.axes[0].images
        shown = np.asarray(image.get_array())
        right.append(np.argmax(shown[0, -1] - shown[0, -1].min()))
        left.append(np.argmax(shown[0, 0] - shown[0, 0].min()))
        assert f"beta = {number}" in fig.axes[0].get_title()
    assert len(set(right)) == len(set(left)) == 1
    assert right[0] != left[0]


def test_a_gif_holds_its_frames_and_loops(tmp_path, saved):
    file = PLOTS.animate(str(saved), "film", tmp_path / "film.gif", frames=3, dpi=50)
    told: list[tuple[int, int]] = []
    again = PLOTS.animate(
        *(falling(), "film", tmp_path / "more.gif"),
        frames=3,
        dpi=50,
        progress=lambda *count: told.append(count),
    )
    assert told[-1][0] == told[-1][1] == len(told) > 1
    assert file.read_bytes() == again.read_bytes()
    opened: Any = Image.open(file)
    with opened as image:
        assert image.n_frames == 3
        assert image.info["loop"] == 0
        assert image.info["duration"] == 80  # GIF counts in hundredths of a second
        frames = [np.asarray(x.convert("RGB")) for x in ImageSequence.Iterator(image)]
    assert len({frame.shape for frame in frames}) == 1
    assert file.stat().st_size < 60_000
    seen: list[Any] = []
    make = lambda see, _, count, fps: seen.extend(map(see, range(count))) or b""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_animation, "_gif", make)
        PLOTS.animate(str(saved), "film", tmp_path / "x.gif", frames=3, dpi=50)
    for frame, exact in zip(frames, seen, strict=True):
        assert np.mean(np.abs(frame.astype(float) - exact)) < 1  # of 255: the palette


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"name": "energy"}, "'energy' does not move; .* basin_image, film, portrait"),
        ({"name": "filmm"}, "did you mean 'film'"),
        ({"frames": 1}, "2 to 500 frames, got 1"),
        ({"frames": 2.5}, "2 to 500 frames, got 2.5"),
        ({"fps": 51}, "1 to 50 fps, got 51"),
        ({"dpi": 1}, "10 to 400 dpi, got 1"),
        ({"file": "x.png"}, "format gif or mp4, got 'x.png'"),
        ({"file": "x.mp4"}, "ffmpeg, which is not found .* take the format gif"),
    ],
)
def test_what_cannot_move_is_refused(given, told, tmp_path, monkeypatch, any_types):
    monkeypatch.setenv("PATH", str(tmp_path))
    asked = {"source": falling(), "name": "film", "file": "x.gif"} | given
    asked["file"] = tmp_path / asked["file"]
    with pytest.raises(ValueError, match=told):
        PLOTS.animate(**asked)
    assert not list(tmp_path.iterdir())


def test_one_point_is_no_continuation(tmp_path):
    with pytest.raises(ValueError, match="move from point to point, and this record"):
        PLOTS.animate(RECORDS["basin_image"], "basin_image", tmp_path / "x.gif")


PRETENDS = """#!{python}
import sys
size = len(sys.stdin.buffer.read())
if {works}:
    wide, high = map(int, sys.argv[sys.argv.index("-s") + 1].split("x"))
    open(sys.argv[-1], "w").write(f"{{wide}} {{high}} {{size}}")
else:
    sys.exit("no such codec")
"""


@pytest.mark.parametrize("works", [True, False])
def test_frames_go_to_ffmpeg_with_even_sides(works, tmp_path, monkeypatch):
    program, place = tmp_path / "ffmpeg", tmp_path / "made"
    program.write_text(PRETENDS.format(python=sys.executable, works=works))
    program.chmod(program.stat().st_mode | stat.S_IEXEC)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    place.mkdir()
    make = lambda: PLOTS.animate(falling(), "film", place / "x.mp4", frames=3, dpi=31)
    if not works:
        with pytest.raises(ValueError, match=r"could not write .* \(no such codec\)"):
            make()
        assert not list(place.iterdir())
        return
    wide, high, size = map(int, make().read_text().split())
    assert wide % 2 == high % 2 == 0
    assert size == 3 * wide * high * 3
    assert [x.name for x in place.iterdir()] == ["x.mp4"]


# --- the command ----------------------------------------------------------------------


def test_the_command_draws_in_other_formats_and_places(saved, tmp_path):
    place = tmp_path / "new" / "place"
    given = ("settling", "energy", "--format", "svg", "--into", place)
    told = hopsim_cli("plot", saved, *given)
    assert told.exit_code == 0, told.stderr
    assert told.stdout.split() == [str(place / f"{n}.svg") for n in given[:2]]
    assert sorted(x.name for x in place.iterdir()) == ["energy.svg", "settling.svg"]


def test_the_command_makes_what_moves(saved, tmp_path):
    rates = ("--frames", "2", "--fps", "5", "--dpi", "40")
    told = hopsim_cli(
        "plot", saved, "film", "--format", "gif", "--into", tmp_path, *rates
    )
    assert told.exit_code == 0, told.stderr
    opened: Any = Image.open(tmp_path / "film.gif")
    with opened as image:
        assert (image.n_frames, image.info["duration"]) == (2, 200)


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (("energy", "--format", "jpeg"), "no format 'jpeg'"),
        (("energy", "--format", "gif"), "'energy' does not move"),
        (("--format", "gif"), "names no plot of the format gif"),
        ((), "name one, such as energy, gap, settling, film"),
        (("energy", "--fps", "3"), "of one moment have no fps"),
        (("energy", "--dpi", "3"), "10 to 2400"),
        (("energy", "--style", "no.mplstyle"), "There is no style"),
        (("overlap",), "give it network= and targets="),
    ],
)
def test_the_command_refuses_with_one_line(saved, given, told, tmp_path):
    result = hopsim_cli("plot", saved, *given, "--into", tmp_path / "place")
    assert result.exit_code == 2
    assert told in result.stderr
    assert len(result.stderr.strip().splitlines()) == 1
    assert not (tmp_path / "place").exists() or not [*(tmp_path / "place").iterdir()]
