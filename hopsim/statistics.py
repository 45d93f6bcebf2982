"""Statistics of what is measured, on top of scipy.stats."""


def wilson(successes: int, trials: int, level: float = 0.95) -> tuple[float, float]:
    """The Wilson score interval of a proportion. [Wilson 1927; scipy.stats]

    Valid at 0 and at all successes, where the normal interval collapses.
    """
    from scipy.stats import binomtest  # half a second to import: only when asked for

    if not 0 <= successes <= trials or trials < 1:
        raise ValueError(f"Need 0 <= successes <= trials, got {successes} of {trials}.")
    interval = binomtest(successes, trials).proportion_ci(level, method="wilson")
    return float(interval.low), float(interval.high)
