"""The parent run of a study in MLflow: made before its runs, ended after them."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Self

from rnnlab.home import command_line
from rnnlab.interrupts import Interrupted
from rnnlab.study.grid import Grid
from rnnlab.tracking.heartbeat import heartbeat
from rnnlab.tracking.links import run_link
from rnnlab.tracking.mlflow_run import MlflowRun
from rnnlab.tracking.result import RunResult
from rnnlab.tracking.store import Store
from rnnlab.tracking.tags import environment_tags, process_tags

RUNS_LINKED = 30
LONGEST_NOTE = 7500


class ParentRun:
    """Entered, the parent is RUNNING. Left, it is FINISHED, FAILED or KILLED.

    A study that had the same jobs before goes on with its own parent, so that all its runs stand under one.

    Args:
        store: the MLflow store, or None.
        name: the study's name.
        grid: its jobs.
        key: what two studies of the same jobs share.
        anew: make a new parent in any case.
    """

    def __init__(self, store: Store | None, name: str, grid: Grid, key: str, *, anew: bool) -> None:
        self._store = store
        self._name = name
        self._grid = grid
        self._key = key
        self._anew = anew
        self._exits = ExitStack()
        self.run: MlflowRun | None = None
        self.run_id = uuid.uuid4().hex
        self.failed = False

    def __enter__(self) -> Self:
        """Make the parent run, or reopen it."""
        if self._store is not None:
            try:
                self._begin(self._store)
            except BaseException:
                if self.run is not None:
                    self.run.end("FAILED")
                raise
        return self

    def _begin(self, store: Store) -> None:
        tags = {
            "rnnlab.kind": "study",
            "rnnlab.study": self._name,
            "rnnlab.grid": self._key,
            "rnnlab.folder": f"outputs/{self._name}",
            "rnnlab.command": command_line(),
        }
        tags |= environment_tags() | process_tags()
        earlier = None if self._anew else self._earlier(store)
        if earlier is not None:
            self.run = MlflowRun(store, earlier)
            self.run.set_tags(tags)
            self.run.reopen()
        else:
            self.run = MlflowRun.create(store, self._name, tags)
            self.run.log_params(
                {f"grid.{key.lstrip('+')}": ", ".join(values) for key, values in self._grid.axes.items()}
            )
        self.run_id = self.run.run_id
        self.describe([], {})
        self._exits.enter_context(heartbeat(self.run))

    def describe(self, taken_over: Sequence[RunResult], links: dict[str, str]) -> None:
        """Write what the study is into its description on MLflow's pages.

        Args:
            taken_over: the runs that it did not make itself.
            links: by their names, links from `#` on.
        """
        if self.run is None or self._store is None:
            return
        axes = "; ".join(f"{key}: {', '.join(values)}" for key, values in self._grid.axes.items())
        lines = [f"A study of {len(self._grid.jobs)} runs. {axes}"]
        if taken_over:
            experiment = self._store.experiment_id
            shown = ", ".join(
                f"[{run.name}]({run_link(experiment, run.run_id)})" for run in taken_over[:RUNS_LINKED]
            )
            more = f" and {len(taken_over) - RUNS_LINKED} more, see study.json" * (len(taken_over) > RUNS_LINKED)
            lines.append(f"Taken over from earlier studies: {shown}{more}")
        if sum(map(len, [*lines, *links.values()])) < LONGEST_NOTE:
            lines += [f"[{name}]({link})" for name, link in links.items()]
        elif links:
            lines.append("Links that compare all its runs are among its artifacts, in mlflow.html.")
        self.run.set_tags({"mlflow.note.content": "\n\n".join(lines)})

    def keep(self, *files: Path) -> None:
        """Copy files to the parent's artifacts."""
        if self.run is not None:
            for file in files:
                self.run.log_file(file)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End the parent run."""
        if self.run is None:
            return
        with self._exits:
            if isinstance(error, Interrupted | KeyboardInterrupt):
                self.run.end("KILLED")
            else:
                self.run.end("FAILED" if self.failed or error is not None else "FINISHED")

    def _earlier(self, store: Store) -> str | None:
        condition = (
            f"tags.`rnnlab.kind` = 'study' and tags.`rnnlab.grid` = '{self._key}' "
            "and attributes.status != 'RUNNING'"
        )
        found = [run for run in store.pages(condition) if run.data.tags.get("rnnlab.study") == self._name]
        newest = max(found, key=lambda run: run.info.start_time, default=None)
        return newest.info.run_id if newest is not None else None
