"""Estimates with their intervals: what a group of runs is worth, on the log10 scale on which errors differ."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

Floats = NDArray[np.float64]

SMALLEST = float(np.finfo(np.float64).tiny)
"""An MSE of 0 is taken to be this, the smallest normal number of float64: log10 needs something above 0."""

TRIMMED = 0.25
FEWEST_TO_TRIM = 4
RESAMPLES = 5000
SEED = 0
BLOCK = 2**18
"""Numbers drawn at once: few enough for a processor's cache, and so for the memory, whatever the number of runs."""


@dataclass(frozen=True)
class Estimate:
    """A number and its confidence interval.

    Attributes:
        value: the estimate; an MSE, a ratio of MSEs or a probability.
        low: lower bound of the interval, or None where there are too few runs for one.
        high: upper bound of the interval, or None where there are too few runs for one.
    """

    value: float
    low: float | None
    high: float | None


def geometric_mean(values: ArrayLike, confidence: float = 0.95) -> Estimate:
    """Return the geometric mean, with the t interval of the mean of the log10 values.

    Args:
        values: test MSEs (or ratios of two), shape (n,), 0 or more; 0 is floored at the smallest normal float64.
        confidence: the share of such intervals that hold the true value.

    Returns:
        The estimate; one value alone has no interval. A bound too large or too small for float64 is the largest
        or the smallest one that it has, so that it can be drawn and written as JSON.

    Raises:
        ValueError: there are no values, or one is negative or not finite.
    """
    return power_of_ten(mean_of_logs(np.log10(floored(values)), confidence))


def interquartile_mean(values: ArrayLike, confidence: float = 0.95) -> Estimate:
    """Return the interquartile mean on the log10 scale: what the middle half of the runs reaches.

    A quarter of the values, rounded down, is cut off at each end, so that neither a lucky nor a stuck run counts
    (Agarwal et al. 2021, "Deep Reinforcement Learning at the Edge of the Statistical Precipice", sec. 4.3).
    The interval is the percentile bootstrap, as in that paper, with a fixed seed. It is approximate below 20 seeds,
    where it is too narrow: `docs/statistics.md` shows how often it held the true value.

    Args:
        values: test MSEs, shape (n,), 0 or more; 0 is floored at the smallest normal float64.
        confidence: the share of such intervals that should hold the true value.

    Returns:
        The estimate, the same at each call. Fewer than four values have no interval: nothing is trimmed of them.

    Raises:
        ValueError: there are no values, or one is negative or not finite.
    """
    logs = np.log10(floored(values))
    value = float(stats.trim_mean(logs, TRIMMED))
    if len(logs) < FEWEST_TO_TRIM:
        return power_of_ten(Estimate(value, None, None))
    random = np.random.default_rng(SEED)
    means = [
        stats.trim_mean(logs[random.integers(len(logs), size=(rows, len(logs)))], TRIMMED, axis=1)
        for rows in blocks(RESAMPLES, len(logs))
    ]
    low, high = np.quantile(np.concatenate(means), [(1 - confidence) / 2, (1 + confidence) / 2])
    return power_of_ten(Estimate(value, float(low), float(high)))


def mean_of_logs(logs: Floats, confidence: float) -> Estimate:
    """Return the mean of logs of shape (n,) with its t interval: none for n = 1, of no width for equal logs."""
    mean = float(np.mean(logs))
    if len(logs) < 2:  # noqa: PLR2004 - a spread takes two
        return Estimate(mean, None, None)
    error = float(np.std(logs, ddof=1)) / len(logs) ** 0.5
    half_width = float(stats.t.ppf((1 + confidence) / 2, len(logs) - 1)) * error
    return Estimate(mean, mean - half_width, mean + half_width)


def clopper_pearson(successes: float, trials: int, confidence: float) -> Estimate:
    """Return a share with its exact binomial interval (Clopper and Pearson 1934, Biometrika 26:404).

    Args:
        successes: how many trials succeeded; a half for each tie, for which the beta quantiles hold as they stand.
        trials: how many there were, at least 1.
        confidence: the share of such intervals that hold the true value, at the least.
    """
    failures, tail = trials - successes, (1 - confidence) / 2
    low = float(stats.beta.ppf(tail, successes, failures + 1)) if successes else 0.0
    high = float(stats.beta.ppf(1 - tail, successes + 1, failures)) if failures else 1.0
    return Estimate(successes / trials, low, high)


def floored(values: ArrayLike) -> Floats:
    """Return the values as float64 of shape (n,), those below the smallest normal number raised to it.

    Raises:
        ValueError: there are no values, or one is negative or not finite.
    """
    array = np.asarray(values, dtype=np.float64)
    if array.ndim != 1 or not array.size:
        raise ValueError(f"statistics need an array of shape (n,) with at least one value, not shape {array.shape}")
    unfit = array[~(np.isfinite(array) & (array >= 0))]
    if unfit.size:
        raise ValueError(f"errors are finite and not negative; {unfit[0]} is not: leave out runs that diverged")
    return np.maximum(array, SMALLEST)


def power_of_ten(logs: Estimate) -> Estimate:
    """Return an estimate on the scale of its log10, transformed back; what float64 cannot hold is cut off."""

    def back(log: float) -> float:
        return float(10.0 ** np.clip(log, np.log10(SMALLEST), np.finfo(np.float64).maxexp * np.log10(2) - 1e-9))

    return Estimate(
        back(logs.value),
        None if logs.low is None else back(logs.low),
        None if logs.high is None else back(logs.high),
    )


def blocks(rows: int, columns: int) -> list[int]:
    """Return numbers of rows that add up to ``rows``, each of at most `BLOCK` numbers or one row."""
    most = max(1, BLOCK // columns)
    return [min(most, rows - start) for start in range(0, rows, most)]
