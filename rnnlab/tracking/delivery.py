"""Bringing a run in the store to what its folder says it is, step by step or after any failure."""

from __future__ import annotations

import copy
import threading
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from rnnlab.tracking.folder import RunFolder
from rnnlab.tracking.metrics import LARGEST_BATCH, Point, read_points
from rnnlab.tracking.mlflow_run import MlflowRun
from rnnlab.tracking.outbox import FILE, Outbox
from rnnlab.tracking.rename import rename_run
from rnnlab.tracking.store import Store

LOCAL_ID = "rnnlab.local_id"
"""The tag of a run on a server: the id that it has until the server has made it, and by which it is found again."""


class Delivery:
    """What is to be sent of one run, and what was sent.

    Args:
        folder: the run's, or a study's.
        outbox: what the store is to hold.
        compare: whether the store may hold some of it already: a run that goes on, or whose process is gone.

    Attributes:
        outbox: what the store is to hold.
        is_deleted: whether the run was found deleted in MLflow; then nothing is sent.
    """

    def __init__(self, folder: Path, outbox: Outbox, *, compare: bool) -> None:
        self.outbox = outbox
        self._folder = folder
        self._lock = threading.RLock()
        self._points: list[Point] = []
        self._run: MlflowRun | None = None
        self._stored: dict[tuple[str, int], float] = {}
        self.is_deleted = False
        self._forget(compare=compare)

    def _forget(self, *, compare: bool) -> None:
        self._compare = compare
        self._run = None
        self._tags: dict[str, str] = {}
        self._params: dict[str, str] = {}
        self._datasets: dict[str, Any] | None = None
        self._files: dict[tuple[str, str | None], float] = {}
        self._status = "RUNNING"

    def change(self, **values: Any) -> None:
        """Change what the store is to hold: tags and params are added, the rest replaces what was there."""
        with self._lock:
            for name, value in values.items():
                if name in ("tags", "params"):
                    getattr(self.outbox, name).update(value)
                else:
                    setattr(self.outbox, name, value)
            with suppress(OSError):  # where the folder cannot be written, training itself stops and says so
                self.outbox.save(self._folder)

    def add_points(self, points: Sequence[Point]) -> None:
        """Take points that are to be sent; they are in the run's file already."""
        with self._lock:
            if not self._compare:
                self._points += points

    def compare_again(self) -> None:
        """Look what the store has before anything more is sent to it."""
        with self._lock:
            self._points = []
            self._forget(compare=True)

    def send(self, store: Store) -> int:
        """Send what the store lacks, and return how many metric points that were.

        Raises:
            Exception: the store does not take it; what was sent is no longer known until the next comparison.
        """
        try:
            return self._send(store)
        except Exception:
            self.compare_again()
            with suppress(Exception):  # what went wrong first is what is said
                if self._was_deleted(store):
                    return 0
            raise

    def _was_deleted(self, store: Store) -> bool:
        has = MlflowRun(store, self.outbox.run_id).contents()
        self.is_deleted = has is not None and not has.is_active
        return self.is_deleted

    @property
    def is_done(self) -> bool:
        """Whether the store has everything, and the run has ended."""
        return self.outbox.status != "RUNNING" and not (self._folder / FILE).exists()

    def _send(self, store: Store) -> int:
        self._run = run = self._run or self._found_or_made(store)
        if self._compare and not self._look(run):
            return 0
        with self._lock:
            wanted = copy.deepcopy(self.outbox)
            points, self._points = self._points, []
        if wanted.status == "RUNNING" and self._status != "RUNNING":
            run.reopen()
            self._status = "RUNNING"
        if tags := {name: value for name, value in wanted.tags.items() if self._tags.get(name) != value}:
            run.set_tags(tags)
            self._tags |= tags
        # MLflow never changes a param that it has.
        if params := {name: value for name, value in wanted.params.items() if name not in self._params}:
            run.log_params(params)
            self._params |= params
        if wanted.datasets is not None and self._datasets != wanted.datasets:
            run.log_datasets(**wanted.datasets)
            self._datasets = wanted.datasets
        sent = self._send_points(run, points)
        if wanted.status != "RUNNING":
            rename_run(self._folder, wanted.tags.get(LOCAL_ID, wanted.run_id), wanted.run_id)
        for path, place in wanted.files:
            written = _written(self._folder / path)
            if self._files.get((path, place)) != written:
                self._send_file(run, path, place)
                self._files[path, place] = written
        if wanted.status != "RUNNING":
            self._status = wanted.status
            run.end(wanted.status, wanted.ended)
            (self._folder / FILE).unlink(missing_ok=True)
        return sent

    def _send_points(self, run: MlflowRun, points: Sequence[Point]) -> int:
        """Send points that the store does not hold with the same value; of two values it shows the later."""
        new = [point for point in points if not _same(self._stored.get((point.metric, point.step)), point.value)]
        for start in range(0, len(new), LARGEST_BATCH):
            run.log_points(new[start : start + LARGEST_BATCH])
        return len(new)

    def _send_file(self, run: MlflowRun, path: str, place: str | None) -> None:
        here = self._folder / path
        if here.is_dir():
            run.log_folder(here, place or path)
        elif here.is_file():
            run.log_file(here, place)

    def _look(self, run: MlflowRun) -> bool:
        """Learn what the store holds; return whether that is a run that may be written to.

        One that was deleted in MLflow stays as it is, and what it lacks waits in the folder: it may be restored.
        """
        has = run.contents()
        self.is_deleted = has is not None and not has.is_active
        if has is None or self.is_deleted:
            return False
        self._tags, self._params, self._status = has.tags, has.params, has.status
        file = RunFolder(self._folder).metrics
        with self._lock:  # a point is in the file before it is handed over, so none is missed
            self._points = list(read_points(file)) if file.exists() else []
            self._compare = False
        self._stored = run.logged(has.metrics)
        return True

    def _found_or_made(self, store: Store) -> MlflowRun:
        """Return the run in the store; one that it lacks is made."""
        known = MlflowRun(store, self.outbox.run_id)
        if self.outbox.in_store and (not self._compare or known.contents() is not None):
            return known
        before, local = self.outbox.run_id, self.outbox.tags.get(LOCAL_ID, self.outbox.run_id)
        run_id = next((run.info.run_id for run in store.pages(f"tags.`{LOCAL_ID}` = '{local}'")), None)
        tags = self.outbox.tags | {LOCAL_ID: local}
        made = run_id or MlflowRun.create(store, self.outbox.name, tags, self.outbox.started).run_id
        self.change(run_id=made, in_store=True, tags={LOCAL_ID: local})
        for old in (before, local):
            rename_run(self._folder, old, made)
        with self._lock:
            self._compare = True
        return MlflowRun(store, made)


def _written(path: Path) -> float:
    """Return when a file, or the newest in a folder, was written last; 0 where there is none."""
    files = [path, *path.rglob("*")] if path.is_dir() else [path]
    return max((file.stat().st_mtime_ns for file in files if file.exists()), default=0)


def _same(stored: float | None, value: float) -> bool:
    return stored is not None and (stored == value or (stored != stored and value != value))  # noqa: PLR0124 - NaN
