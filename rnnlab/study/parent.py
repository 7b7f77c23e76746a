"""The parent run of a study in MLflow: made before its runs, ended after them."""

from __future__ import annotations

import uuid
from types import TracebackType
from typing import Self

from rnnlab.interrupts import Interrupted
from rnnlab.study.grid import Grid
from rnnlab.tracking.mlflow_run import MlflowRun
from rnnlab.tracking.store import Store
from rnnlab.tracking.tags import environment_tags


class ParentRun:
    """Entered, the parent is RUNNING. Left, it is FINISHED, FAILED or KILLED.

    Args:
        store: the MLflow store, or None.
        name: the study's name.
        grid: its jobs.
    """

    def __init__(self, store: Store | None, name: str, grid: Grid) -> None:
        self._store = store
        self._name = name
        self._grid = grid
        self.run: MlflowRun | None = None
        self.run_id = uuid.uuid4().hex
        self.failed = False

    def __enter__(self) -> Self:
        """Make the parent run."""
        if self._store is not None:
            axes = "; ".join(f"{key}: {', '.join(values)}" for key, values in self._grid.axes.items())
            tags = {
                "mlflow.note.content": f"A study of {len(self._grid.jobs)} runs. {axes}",
                "rnnlab.kind": "study",
                "rnnlab.study": self._name,
                "rnnlab.folder": f"outputs/{self._name}",
            }
            self.run = MlflowRun.create(self._store, self._name, tags | environment_tags())
            self.run_id = self.run.run_id
            self.run.log_params({f"grid.{key}": ", ".join(values) for key, values in self._grid.axes.items()})
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End the parent run."""
        if self.run is None:
            return
        if isinstance(error, Interrupted | KeyboardInterrupt):
            self.run.end("KILLED")
        else:
            self.run.end("FAILED" if self.failed or error is not None else "FINISHED")
