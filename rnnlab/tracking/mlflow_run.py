"""One run in MLflow: made, written to, ended."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from rnnlab.tracking.metrics import Point
from rnnlab.tracking.store import Store

LONGEST_PARAM = 6000
LONGEST_TAG = 8000
PARAMS_IN_A_BATCH = 100


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
    def create(cls, store: Store, name: str, tags: Mapping[str, str]) -> MlflowRun:
        """Make a new run with status RUNNING."""
        info = store.client.create_run(store.experiment_id, run_name=name, tags=dict(tags)).info
        return cls(store, info.run_id)

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

    def logged(self, metrics: Iterable[str]) -> set[tuple[str, int]]:
        """Return metric and step of every point that the store has of the metrics."""
        histories = (self._store.client.get_metric_history(self.run_id, metric) for metric in metrics)
        return {(point.key, point.step) for history in histories for point in history}

    def end(self, status: str, at: float | None = None) -> None:
        """Set the final status: FINISHED, FAILED or KILLED.

        Args:
            status: which of them.
            at: when it ended, in seconds since 1970; by default now.
        """
        ended = round((at or time.time()) * 1000)
        self._store.client.set_terminated(self.run_id, status, end_time=ended)
