"""How long a study will take, told from runs that were made before."""

from __future__ import annotations

import heapq
import statistics
from collections.abc import Mapping, Sequence
from typing import Any

from rnnlab.study.grid import Job
from rnnlab.study.work import work
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
    rates = _rates(past)
    if not rates:
        return None
    seconds = [_seconds(job.values, rates) for job in jobs]
    busy_until = [0.0] * workers
    for length in sorted(seconds, reverse=True):
        heapq.heapreplace(busy_until, busy_until[0] + length)
    return max(busy_until)


def _rates(past: Sequence[PastRun]) -> dict[tuple[str, ...], float]:
    """Return the median seconds for a unit of work, by the kind of run."""
    found: dict[tuple[str, ...], list[float]] = {}
    for run in past:
        if run.seconds is None:
            continue
        try:
            rate = run.seconds / work(run.params)
        except (KeyError, ValueError, ZeroDivisionError):
            continue
        for kind in KINDS:
            found.setdefault(_kind(kind, run.params), []).append(rate)
    return {kind: statistics.median(rates) for kind, rates in found.items()}


def _seconds(values: Mapping[str, Any], rates: Mapping[tuple[str, ...], float]) -> float:
    return work(values) * next(rates[key] for key in (_kind(kind, values) for kind in KINDS) if key in rates)


def _kind(keys: Sequence[str], values: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(str(values.get(key)) for key in keys)
