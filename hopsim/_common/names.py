"""Names and literals: how messages quote them, and what a misspelt one meant."""

import difflib
import os
import re
import traceback
import unicodedata
from typing import Any


MAX_QUOTED_CHARACTERS = 200  # characters of a name or a literal that are quoted
MAX_LINE_CHARACTERS = 480  # characters of a line of a message


def guess(name: str, known: list[str]) -> str | None:
    """The valid name that a misspelt one was probably meant to be."""
    close = difflib.get_close_matches(name[:MAX_QUOTED_CHARACTERS], known, n=1)
    return close[0] if close else None


def nearest(name: str, known: list[str]) -> str:
    """`Did you mean ...?` for a misspelt name, or the list of valid ones."""
    meant = guess(name, known)
    if meant is not None:
        return f"did you mean {shown(meant)}?"
    return f"valid names are {', '.join(sorted(known))}"


def shown(value: Any) -> str:
    """A name or a literal as messages quote it: one line, cut short if overlong."""
    most = MAX_QUOTED_CHARACTERS
    if isinstance(value, str):
        return repr(value if len(value) <= most else value[:most] + "...")
    text = " ".join(repr(value).split())
    return printable(text if len(text) <= most else text[:most] + "...")


def plain(text: str) -> str:
    """A text of others in one printable line, cut short as names are.

    Without addresses in memory, which differ each time that the same is told.
    """
    text = re.sub(r" at 0x[0-9a-fA-F]+", "", " ".join(text.split()))
    line, most = printable(text), MAX_QUOTED_CHARACTERS
    return line if len(line) <= most else line[:most] + "..."


def unwritable(text: str) -> str | None:
    """The first character that no file or picture can hold, as an escape, or None.

    These are the control characters but for line feeds and tabs, and half a surrogate
    pair.
    """
    for character in text:
        if unicodedata.category(character) in ("Cc", "Cs") and character not in "\n\t":
            return ascii(character)[1:-1]
    return None


def printable(message: str) -> str:
    """A message as it may be printed, whatever went into it unquoted.

    Control characters become escapes, overlong words are cut short, and overlong lines
    lose their middle: what is wrong stands at the beginning, the remedy at the end.
    """
    return "\n".join(_printable_line(line) for line in message.split("\n"))


def _printable_line(line: str) -> str:
    if not line.isprintable():
        escaped = (c if c.isprintable() else ascii(c)[1:-1] for c in line)
        line = "".join(escaped)
    most = MAX_QUOTED_CHARACTERS + 10  # what is quoted already has marks around it
    line = re.sub(rf"\S{{{most + 1},}}", lambda word: word[0][:most] + "...", line)
    if len(line) <= MAX_LINE_CHARACTERS:
        return line
    end = MAX_LINE_CHARACTERS // 3
    return f"{line[: MAX_LINE_CHARACTERS - end - 5]} ... {line[-end:]}"


def crash_reason(error: BaseException) -> str:
    """What an error that nobody expected is, and where it was raised."""
    last = traceback.extract_tb(error.__traceback__)[-1]
    place = f"{os.path.basename(last.filename)}, line {last.lineno}"
    return f"crashed with {type(error).__name__} in {place}: {error}"
