"""Names: how they are quoted, and what a misspelt one was probably meant to be."""

import difflib
import unicodedata


MAX_QUOTED_CHARACTERS = 200  # characters of a name that are quoted


def guess(name: str, known: list[str]) -> str | None:
    """The valid name that a misspelt one was probably meant to be."""
    close = difflib.get_close_matches(name, known, n=1)
    return close[0] if close else None


def nearest(name: str, known: list[str]) -> str:
    """`Did you mean ...?` for a misspelt name, or the list of valid ones."""
    meant = guess(name, known)
    if meant is not None:
        return f"did you mean {meant!r}?"
    return f"valid names are {', '.join(sorted(known))}"


def shown(name: str) -> str:
    """A name in quotes, as messages show it, cut short if it is overlong."""
    most = MAX_QUOTED_CHARACTERS
    return repr(name if len(name) <= most else name[:most] + "...")


def plain(text: str) -> str:
    """A text of others in one line of printable characters, cut short as names are."""
    line = " ".join(text.split())
    line = "".join(c if c.isprintable() else "?" for c in line)
    most = MAX_QUOTED_CHARACTERS
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
