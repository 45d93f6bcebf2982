"""Moving pictures: frames of one layout, in a GIF or, where ffmpeg is there, an MP4."""

import functools as ft
import io
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, get_args, Literal

import numpy as np

from .._common.files import reason_of, remove, unfinished_name, write_whole
from .._common.names import nearest, plain, shown
from .._common.progress import Count, counted, Progress
from ..records import Record
from ._drawing import captioned, drawn, new_figure
from ._formats import format_told, styled
from .style import COLOURS, Figure, moving, plots


MovingFormat = Literal["gif", "mp4"]
MOVING_FORMATS: tuple[MovingFormat, ...] = get_args(MovingFormat)
LIMITS = {"frames": (2, 500), "fps": (1, 50), "dpi": (10, 400)}
DPI = 100
PALETTE, SEEN = 128, 6  # colours of a GIF, and frames from which they are taken
EXACT = (
    "#ffffff",
    "#000000",
)  # colours that a GIF has for certain, beside hopsim's own


def moving_plots() -> list[str]:
    """The plots that move."""
    return sorted(name for name in plots if name in moving)  # asked first: it loads all


def require_moving(name: str) -> None:
    """Raises ValueError for a plot that does not move."""
    if plots.today(name) not in plots:
        raise ValueError(f"There is no plot {name!r}; {plots.nearest(name)}")
    known = moving_plots()
    if plots.today(name) not in known:
        raise ValueError(
            f"The plot {name!r} does not move; {nearest(name, known)}, and the others "
            "are drawn as png, svg or pdf."
        )


def require_rates(frames: Any, fps: Any, dpi: Any) -> None:
    """Raises ValueError for numbers that no moving picture has."""
    for name, value in (("frames", frames), ("fps", fps), ("dpi", dpi)):
        low, high = LIMITS[name]
        whole = isinstance(value, int | float) and not isinstance(value, bool)
        whole = whole and (name != "frames" or value == int(value))
        if not (whole and low <= value <= high):
            raise ValueError(
                f"Moving pictures have {low} to {high} {name}, got {shown(value)}."
            )


def require_writer(form: MovingFormat) -> None:
    """Raises ValueError where nothing can write the format."""
    if form == "mp4" and _ffmpeg() is None:
        raise ValueError(
            "An mp4 is written by the program ffmpeg, which is not found on this "
            "machine; install it, or take the format gif, which needs none."
        )


def moving_format(path: Path) -> MovingFormat:
    """The format that a suffix tells; ValueError for another one."""
    rule = "Moving pictures are files of the format gif or mp4"
    return format_told(path, MOVING_FORMATS, rule)


def animate_record(
    record: Record,
    name: str,
    path: str | os.PathLike,
    *,
    frames: int = 48,
    fps: float = 12,
    dpi: float | None = None,
    style: str | os.PathLike | None = None,
    progress: Progress = None,
) -> Path:
    """A plot that moves as a file, never half written; see `hopsim.plots.animate`."""
    path = Path(path)
    form, dpi = moving_format(path), DPI if dpi is None else dpi
    require_moving(name)
    require_rates(frames, fps, dpi)
    require_writer(form)
    name = plots.today(name)
    with styled(style):
        fig = new_figure()
        make = ft.partial(_drawn, name, frames)
        count, show = captioned(record, make, fig)
        fig.set_dpi(dpi)
        see = ft.partial(_frame, fig, show)
        with counted(progress, f"{name}, frames", count) as tell:
            told = ft.partial(_told, see, count, tell)
            if form == "gif":
                return write_whole(path, _gif(see, told, count, fps))
            return _write_mp4(path, (told(k) for k in range(count)), fps)


def _told(
    see: Callable[[int], np.ndarray], count: int, tell: Count | None, number: int
) -> np.ndarray:
    """A frame, of which is told when it is drawn."""
    seen = see(number)
    if tell is not None:
        tell(number + 1, count)
    return seen


def _drawn(name: str, frames: int, record: Record, fig: Figure) -> Any:
    move = lambda record, fig: moving[name](record, fig, frames)
    return drawn(move, name, record, fig)


def _frame(fig: Figure, show: Callable[[int], None], number: int) -> np.ndarray:
    """The pixels of a frame: (height, width, 3) of 8 bits."""
    show(number)
    fig.canvas.draw()
    return np.asarray(fig.canvas.buffer_rgba())[..., :3].copy()


# --- files ----------------------------------------------------------------------------


