"""Writes tables as TOML text: the standard library can only read it."""

import datetime
import json
from typing import Any


def dumps(tables: dict[str, Any]) -> str:
    """One line for each entry of the top level, tables inline."""
    return "".join(f"{_key(k)} = {_value(v)}\n" for k, v in tables.items())


def _key(key: str) -> str:
    return _value(key)


def _value(x: Any) -> str:
    if isinstance(x, bool):
        return "true" if x else "false"
    if isinstance(x, str):
        # JSON leaves DEL as it is, which TOML forbids
        return json.dumps(x, ensure_ascii=False).replace("\x7f", "\\u007f")
    if isinstance(x, int | float):
        return repr(x)  # inf and nan included
    if isinstance(x, datetime.date | datetime.time):
        return x.isoformat()
    if isinstance(x, dict):
        return "{" + ", ".join(f"{_key(k)} = {_value(v)}" for k, v in x.items()) + "}"
    return "[" + ", ".join(map(_value, x)) + "]"
