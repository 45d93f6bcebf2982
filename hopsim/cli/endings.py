"""How a command ends: its exit code, and one message for whatever went wrong."""

import contextlib
import enum
import errno
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NoReturn

import typer

from .._common import parts
from .._common.names import plain, printable
from . import terminal


class Exit(enum.IntEnum):
    """Exit codes of what did not go well."""

    CHECK_FAILED = 1  # of the scenario, or a claim
    INPUT_AT_FAULT = 2  # the user's, or what the machine refuses
    INTERNAL_ERROR = 3
    INTERRUPTED = 130  # as shells report it; nothing is half written
    NOBODY_READS = 141  # as shells report it


@contextlib.contextmanager
def guarded() -> Iterator[None]:
    """Mistakes and machines at fault end with one message, defects with all of it."""
    try:
        yield
        sys.stdout.flush()
    except typer.Exit:
        raise
    except BrokenPipeError as error:
        if not _nobody_reads():
            _crash(error)
        raise typer.Exit(Exit.NOBODY_READS) from None
    except KeyboardInterrupt as error:
        print(f"stopped: {error or 'nothing is kept'}", file=sys.stderr)
        raise typer.Exit(Exit.INTERRUPTED) from None
    except OSError as error:
        _refuse(words_of(error))
    except ValueError as error:
        if raised_by_hopsim(error):
            _refuse(str(error))
        _refuse_part(error)
        _crash(error)
    except MemoryError as error:
        _refuse(f"out of memory; use smaller sizes. {error}")
    except Exception as error:
        if "RESOURCE_EXHAUSTED" in str(error):  # as XLA says it
            _refuse(f"out of memory; use smaller sizes. {plain(str(error))}")
        _refuse_part(error)
        _crash(error)


def _refuse_part(error: Exception) -> None:
    """Ends with file and line if a user's part has raised an error, or led to it."""
    if told := parts.fault(error):
        _refuse(told)


def _refuse(message: str) -> NoReturn:
    print(f"error: {printable(message)}", file=sys.stderr)
    raise typer.Exit(Exit.INPUT_AT_FAULT) from None


@contextlib.contextmanager
def showing_what_is_kept() -> Iterator[None]:
    """What could only be kept elsewhere is shown as usual before that is told."""
    from .._common.files import KeptElsewhere

    try:
        yield
    except KeptElsewhere as error:
        if isinstance(error.result, dict):
            terminal.show_report(error.result, error.place or Path())
        elif error.result is not None:
            terminal.show_summary(error.result)
        raise


@contextlib.contextmanager
def reading(what: str | Path) -> Iterator[None]:
    """Whatever a saved run raises that is not whole is its fault, in one message."""
    try:
        yield
    except (OSError, typer.Exit):
        raise
    except Exception as error:
        if isinstance(error, ValueError) and raised_by_hopsim(error):
            raise
        why = plain(f"{type(error).__name__}: {error}")
        raise ValueError(
            f"{str(what)!r} cannot be shown ({why}): it is damaged, or another version "
            "of hopsim made it; run its scenario again."
        ) from error


def words_of(error: OSError) -> str:
    """What the machine refused; what waits for an output that is full goes nowhere."""
    from .._common.files import machine_fault

    with contextlib.suppress(AttributeError, ValueError):  # no file of the system
        try:
            sys.stdout.flush()
        except OSError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EIO) and not error.filename:
        error.filename = "standard output"  # the only file written to without a name
    return machine_fault(error)


def _nobody_reads() -> bool:
    """Whether standard output is a closed pipe, which is then left: `| head -1`."""
    import select

    try:
        poll = select.poll()
        poll.register(sys.stdout.fileno(), 0)
    except (AttributeError, OSError, ValueError):  # no such call, or no such file
        return False
    if not poll.poll(0):
        return False
    # what is still in the buffer goes nowhere, without a word at the end
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return True


def take_termination_as_ctrl_c() -> None:
    """What a scheduler sends before it kills ends a command as Ctrl-C does."""
    import signal

    with contextlib.suppress(ValueError):  # in a thread, where no signal arrives
        signal.signal(
            signal.SIGTERM, lambda number, frame: signal.raise_signal(signal.SIGINT)
        )


@contextlib.contextmanager
def asked_to_stop() -> Iterator[Any]:
    """Whether Ctrl-C was pressed inside the block; a second time it interrupts."""
    import signal

    pressed = []

    def first(number: int, frame: Any) -> None:
        pressed.append(number)
        signal.signal(signal.SIGINT, old)
        print("stopping after this epoch; again to stop at once", file=sys.stderr)

    old = signal.signal(signal.SIGINT, first)
    try:
        yield lambda: bool(pressed)
    finally:
        signal.signal(signal.SIGINT, old)


def raised_by_hopsim(error: BaseException) -> bool:
    """True if hopsim raised it on purpose, not a library underneath."""
    place = error.__traceback__
    while place is not None and place.tb_next is not None:
        place = place.tb_next
    home = str(Path(__file__).parents[1])
    return place is not None and place.tb_frame.f_code.co_filename.startswith(home)


def _crash(error: BaseException) -> NoReturn:
    import traceback

    traceback.print_exception(error)
    print(
        "Internal error: this is a defect of hopsim, not of your file. Please report "
        "it with the scenario.",
        file=sys.stderr,
    )
    raise typer.Exit(Exit.INTERNAL_ERROR) from None
