"""How long a study will take, told from runs that were made before."""

from __future__ import annotations

import heapq
import statistics
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rnnlab.study.grid import Job
from rnnlab.study.work import KNOWN, work
from rnnlab.tracking.past import PastRun

KINDS = (("cell._target_", "layers", "model.hidden_size"), ("cell._target_",), ())
"""Past runs are asked in this order: of the same network, of the same cell, any."""


def estimated_seconds(jobs: Sequence[Job], past: Sequence[PastRun], workers: int) -> float | None:
    """Return how long the runs will take, the longest first, or None where no past run tells.

    Args:
        jobs: the runs to be made.
        past: runs that were made before.
        workers: runs at the same time.
    """
    timed = list(_timed(past))
    if not timed:
        return None
    rates = _rates(timed)
    beside = statistics.median(seconds - fit for _, fit, seconds in timed)
    seconds = [_seconds(job.values, rates) + beside for job in jobs]
    busy_until = [0.0] * workers
    for length in sorted(seconds, reverse=True):
        heapq.heapreplace(busy_until, busy_until[0] + length)
    return max(busy_until)


def _timed(past: Sequence[PastRun]) -> Iterator[tuple[Mapping[str, str], float, float]]:
    """Yield config, seconds of the fit and of the whole of each run that was not interrupted."""
    for run in past:
        if run.seconds is not None and run.result.fit_seconds is not None and run.params.keys() >= KNOWN:
            yield run.params, run.result.fit_seconds, run.seconds


def _rates(timed: Sequence[tuple[Mapping[str, str], float, float]]) -> dict[tuple[str, ...], float]:
    """Return the median seconds of training for a unit of work, by the kind of run."""
    found: dict[tuple[str, ...], list[float]] = {}
    for params, fit, _ in timed:
        for kind in KINDS:
            found.setdefault(_kind(kind, params), []).append(fit / work(params))
    return {kind: statistics.median(rates) for kind, rates in found.items()}


def _seconds(values: Mapping[str, Any], rates: Mapping[tuple[str, ...], float]) -> float:
    return work(values) * next(rates[key] for key in (_kind(kind, values) for kind in KINDS) if key in rates)


def _kind(keys: Sequence[str], values: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(str(values.get(key)) for key in keys)
