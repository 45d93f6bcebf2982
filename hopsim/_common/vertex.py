"""The interaction vertex n: how many neurons meet in one term of the energy."""

from typing import Any


MAX_VERTEX = 1000  # 10^n leaves float64 at n = 309; exact integers take their time


def require_vertex(n: Any, least: int = 1) -> None:
    """Raises ValueError unless n is an integer that an interaction may have."""
    if not (least <= n <= MAX_VERTEX and n % 1 == 0):
        raise ValueError(
            f"The interaction vertex n must be >= {least}, an integer, and at most "
            f"{MAX_VERTEX}, got {n}."
        )
