r"""Statistics of measurements, on top of SciPy.

The unit of replication is the pattern set: trials that share memories are not
independent, so every interval here is for a repetition with *other sets of memories*.
An `Estimate` is a value, its interval and the number of sets.
"""

import math
from statistics import NormalDist
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int, Real, Shaped


LEVEL = 0.95  # the default confidence level of all intervals
RESAMPLES = 999  # of a bootstrap: its 95 % limits are then order statistics
_SEED = 20160603  # fixed: the same data give the same interval


class Estimate(NamedTuple):
    """A number with its interval; the limits are NaN if they need more than one set."""

    value: float
    low: float
    high: float
    sets: int

    def __str__(self) -> str:
        if np.isnan(self.low):
            return f"{self.value:.4g}"
        return f"{self.value:.4g} [{self.low:.4g}, {self.high:.4g}]"


def wilson(successes: int, trials: int, level: float = LEVEL) -> tuple[float, float]:
    r"""The Wilson score interval of a proportion. [Wilson 1927]

    $(k + z^2/2 \pm z\sqrt{k(n-k)/n + z^2/4}) / (n + z^2)$ for k of n, z the quantile of
    the normal law. Valid also for no success and for all, where the normal interval has
    zero width. Raises ValueError unless 0 <= successes <= trials and trials >= 1.
    """
    # not by scipy.stats, which takes longer to import than a small study to run
    if not 0 <= successes <= trials or trials < 1:
        raise ValueError(f"Need 0 <= successes <= trials, got {successes} of {trials}.")
    if not 0 < level < 1:
        raise ValueError(f"A confidence level must be > 0 and < 1, got {level}.")
    z = NormalDist().inv_cdf(0.5 + level / 2)
    half = z * math.sqrt(successes * (trials - successes) / trials + z**2 / 4)
    middle, whole = successes + z**2 / 2, trials + z**2
    low = (middle - half) / whole if successes else 0.0
    return low, (middle + half) / whole if successes < trials else 1.0


def wilsons(
    successes: Int[np.ndarray, "*batch"], trials: int, level: float = LEVEL
) -> Float[np.ndarray, "*batch ends"]:
    """Both ends of Wilson's interval for many counts; equal counts only once."""
    counts, place = np.unique(successes, return_inverse=True)
    ends = [wilson(int(k), trials, level) for k in counts]
    return np.reshape(ends, (-1, 2))[place.reshape(successes.shape)]


def proportion(successes: int, trials: int, level: float = LEVEL) -> Estimate:
    """The share of pattern sets in which something happened, by Wilson's interval."""
    return Estimate(successes / trials, *wilson(successes, trials, level), trials)


def mean(values: Real[np.ndarray, " set"], level: float = LEVEL) -> Estimate:
    """The mean of one number from each pattern set, by Student's t."""
    values = np.asarray(values, float)
    middle, sets = float(np.mean(values)), len(values)
    if sets < 2:
        return Estimate(middle, np.nan, np.nan, sets)
    from scipy.special import stdtrit  # the quantile; in scipy.stats, slow to import

    t = stdtrit(sets - 1, 0.5 + level / 2)
    half = float(t * np.std(values, ddof=1) / sets**0.5)
    return Estimate(middle, middle - half, middle + half, sets)


def mean_over_sets(
    values: Shaped[np.ndarray, "row *others"], owner: Int[np.ndarray, " row"]
) -> Estimate:
    """The mean over pattern sets of each set's mean; `owner` is the set of a row."""
    sets = np.unique(owner)
    return mean(np.array([np.mean(values[owner == k]) for k in sets]))


def resampled_means(
    values: Real[np.ndarray, " unit"], level: float = LEVEL
) -> tuple[float, float]:
    """The interval of a mean by resampling its units: percentiles of 999 means.

    The limits are NaN for fewer than two units.
    """
    values = np.asarray(values, float)
    if len(values) < 2:
        return np.nan, np.nan
    shape = RESAMPLES, len(values)
    drawn = np.random.default_rng(_SEED).integers(0, len(values), shape)
    means = np.mean(values[drawn], axis=1)
    low, high = np.quantile(means, [0.5 - level / 2, 0.5 + level / 2])
    return float(low), float(high)


def exponent(
    x: Real[np.ndarray, " x"],
    y: Float[np.ndarray, "set x"],
    level: float = LEVEL,
) -> Estimate:
    r"""The slope of $\log y$ against $\log x$, bootstrapped over pattern sets.

    Least squares on the means of $\log y$ over the sets, each weighted by its inverse
    variance over the sets. Raises ValueError unless all numbers are > 0 and
    there are two values of x.
    """
    x, y = np.asarray(x, float), np.asarray(y, float)
    if len(np.unique(x)) < 2 or y.shape[1:] != x.shape or not len(y):
        raise ValueError(
            "An exponent needs y for each set at two values of x or more, got shapes "
            f"{x.shape} and {y.shape}."
        )
    if not (np.all(x > 0) and np.all((y > 0) & np.isfinite(y))):
        raise ValueError("An exponent needs finite numbers > 0 on both axes.")
    log_x, log_y = np.log(x), np.log(y)
    weights = _weights(log_y)
    fit = lambda rows: np.polyfit(log_x, np.mean(log_y[rows], axis=0), 1, w=weights)[0]
    return _bootstrapped(fit, len(y), level)


