"""The optimism of a choice: by how much the best of several groups looks better than it is, for being chosen."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from rnnlab.analysis.estimates import Floats, floored


@dataclass(frozen=True)
class Selection:
    """What choosing the group with the lowest geometric mean does to that mean.

    Attributes:
        groups: K, how many there were to choose from.
        seeds: n, how many runs each has.
        others: with how many of the seeds left out another group is chosen.
        optimism: the geometric mean of the errors on the seeds left out, each of the group that is chosen on the
            others, as a multiple of the chosen group's mean on all seeds. 1 or more.
        if_equal: the same multiple, on average, if the groups did not differ at all.
    """

    groups: int
    seeds: int
    others: int
    optimism: float
    if_equal: float


def selection_optimism(errors: ArrayLike) -> Selection | None:
    """Return by how much choosing the best group by its test errors flatters it.

    The lowest of K means is low partly by luck, and the seeds that it was chosen by cannot tell how much. So the
    group is chosen anew with each seed left out, by the mean log of the others, and looked at on the seed that had
    no part in the choice: the outer loop of a nested cross-validation (Varma and Simon 2006, "Bias in error
    estimation when using cross-validation for model selection", BMC Bioinformatics 7:91). What all groups share
    on a seed cancels. For equal groups its expectation is the bias of the lowest mean exactly; else it adds what
    choosing on a seed less loses. One such estimate is rough: it scatters about as much as it is large.

    For K equal groups the lowest of K means of n logs, of standard deviation s each, lies s / sqrt(n) times the
    expected maximum of K standard normal numbers too low; s is that of the residuals, without what the groups and
    the seeds have in common.

    Args:
        errors: test MSEs, shape (groups, seeds), 0 or more; a column is a seed.

    Returns:
        The optimism, or None where it cannot be told: with a single seed, or nothing to choose from.

    Raises:
        ValueError: an error is negative or not finite.
    """
    array = np.asarray(errors, dtype=np.float64)
    groups, seeds = array.shape
    if groups < 2 or seeds < 2:  # noqa: PLR2004 - a choice takes two groups, and leaving one seed out another seed
        return None
    logs = np.log10(floored(array.ravel())).reshape(array.shape)
    means = logs.mean(axis=1)
    best = int(np.argmin(means))
    chosen = np.argmin(logs.sum(axis=1, keepdims=True) - logs, axis=0)
    left_out = float(logs[chosen, np.arange(seeds)].mean())
    return Selection(
        groups=groups,
        seeds=seeds,
        others=int(np.count_nonzero(chosen != best)),
        optimism=float(10 ** max(0.0, left_out - float(means[best]))),
        if_equal=float(10 ** (_residual_deviation(logs) / seeds**0.5 * expected_maximum(groups))),
    )


def _residual_deviation(logs: Floats) -> float:
    """Return the standard deviation of what neither the group nor the seed accounts for, of shape (K, n)."""
    groups, seeds = logs.shape
    residuals = logs - logs.mean(axis=1, keepdims=True) - logs.mean(axis=0, keepdims=True) + logs.mean()
    return float(np.sqrt((residuals**2).sum() / ((groups - 1) * (seeds - 1))))


def expected_maximum(count: int) -> float:
    """Return the expected largest of so many independent standard normal numbers: 0.56 of two, 1.54 of ten."""
    x = np.linspace(-10, 10, 4001)
    density = count * np.exp(-(x**2) / 2) / (2 * np.pi) ** 0.5 * special.ndtr(x) ** (count - 1)
    return float(np.trapezoid(x * density, x))
