"""Metric points: written to the run's folder, and sent to MLflow in batches."""

from __future__ import annotations

import csv
import io
import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from rnnlab.files import append, write_whole

SECONDS_BETWEEN_SENDING = 3.0
BASELINE = "baseline/"
"""Metrics that begin so are the test MSE of predictors that a network has to be better than."""

BEST_EPOCH = "best/epoch"
BEST_BY_VALIDATION, BEST_BY_TRAINING = "best/val_mse", "best/train_mse"
"""The epoch whose weights are tested, and the value that it was chosen by: one of the two, in that epoch.

The validation's is of those weights. The training's, like ``train/mse``, is the mean over the epoch's windows, each
predicted just before its own step: by weights that change from step to step, not by those that were kept.
"""

LARGEST_BATCH = 1000
"""MLflow takes no more points in one `log_batch`."""

HEADER = "metric,step,value,time\n"
OF_TRAINING = ("train/", "val/")
"""How the metrics begin that are recorded while a network is trained; the others come after it."""


def chosen_by(val_fraction: float | str | None) -> str:
    """Return the metric that holds what a run's best epoch was chosen by.

    Args:
        val_fraction: the run's ``data.val_fraction``, also as the text that a store has of it.
    """
    return BEST_BY_VALIDATION if float(val_fraction or 0) else BEST_BY_TRAINING


def baselines_in(metrics: Mapping[str, float]) -> dict[str, float]:
    """Return the baselines among a run's metrics: their test MSE by their name."""
    return {name.removeprefix(BASELINE): mse for name, mse in metrics.items() if name.startswith(BASELINE)}


class Point(NamedTuple):
    """One value of one metric; the time is in seconds since 1970."""

    metric: str
    step: int
    value: float
    time: float


class MetricBuffer:
    """Keeps points until it is time to write and send them.

    The file is the full record. A point that it has already is not written and sent again.

    Args:
        path: the CSV file that gets every point.
        send: called with at most `LARGEST_BATCH` points at a time.
        went_back: called after points were taken back.
    """

    def __init__(
        self, path: Path, send: Callable[[Sequence[Point]], None], went_back: Callable[[], None] = lambda: None
    ) -> None:
        self._path = path
        self._send = send
        self._went_back = went_back
        self._waiting: list[Point] = []
        self._written: list[Point] = []
        self._flushed_at = time.monotonic()
        self.last: dict[str, float] = {}
        self._known: set[tuple[str, int]] = set()
        if path.exists():
            _drop_torn_line(path)
            self._known = {(point.metric, point.step) for point in read_points(path)}
            self._rows = len(self._known)
        if not path.exists() or path.stat().st_size == 0:
            path.write_text(HEADER, encoding="utf-8")
            self._rows = 0

    def add(self, metric: str, value: float, step: int) -> None:
        """Keep one point."""
        self.last[metric] = value
        if (metric, step) in self._known:
            return
        self._known.add((metric, step))
        self._waiting.append(Point(metric, step, value, time.time()))

    def write(self, *, durable: bool = True) -> int:
        """Write what waits to the file, and return how many points it holds.

        Args:
            durable: wait until they are on the disk.
        """
        if self._waiting:
            append(self._path, _lines(self._waiting), durable=durable)
            self._rows += len(self._waiting)
            self._written += self._waiting
            self._waiting = []
        return self._rows

    def flush_if_due(self) -> None:
        """Write and send what waits, if the last time was long enough ago."""
        if time.monotonic() - self._flushed_at >= SECONDS_BETWEEN_SENDING:
            self.flush()

    def flush(self) -> None:
        """Write and send what waits."""
        self._flushed_at = time.monotonic()
        self.write(durable=False)
        written, self._written = self._written, []
        for start in range(0, len(written), LARGEST_BATCH):
            self._send(written[start : start + LARGEST_BATCH])

    def go_back(self, rows: int, epochs: int) -> None:
        """Take back what was recorded after a checkpoint; it comes again.

        Args:
            rows: the points that the file held then: later ones of training go.
            epochs: how many had ended: what was measured of a later one goes.
        """
        points = list(read_points(self._path))
        kept = [
            point
            for i, point in enumerate(points)
            if i < rows or (point.step <= epochs and not point.metric.startswith(OF_TRAINING))
        ]
        if len(kept) < len(points):
            write_whole(self._path, HEADER.encode() + _lines(kept))
            self._known = {(point.metric, point.step) for point in kept}
            self._rows = len(kept)
            self._went_back()


def _lines(points: Sequence[Point]) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(points)
    return text.getvalue().encode()


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
