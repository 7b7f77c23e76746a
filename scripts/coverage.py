#!/usr/bin/env python3
"""How often the intervals of a report hold the true value.

    .venv/bin/python scripts/coverage.py [--repeats 2000] [--seed 0]

Prints the table of docs/statistics.md. Each repeat draws the log10 ratios of n paired seeds around a known mean and
asks the report's own functions for their 95% intervals; the table shows the share that held the truth. Beside them
stands the bootstrap that many would use, BCa (Efron 1987), of the mean of the same log10 ratios, with 999
resamples.
"""

from __future__ import annotations

import argparse

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from rnnlab.analysis.estimates import clopper_pearson
from rnnlab.analysis.statistics import Estimate, geometric_mean, interquartile_mean

RATIO, DEVIATION, CONFIDENCE = 0.5, 0.5, 0.95
"""a's MSE is half of b's; a standard deviation of the log10 ratio of 0.5 is usual for the lab's networks."""

SIZES = (5, 10, 20, 30)
SHAPES = {"normal": stats.norm(), "skewed (Gumbel)": stats.gumbel_r(), "heavy tails (t, 3 degrees)": stats.t(3)}
COLUMNS = ("ratio, paired t", "ratio, BCa", "interquartile mean", "probability of being better")
RESAMPLES, AT_ONCE = 999, 100

Floats = NDArray[np.float64]


def coverage(shape: str, pairs: int, repeats: int, seed: int) -> dict[str, float]:
    """Return the share of intervals that held the truth, by the columns of the table."""
    noise = _standardised(SHAPES[shape])
    random = np.random.default_rng(seed)
    logs = np.log10(RATIO) + DEVIATION * noise.rvs((repeats, pairs), random_state=random)
    middle = noise.expect(lambda x: x, lb=noise.ppf(0.25), ub=noise.ppf(0.75), conditional=True)
    true_middle = 10 ** (np.log10(RATIO) + DEVIATION * middle)
    true_wins = noise.cdf(-np.log10(RATIO) / DEVIATION)
    better = [clopper_pearson(wins, pairs, CONFIDENCE) for wins in range(pairs + 1)]
    held = (
        [_holds(geometric_mean(10**row), RATIO) for row in logs],
        _bca_holds(logs, random),
        [_holds(interquartile_mean(10**row), true_middle) for row in logs],
        [_holds(better[np.count_nonzero(row < 0)], true_wins) for row in logs],
    )
    return {column: float(np.mean(each)) for column, each in zip(COLUMNS, held, strict=True)}


def _standardised(shape: stats.rv_continuous) -> stats.rv_continuous:
    """Return the distribution with mean 0 and standard deviation 1."""
    return shape.dist(*shape.args, loc=-shape.mean() / shape.std(), scale=1 / shape.std())


def _holds(estimate: Estimate, truth: float) -> bool:
    return estimate.low is not None and estimate.high is not None and estimate.low <= truth <= estimate.high


def _bca_holds(logs: Floats, random: np.random.Generator) -> Floats:
    """Return for each row whether SciPy's BCa interval of its mean holds the truth."""
    held = []
    for start in range(0, len(logs), AT_ONCE):
        found = stats.bootstrap(
            (logs[start : start + AT_ONCE],), np.mean, axis=-1, n_resamples=RESAMPLES, method="BCa", rng=random
        ).confidence_interval
        held.append((found.low <= np.log10(RATIO)) & (np.log10(RATIO) <= found.high))
    return np.concatenate(held)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    print("| differences | n |" + "".join(f" {column} |" for column in COLUMNS))
    print("|---|--:|" + "--:|" * len(COLUMNS))
    for shape in SHAPES:
        for pairs in SIZES:
            shares = coverage(shape, pairs, asked.repeats, asked.seed).values()
            cells = (f" {100 * x:.1f} ± {100 * (x * (1 - x) / asked.repeats) ** 0.5:.1f} |" for x in shares)
            print(f"| {shape} | {pairs} |" + "".join(cells), flush=True)
    print(f"\n95% intervals that held the truth, in % ± binomial standard error, {asked.repeats:,} repeats a cell.")


if __name__ == "__main__":
    main()
