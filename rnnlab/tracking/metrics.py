"""Metric points: written to the run's folder, and sent to MLflow in batches."""

from __future__ import annotations

import csv
import io
import os
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

SECONDS_BETWEEN_SENDING = 3.0
BASELINE = "baseline/"
"""Metrics that begin so are the test MSE of predictors that a network has to be better than."""

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
            _drop_torn_line(path)
            self._known = {(point.metric, point.step) for point in read_points(path)}
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
        text = io.StringIO()
        csv.writer(text, lineterminator="\n").writerows(waiting)
        with self._path.open("ab", buffering=0) as file:
            file.write(text.getvalue().encode())
        self._send_all(waiting)

    def send_missing(self, sent: Callable[[Iterable[str]], set[tuple[str, int]]]) -> None:
        """Send the points in the file that a process which was killed could not send any more.

        Args:
            sent: returns metric and step of the points of some metrics that were sent.
        """
        points = list(read_points(self._path))
        known = sent({point.metric for point in points})
        self._send_all([point for point in points if (point.metric, point.step) not in known])

    def _send_all(self, points: Sequence[Point]) -> None:
        for start in range(0, len(points), LARGEST_BATCH):
            self._send(points[start : start + LARGEST_BATCH])


def read_points(path: Path) -> Iterator[Point]:
    """Yield the points in a run's CSV file."""
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            yield Point(row["metric"], int(row["step"]), float(row["value"]), float(row["time"]))


def _drop_torn_line(path: Path) -> None:
    """Cut off what a process wrote that was killed in the middle of a line."""
    content = path.read_bytes()
    if not content.endswith(b"\n"):
        os.truncate(path, content.rfind(b"\n") + 1)


def read_curves(path: Path) -> dict[str, tuple[list[int], list[float]]]:
    """Return the steps and values of each metric in a run's CSV file."""
    curves: dict[str, tuple[list[int], list[float]]] = {}
    for point in read_points(path):
        steps, values = curves.setdefault(point.metric, ([], []))
        steps.append(point.step)
        values.append(point.value)
    return curves
