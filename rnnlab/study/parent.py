"""The parent run of a study in MLflow: made before its runs, ended after them."""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterable, Sequence
from types import TracebackType
from typing import Any, Self

from rnnlab.config.schema import TrackingConfig
from rnnlab.errors import StoreAwayError
from rnnlab.home import command_line, outputs
from rnnlab.interrupts import Interrupted
from rnnlab.study.grid import Grid
from rnnlab.tracking.known import deleted_runs
from rnnlab.tracking.links import run_link
from rnnlab.tracking.mlflow_run import MlflowRun
from rnnlab.tracking.outbox import Outbox
from rnnlab.tracking.result import RunResult
from rnnlab.tracking.sender import Sender
from rnnlab.tracking.store import Store
from rnnlab.tracking.tags import environment_tags, process_tags

RUNS_LINKED = 30
LONGEST_NOTE = 7500


class ParentRun:
    """Entered, the parent is RUNNING. Left, it is FINISHED, FAILED or KILLED.

    A study that had the same jobs before goes on with its own parent, so that all its runs stand under one.

    Args:
        store: the MLflow store, or None.
        tracking: where that is.
        name: the study's name.
        grid: its jobs.
        key: what two studies of the same jobs share.
        anew: make a new parent in any case.

    Attributes:
        run_id: its id.
        failed: whether it is to be FAILED at its end.
        deleted: the id of the study's own parent where that was deleted in MLflow, so that this one is new.
    """

    def __init__(
        self, store: Store | None, tracking: TrackingConfig, name: str, grid: Grid, key: str, *, anew: bool
    ) -> None:
        self._store = store
        self._tracking = tracking
        self._name = name
        self._grid = grid
        self._key = key
        self._anew = anew
        self._sender: Sender | None = None
        self._files: dict[str, None] = {}
        self.run_id = uuid.uuid4().hex
        self.failed = False
        self.deleted: str | None = None

    def __enter__(self) -> Self:
        """Make the parent run, or reopen it.

        Raises:
            StoreAwayError: the store takes no run now.
        """
        if self._store is not None:
            try:
                self._begin(self._store)
            except BaseException:
                if self._sender is not None:
                    self._sender.close("FAILED")
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
        began = time.time()
        earlier = None if self._anew else self._earlier(store)
        try:
            run = MlflowRun(store, earlier) if earlier else MlflowRun.create(store, self._name, tags, began)
        except Exception as error:
            raise StoreAwayError(f"the store {store.uri} takes no run now ({error})") from error
        self.run_id = run.run_id
        outbox = Outbox(
            store="server" if store.uri.startswith("http") else "local",
            uri=self._tracking.uri,
            experiment=self._tracking.experiment,
            run_id=run.run_id,
            name=self._name,
            started=began,
            in_store=True,
            tags=tags,
            params={f"grid.{key.lstrip('+')}": ", ".join(values) for key, values in self._grid.axes.items()},
        )
        folder = outputs() / self._name
        self._sender = Sender(folder, outbox, lambda: store, compare=earlier is not None)
        self.describe([], {})
        self._sender.start()

    def describe(self, taken_over: Sequence[RunResult], links: dict[str, str]) -> None:
        """Write what the study is into its description on MLflow's pages.

        Args:
            taken_over: the runs that it did not make itself.
            links: by their names, links from `#` on.
        """
        if self._sender is None or self._store is None:
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
        self._sender.change(tags={"mlflow.note.content": "\n\n".join(lines)})

    def log_files(self, files: Sequence[str]) -> None:
        """Copy files and folders of the study's folder to MLflow's artifacts, again after a change."""
        self._files |= dict.fromkeys(files)
        if self._sender is not None:
            self._sender.change(files=[(file, None) for file in self._files])

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End the parent run."""
        if self._sender is None:
            return
        if isinstance(error, Interrupted | KeyboardInterrupt):
            self._sender.close("KILLED")
        else:
            self._sender.close("FAILED" if self.failed or error is not None else "FINISHED")

    def _earlier(self, store: Store) -> str | None:
        condition = f"tags.`rnnlab.kind` = 'study' and tags.`rnnlab.grid` = '{self._key}'"
        newest = self._newest(store.pages(f"{condition} and attributes.status != 'RUNNING'"))
        if newest is None:
            self.deleted = self._newest(deleted_runs(store, condition))
        return newest

    def _newest(self, runs: Iterable[Any]) -> str | None:
        of_name = [run for run in runs if run.data.tags.get("rnnlab.study") == self._name]
        newest = max(of_name, key=lambda run: run.info.start_time, default=None)
        return newest.info.run_id if newest is not None else None