def _gif(
    see: Callable[[int], np.ndarray],
    told: Callable[[int], np.ndarray],
    count: int,
    fps: float,
) -> bytes:
    seen = np.unique(np.linspace(0, count - 1, SEEN).round().astype(int))
    palette = _palette(np.concatenate([_codes(see(int(k))).ravel() for k in seen]))
    frames = (_in_colours(told(k), palette) for k in range(count))
    data = io.BytesIO()
    next(frames).save(
        data,
        format="GIF",
        save_all=True,
        append_images=frames,
        duration=round(1000 / fps),
        loop=0,  # for ever
        optimize=True,  # what does not change is left out
    )
    return data.getvalue()


def _codes(pixels: np.ndarray) -> np.ndarray:
    """Colours as numbers."""
    return pixels.astype(np.int64) @ np.array([2**16, 2**8, 1])


def _colours(codes: np.ndarray) -> np.ndarray:
    return np.stack([codes >> 16, codes >> 8 & 255, codes & 255], axis=-1)


def _palette(codes: np.ndarray) -> np.ndarray:
    """Colours that suit these pixels: also those that few of them have."""
    from matplotlib.colors import to_rgb
    from PIL import Image

    known, counts = np.unique(codes, return_counts=True)
    # a mark of a dozen pixels is worth more than a dozen of a background
    often = np.repeat(known, np.ceil(np.sqrt(counts)).astype(int))
    own = [[round(255 * x) for x in to_rgb(name)] for name in (*EXACT, *COLOURS)]
    left = PALETTE - len(own)
    told = Image.fromarray(_colours(often)[None].astype(np.uint8))
    cut = told.quantize(left, method=Image.Quantize.MEDIANCUT).getpalette() or []
    return np.concatenate([own, np.reshape(cut, (-1, 3))[:left]]).astype(int)


def _in_colours(pixels: np.ndarray, palette: np.ndarray) -> Any:
    """An image in the nearest colours of a palette. (Pillow's own search is rough.)"""
    from PIL import Image

    known, places = np.unique(_codes(pixels), return_inverse=True)
    away = _colours(known)[:, None] - palette
    nearest_ones = np.argmin(np.sum(away**2, axis=-1), axis=-1).astype(np.uint8)
    image = Image.fromarray(nearest_ones[places].reshape(pixels.shape[:2]))
    image.putpalette(palette.ravel().tolist())
    return image


def _ffmpeg() -> str | None:
    import matplotlib as mpl

    return shutil.which(str(mpl.rcParams["animation.ffmpeg_path"]))


def _write_mp4(path: Path, frames: Iterator[np.ndarray], fps: float) -> Path:
    """What ffmpeg makes of the frames, under another name until it is whole."""
    first = next(frames)
    # the codec wants even sides: a column or row of white
    even = lambda x: np.pad(
        x, [(0, x.shape[0] % 2), (0, x.shape[1] % 2), (0, 0)], constant_values=255
    )
    high, wide = even(first).shape[:2]
    temporary = unfinished_name(path)
    command = [
        *(str(_ffmpeg()), "-y", "-loglevel", "error"),
        *("-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{wide}x{high}"),
        *("-r", f"{fps:g}", "-i", "-", "-an", "-c:v", "libx264"),
        *("-pix_fmt", "yuv420p", "-map_metadata", "-1", "-fflags", "+bitexact"),
        *("-f", "mp4", str(temporary)),
    ]
    try:
        with subprocess.Popen(
            command, stdin=subprocess.PIPE, stderr=subprocess.PIPE
        ) as process:
            told = _fed(process, [first], frames, even)
        if process.returncode or not temporary.is_file():
            raise ValueError(
                f"ffmpeg could not write {str(path)!r} ({plain(told) or 'no reason'}); "
                "mend that, or take the format gif."
            )
        os.replace(temporary, path)
    except OSError as error:
        raise ValueError(
            f"ffmpeg could not write {str(path)!r} ({reason_of(error)}); mend that, or "
            "take the format gif."
        ) from error
    finally:
        remove(temporary)
    return path


def _fed(
    process: Any, first: list[np.ndarray], rest: Iterator[np.ndarray], even: Callable
) -> str:
    """Write all frames into a process; what it says of itself."""
    try:
        for group in (first, rest):
            for frame in group:
                process.stdin.write(even(frame).tobytes())
        process.stdin.close()
    except BrokenPipeError:  # it says why
        pass
    return process.stderr.read().decode(errors="replace")