def half_point(
    x: Real[np.ndarray, " x"],
    successes: Int[np.ndarray, "set x"],
    trials: int,
    level: float = LEVEL,
) -> Estimate:
    r"""The $x_{1/2}$ at which a falling proportion is one half; logistic in $\ln x$.

    $p = 1/(1 + (x/x_{1/2})^k)$ by maximum binomial likelihood, bootstrapped over
    pattern sets. For a perfect step $x_{1/2}$ lies between the last success and the
    first failure. Raises ValueError for invalid counts or x, and if the proportion does
    not cross one half.
    """
    x, hits = np.asarray(x, float), np.asarray(successes, float)
    if np.any(x <= 0) or hits.shape[1:] != x.shape or np.any(hits < 0):
        raise ValueError(
            "A half-point needs counts (set, x) at positive x, got shapes "
            f"{x.shape} and {hits.shape}."
        )
    if np.any(hits > trials):
        raise ValueError(f"More successes than the {trials} trials of a set.")
    share = np.mean(hits, axis=0) / trials
    if not np.min(share) < 0.5 < np.max(share):
        raise ValueError(
            f"The proportion goes from {np.max(share):.2f} to {np.min(share):.2f} and "
            "crosses no half; measure at more values of x."
        )
    fit = lambda rows: _logistic(np.log(x), np.sum(hits[rows], axis=0), trials, rows)
    return _bootstrapped(fit, len(hits), level)


def controlled(
    values: Float[np.ndarray, "*batch set"], control: Float[np.ndarray, "*batch set"]
) -> Float[np.ndarray, "*batch set"]:
    r"""$x_k - b_k y_k$: the value of each set, corrected by a control of mean 0.

    The true mean of the control variate $y$ is 0, and $b_k$ is the regression
    coefficient of $x$ on $y$ in all other sets. So the expected mean over sets is
    unchanged and its error smaller by $\sqrt{1 - \rho^2}$. Fewer than four sets are
    returned unchanged.
    """
    sets = values.shape[-1]
    if sets < 4:
        return values
    x = values - np.mean(values, axis=-1, keepdims=True)
    y = control - np.mean(control, axis=-1, keepdims=True)
    both, one = np.sum(x * y, axis=-1), np.sum(y * y, axis=-1)
    left = sets / (sets - 1)  # of a sum about the mean when one set is left out
    slope = both[..., None] - left * x * y
    scale = one[..., None] - left * y * y
    known = scale > 0
    return values - np.where(known, slope / np.where(known, scale, 1), 0) * control


def _weights(log_y: np.ndarray) -> np.ndarray:
    """1/sigma of every mean, with a floor under sigma for points without spread."""
    if len(log_y) < 2:
        return np.ones(log_y.shape[1])
    variance = np.var(log_y, axis=0, ddof=1)
    floor = max(1e-4 * float(np.max(variance)), 1e-24)
    return 1 / np.sqrt(np.maximum(variance, floor))


def _bootstrapped(fit, sets: int, level: float) -> Estimate:
    """The fit to all sets, and percentile limits from resampled sets."""
    rows = np.arange(sets)
    value = float(fit(rows))
    if sets < 2:
        return Estimate(value, np.nan, np.nan, sets)
    from scipy.stats import bootstrap

    found = bootstrap(
        (rows,),
        fit,
        vectorized=False,
        n_resamples=RESAMPLES,
        confidence_level=level,
        method="percentile",
        rng=np.random.default_rng(_SEED),
    )
    low, high = found.confidence_interval
    return Estimate(value, float(low), float(high), sets)


STEEPEST = 1e3  # of a logistic: a perfect step has no finite slope


def _logistic(
    log_x: np.ndarray, hits: np.ndarray, trials: int, rows: np.ndarray
) -> float:
    from scipy.optimize import minimize
    from scipy.special import expit

    total = trials * len(rows)
    share = hits / total
    below, above = log_x[share >= 0.5], log_x[share < 0.5]
    if not below.size or not above.size:  # a resample that crosses nothing
        return float(np.exp(log_x[-1] if below.size else log_x[0]))
    start = 0.5 * (np.max(below) + np.min(above))
    spread = float(np.ptp(log_x))

    def loss(p: np.ndarray) -> tuple[float, np.ndarray]:
        middle, slope = p[0], np.exp(p[1])
        z = slope * (middle - log_x)
        cost = np.sum(hits * np.logaddexp(0, -z) + (total - hits) * np.logaddexp(0, z))
        away = total * expit(z) - hits
        gradient = [slope * np.sum(away), np.sum(away * z)]
        return cost / total, np.array(gradient) / total

    bounds = [(log_x.min(), log_x.max()), (np.log(0.1 / spread), np.log(STEEPEST))]
    first = np.array([start, np.log(4 / spread)])
    found = minimize(loss, first, jac=True, bounds=bounds, method="L-BFGS-B")
    return float(np.exp(found.x[0]))
