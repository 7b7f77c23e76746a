"""One run in MLflow: made, written to, ended."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rnnlab.tracking.metrics import Point
from rnnlab.tracking.store import Store

LONGEST_PARAM = 6000
LONGEST_TAG = 8000
PARAMS_IN_A_BATCH = 100


@dataclass(frozen=True)
class Contents:
    """What the store has of a run: ``metrics`` are names; ``is_active`` is false if it was deleted in MLflow."""

    tags: dict[str, str]
    params: dict[str, str]
    metrics: set[str]
    status: str
    is_active: bool


class MlflowRun:
    """A run in a store.

    Args:
        store: where it is.
        run_id: which one.
    """

    def __init__(self, store: Store, run_id: str) -> None:
        self.run_id = run_id
        self._store = store

    @classmethod
    def create(cls, store: Store, name: str, tags: Mapping[str, str], started: float) -> MlflowRun:
        """Make a new run with status RUNNING.

        Args:
            store: where.
            name: its name.
            tags: by their names.
            started: when it began, in seconds since 1970.
        """
        cut = {key: value[:LONGEST_TAG] for key, value in tags.items()}
        milliseconds = round(started * 1000)
        info = store.client.create_run(store.experiment_id, start_time=milliseconds, run_name=name, tags=cut).info
        return cls(store, info.run_id)

    def contents(self) -> Contents | None:
        """Return what the store has of the run beside its points, or None if it has no such run."""
        from mlflow.exceptions import MlflowException

        try:
            run = self._store.client.get_run(self.run_id)
        except MlflowException as error:
            if error.error_code == "RESOURCE_DOES_NOT_EXIST":
                return None
            raise
        data = run.data
        active = run.info.lifecycle_stage == "active"
        return Contents(dict(data.tags), dict(data.params), set(data.metrics), run.info.status, active)

    def reopen(self) -> None:
        """Make the run RUNNING again; MLflow leaves an ended run's status as it was."""
        self._store.client.update_run(self.run_id, status="RUNNING")

    def log_params(self, params: Mapping[str, Any]) -> None:
        """Log parameters; MLflow never changes one that it has."""
        from mlflow.entities import Param

        items = [Param(name, str(value)[:LONGEST_PARAM]) for name, value in params.items()]
        for start in range(0, len(items), PARAMS_IN_A_BATCH):
            self._store.client.log_batch(self.run_id, params=items[start : start + PARAMS_IN_A_BATCH])

    def log_points(self, points: Sequence[Point]) -> None:
        """Log metric points in one batch."""
        from mlflow.entities import Metric

        metrics = [Metric(p.metric, p.value, round(p.time * 1000), p.step) for p in points]
        self._store.client.log_batch(self.run_id, metrics=metrics)

    def log_datasets(self, digests: Mapping[str, str], name: str, source: str) -> None:
        """Log the data sets of the run.

        Args:
            digests: SHA-256 by use: train, val, test.
            name: what the data is.
            source: how it was made, as JSON.
        """
        from mlflow.entities import Dataset, DatasetInput, InputTag

        inputs = [
            DatasetInput(
                Dataset(f"{name}-{use}", digest[:36], "code", source),
                [InputTag("mlflow.data.context", {"train": "training", "val": "validation"}.get(use, "testing"))],
            )
            for use, digest in digests.items()
        ]
        self._store.client.log_inputs(self.run_id, inputs)

    def set_tags(self, tags: Mapping[str, str]) -> None:
        """Set tags in one batch."""
        from mlflow.entities import RunTag

        items = [RunTag(name, value[:LONGEST_TAG]) for name, value in tags.items()]
        self._store.client.log_batch(self.run_id, tags=items)

    def log_file(self, path: Path, folder: str | None = None) -> None:
        """Copy a file to the run's artifacts."""
        self._store.client.log_artifact(self.run_id, str(path), folder)

    def log_folder(self, path: Path, folder: str) -> None:
        """Copy a folder's files to the run's artifacts."""
        self._store.client.log_artifacts(self.run_id, str(path), folder)

    def logged(self, metrics: Iterable[str]) -> dict[tuple[str, int], float]:
        """Return the latest value, by metric and step, of every point that the store has of the metrics."""
        histories = (self._store.client.get_metric_history(self.run_id, metric) for metric in metrics)
        points = sorted((point for history in histories for point in history), key=lambda point: point.timestamp)
        return {(point.key, point.step): point.value for point in points}

    def end(self, status: str, at: float | None = None) -> None:
        """Set the final status: FINISHED, FAILED or KILLED.

        Args:
            status: which of them.
            at: when it ended, in seconds since 1970; by default now.
        """
        ended = round((at or time.time()) * 1000)
        self._store.client.set_terminated(self.run_id, status, end_time=ended)
