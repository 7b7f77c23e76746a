"""Metric points: written to the run's folder, and sent to MLflow in batches."""

from __future__ import annotations

import csv
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

SECONDS_BETWEEN_SENDING = 3.0
LARGEST_BATCH = 1000
"""MLflow takes no more points in one `log_batch`."""


class Point(NamedTuple):
    """One value of one metric; the time is in seconds since 1970."""

    metric: str
    step: int
    value: float
    time: float


class MetricBuffer:
    """Keeps points until it is time to write and send them.

    A resumed run repeats the epochs after its last checkpoint, with the same numbers. A point that the file
    has already is not written and sent again.

    Args:
        path: the CSV file that gets every point.
        send: called with at most `LARGEST_BATCH` points at a time.
    """

    def __init__(self, path: Path, send: Callable[[Sequence[Point]], None]) -> None:
        self._path = path
        self._send = send
        self._waiting: list[Point] = []
        self._sent_at = time.monotonic()
        self.last: dict[str, float] = {}
        self._known: set[tuple[str, int]] = set()
        if path.exists():
            self._known = {(name, step) for name, (steps, _) in read_curves(path).items() for step in steps}
        else:
            path.write_text("metric,step,value,time\n", encoding="utf-8")

    def add(self, metric: str, value: float, step: int) -> None:
        """Keep one point."""
        self.last[metric] = value
        if (metric, step) in self._known:
            return
        self._waiting.append(Point(metric, step, value, time.time()))

    def flush_if_due(self) -> None:
        """Write and send what waits, if the last time was long enough ago."""
        if time.monotonic() - self._sent_at >= SECONDS_BETWEEN_SENDING:
            self.flush()

    def flush(self) -> None:
        """Write and send what waits."""
        waiting, self._waiting = self._waiting, []
        self._sent_at = time.monotonic()
        if not waiting:
            return
        with self._path.open("a", encoding="utf-8", newline="") as file:
            csv.writer(file, lineterminator="\n").writerows(waiting)
        for start in range(0, len(waiting), LARGEST_BATCH):
            self._send(waiting[start : start + LARGEST_BATCH])


def read_curves(path: Path) -> dict[str, tuple[list[int], list[float]]]:
    """Return the steps and values of each metric in a run's CSV file."""
    curves: dict[str, tuple[list[int], list[float]]] = {}
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            steps, values = curves.setdefault(row["metric"], ([], []))
            steps.append(int(row["step"]))
            values.append(float(row["value"]))
    return curves
