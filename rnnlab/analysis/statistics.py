"""The statistics of a report: estimates with intervals, paired comparisons, and corrections for making several.

Errors of networks differ by factors, so everything is computed on log10 test MSE and told as ratios. Runs with the
same seed share the order of their windows, so they are compared in pairs: that takes out what two networks share of
the variance (Bouthillier et al. 2021, "Accounting for Variance in Machine Learning Benchmarks").
`docs/statistics.md` explains each choice in plain words.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from rnnlab.analysis.estimates import (
    Estimate,
    Floats,
    clopper_pearson,
    floored,
    geometric_mean,
    interquartile_mean,
    mean_of_logs,
    power_of_ten,
)
from rnnlab.analysis.significance import holm, needed_pairs, sign_flip_p

__all__ = [
    "Comparison",
    "Estimate",
    "compare_paired",
    "geometric_mean",
    "holm",
    "interquartile_mean",
    "sign_flip_p",
]


@dataclass(frozen=True)
class Comparison:
    """What is known of a against b, from pairs of runs with the same seed.

    Attributes:
        pairs: n, how many there are.
        ratio: the geometric mean of MSE(a) / MSE(b), with the paired t interval of the log10 differences; below 1 a
            is better.
        p: of the two-sided sign-flip test of the log10 differences, not yet corrected for other comparisons.
        exact: whether p counts all assignments of signs, or a random draw of them (beyond 20 pairs).
        better: the probability that a beats b, that is, has the lower MSE: the share of pairs that a wins, a tie
            being half a win, with the interval of Clopper and Pearson.
        needed: about how many pairs it would take to decide; None where there is no telling, or more than 10,000.
            At most ``pairs`` where those seen should have sufficed.
    """

    pairs: int
    ratio: Estimate
    p: float
    exact: bool
    better: Estimate
    needed: int | None


def compare_paired(a: ArrayLike, b: ArrayLike, *, comparisons: int = 1, confidence: float = 0.95) -> Comparison:
    """Compare two networks by their test MSEs, paired by seed.

    The interval of the probability of being better is Clopper and Pearson's (1934), not Wilson's (1927, "Probable
    Inference, the Law of Succession, and Statistical Inference", JASA 22:209). It holds the true value at least as
    often as it says for any n, while Wilson's does so on average alone; and it never claims more than a sign test
    would. When a wins five times out of five, Wilson's interval begins at 0.57 and would call that decided; Clopper
    and Pearson's begins at 0.48.

    Args:
        a: test MSEs of one network, shape (n,), 0 or more; 0 is floored at the smallest normal float64.
        b: those of the other, shape (n,), in the same order of seeds.
        comparisons: how many contrasts share the error rate; for ``needed`` alone, as p is corrected with `holm`.
        confidence: of both intervals. A single pair has none.

    Raises:
        ValueError: there are no pairs, a and b differ in shape, an MSE is negative or not finite, or comparisons is
            below 1.
    """
    ours, theirs = floored(a), floored(b)
    if ours.shape != theirs.shape:
        raise ValueError(f"runs are compared in pairs: {len(ours)} and {len(theirs)} do not make pairs")
    if comparisons < 1:
        raise ValueError(f"comparisons={comparisons} must be at least 1")
    differences = np.log10(ours) - np.log10(theirs)
    p, exact = sign_flip_p(differences)
    return Comparison(
        pairs=len(differences),
        ratio=power_of_ten(mean_of_logs(differences, confidence)),
        p=p,
        exact=exact,
        better=_probability_of_better(ours, theirs, confidence),
        needed=needed_pairs(differences, comparisons),
    )


def _probability_of_better(ours: Floats, theirs: Floats, confidence: float) -> Estimate:
    wins = float(np.count_nonzero(ours < theirs) + np.count_nonzero(ours == theirs) / 2)
    if len(ours) == 1:
        return Estimate(wins, None, None)
    return clopper_pearson(wins, len(ours), confidence)
