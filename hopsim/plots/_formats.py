"""Files of pictures: their formats, resolutions and styles."""

import contextlib
import io
import logging
import os
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args, Literal, TypeVar

from .._common.files import reason_of
from .._common.names import nearest, plain, shown
from .style import Figure


Format = Literal["png", "svg", "pdf"]
FORMATS: tuple[Format, ...] = get_args(Format)
MIN_DPI, MAX_DPI = 10, 2400

# no dates and no names of programs: the same record gives the same bytes
_METADATA: dict[str, Any] = {
    "png": {"Software": None},
    "svg": {"Date": None},
    "pdf": {"CreationDate": None},
}
_STYLE: Any = {
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlesize": 9.5,
    "axes.titlelocation": "left",
    "legend.frameon": False,
    "legend.fontsize": 8,
    "lines.linewidth": 1.1,
    "image.cmap": "gray",
    "savefig.dpi": 150,
    "svg.hashsalt": "hopsim",
}


def named_format(path: Path) -> Format:
    """The format that a suffix tells; ValueError for another one."""
    return format_told(
        path, FORMATS, f"Pictures are files of the format {', '.join(FORMATS)}"
    )


Told = TypeVar("Told", bound=str)


def format_told(path: Path, formats: tuple[Told, ...], rule: str) -> Told:
    """The format that a suffix tells; ValueError, with the rule, for another one."""
    word = path.suffix.removeprefix(".").lower()
    for form in formats:
        if word == form:
            return form
    raise ValueError(
        f"{rule}, got {shown(path.name)}; end its name with .{formats[0]}, say."
    )


def require_dpi(dpi: float | None) -> None:
    """Raises ValueError for a resolution that no picture has."""
    number = isinstance(dpi, int | float) and not isinstance(dpi, bool)
    if dpi is not None and not (number and MIN_DPI <= dpi <= MAX_DPI):
        raise ValueError(
            f"Pictures have {MIN_DPI} to {MAX_DPI} dots per inch, got dpi = "
            f"{shown(dpi)}; 150 is the default."
        )


def image_of(fig: Figure, form: Format, dpi: float | None = None) -> bytes:
    """A figure as the bytes of a file. Raises ValueError for an impossible `dpi`."""
    require_dpi(dpi)
    data = io.BytesIO()
    given: Any = {} if dpi is None else {"dpi": dpi}
    fig.savefig(data, format=form, metadata=_METADATA[form], **given)
    return data.getvalue()


@contextlib.contextmanager
def styled(style: str | os.PathLike | None = None) -> Iterator[None]:
    """hopsim's look of what is drawn in the block; over it, a style of Matplotlib.

    Raises ValueError for a style that cannot be read.
    """
    import matplotlib as mpl

    with mpl.rc_context(_STYLE):
        if style is not None:
            _lay_over(style)
        yield


def current_look() -> Any:
    """What is in force of the parameters that hopsim sets, styles among them."""
    import matplotlib as mpl

    return {name: mpl.rcParams[name] for name in _STYLE}


def _lay_over(style: str | os.PathLike) -> None:
    """Use a style; what Matplotlib would only warn of is an error."""
    import matplotlib.style

    known, told = matplotlib.style.library, str(style)
    if told not in known and not os.path.isfile(told):
        raise ValueError(
            f"There is no style {shown(told)}: neither a file nor a style of "
            f"Matplotlib; {nearest(told, sorted(known))}"
        )
    heard, log = _Heard(), logging.getLogger("matplotlib")
    log.addHandler(heard)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            matplotlib.style.use(told if told in known else _read(told))
    except Exception as error:  # of a damaged file Matplotlib raises anything
        heard.words.append(reason_of(error))
    finally:
        log.removeHandler(heard)
    if heard.words:
        raise ValueError(
            f"The style {shown(told)} cannot be used ({plain(heard.words[0])}); mend "
            "that line, or name another style."
        )


def _read(file: str) -> Any:
    import matplotlib as mpl

    return mpl.rc_params_from_file(file, fail_on_error=True, use_default_template=False)


class _Heard(logging.Handler):
    """What Matplotlib writes into its log while a style is read."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.words: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.words.append(record.getMessage())
