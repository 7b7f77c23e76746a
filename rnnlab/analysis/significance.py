"""Whether a difference may be luck: the sign-flip test, Holm's correction, and how many pairs would decide."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

from rnnlab.analysis.estimates import Floats, blocks

MOST_EXACT = 20
"""Pairs up to which all 2^n assignments of signs are gone through, a million of them."""

RESAMPLES = 99_999
ROUNDING = 100 * float(np.finfo(np.float64).eps)
LEVEL, POWER, MOST_PAIRS = 0.05, 0.8, 10_000
LARGEST_EFFECT = 100.0


def sign_flip_p(differences: ArrayLike, *, seed: int = 0) -> tuple[float, bool]:
    """Return the two-sided p-value of the sign-flip test, and whether it is exact.

    If it does not matter which of two networks a number comes from, each difference is as likely to have the other
    sign. p is the share of all 2^n assignments of signs whose mean is at least as far from 0 as the mean seen
    (Fisher 1935, "The Design of Experiments", chapter III). No other assumption is needed, no normal
    distribution in particular. The smallest p there can be is 2 / 2^n: five pairs never reach 0.05.

    Up to 20 pairs all assignments are counted. Beyond, 99,999 are drawn at random and the one seen is counted with
    them, so that p is never 0 and the test keeps its level (Phipson and Smyth 2010, "Permutation P-values should
    never be zero").

    Args:
        differences: of paired values on the log scale, shape (n,). Means that differ by rounding alone are ties, as
            in `scipy.stats.permutation_test`; relative to the sum of the sizes, so that a mean of 0 ties as well.
        seed: of the random assignments; the same seed, the same p.

    Raises:
        ValueError: there are no differences, or one is not finite.
    """
    values = np.asarray(differences, dtype=np.float64)
    if values.ndim != 1 or not values.size or not np.isfinite(values).all():
        raise ValueError("the sign-flip test needs finite differences of shape (n,), at least one")
    seen = float(np.abs(values.sum()) - ROUNDING * np.abs(values).sum())
    if len(values) <= MOST_EXACT:
        return _share_of_all(values, seen), True
    return _share_of_drawn(values, seen, seed), False


def _share_of_all(differences: Floats, seen: float) -> float:
    """Return the share of all assignments whose sum has at least the size ``seen``; two halves' sums, added up."""
    half = len(differences) // 2
    sums = np.add.outer(_signed_sums(differences[:half]), _signed_sums(differences[half:]))
    return int(np.count_nonzero(np.abs(sums) >= seen)) / sums.size


def _signed_sums(differences: Floats) -> Floats:
    """Return the sums under all assignments of signs, shape (2^n,)."""
    sums = np.zeros(1)
    for difference in differences:
        sums = np.concatenate([sums + difference, sums - difference])
    return sums


def _share_of_drawn(differences: Floats, seen: float, seed: int) -> float:
    """Return the share of random assignments, and the one seen, whose sum has at least the size ``seen``."""
    random = np.random.default_rng(seed)
    count, total, pairs = 1, differences.sum(), len(differences)
    for rows in blocks(RESAMPLES, pairs):
        eight_at_once = random.integers(256, size=(rows, math.ceil(pairs / 8)), dtype=np.uint8)
        kept = np.unpackbits(eight_at_once, axis=1, count=pairs).astype(np.float64)
        count += int(np.count_nonzero(np.abs(2 * (kept @ differences) - total) >= seen))
    return count / (RESAMPLES + 1)


def holm(p_values: ArrayLike) -> Floats:
    """Return p-values adjusted for being several, shape (m,), in the order given.

    With those at most 0.05 taken for real, the chance of even one false one is at most 0.05, however the tests
    depend on each other (Holm 1979, "A simple sequentially rejective multiple test procedure", Scandinavian Journal
    of Statistics 6:65).

    Raises:
        ValueError: a p-value is not between 0 and 1.
    """
    p = np.asarray(p_values, dtype=np.float64)
    if p.ndim != 1 or not ((p >= 0) & (p <= 1)).all():
        raise ValueError("Holm's correction needs p-values between 0 and 1, shape (m,)")
    order = np.argsort(p, kind="stable")
    adjusted = np.empty_like(p)
    adjusted[order] = np.minimum(1, np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1)))
    return adjusted


def needed_pairs(differences: Floats, comparisons: int) -> int | None:
    """Return how many pairs it would take to decide, if the differences went on as those seen.

    That is the smallest n for which both hold, with the level 0.05 shared by the comparisons (the first and hardest
    step of Holm's correction):

    * the smallest p of the sign-flip test, 2 / 2^n, is at most the level;
    * the paired t test at that level would, with a probability of 80%, find a difference of the mean and standard
      deviation seen here, on the side where it is (non-central t distribution; Colas et al. 2018, "How Many Random
      Seeds?", and 2019, "A Hitchhiker's Guide to Statistical Comparisons of Reinforcement Learning Algorithms").

    The mean and the standard deviation of few pairs are rough, and so is n.

    Args:
        differences: on the log scale, shape (n,).
        comparisons: how many contrasts share the error rate, at least 1.

    Returns:
        That n, or None where it is not defined (a single pair, a mean of 0) or more than 10,000.
    """
    if len(differences) < 2:  # noqa: PLR2004 - a standard deviation takes two
        return None
    size, spread = abs(float(np.mean(differences))), float(np.std(differences, ddof=1))
    if not size:
        return None
    # Beyond 100 standard deviations any n has all the power there is, and equal differences are infinitely many.
    effect = size / spread if spread * LARGEST_EFFECT > size else LARGEST_EFFECT
    level = LEVEL / comparisons
    low, high = max(2, math.ceil(math.log2(2 / level))), MOST_PAIRS
    if low > high or _power(effect, high, level) < POWER:
        return None
    while low < high:  # the power grows with n
        middle = (low + high) // 2
        low, high = (low, middle) if _power(effect, middle, level) >= POWER else (middle + 1, high)
    return low


def _power(effect: float, pairs: int, level: float) -> float:
    """Return the probability that a paired t test finds an effect of so many standard deviations, on its side."""
    critical = stats.t.ppf(1 - level / 2, pairs - 1)
    return float(stats.nct.sf(critical, pairs - 1, effect * pairs**0.5))
