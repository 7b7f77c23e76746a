"""Runs that were made before: what a study can take over, go on with, and tell its time from."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rnnlab.config.schema import TrackingConfig
from rnnlab.tracking.folder import RunFolder, recorded_folder
from rnnlab.tracking.in_folders import FolderRun, runs_in_folders
from rnnlab.tracking.known import deleted_runs
from rnnlab.tracking.result import RunResult
from rnnlab.tracking.store import Store


@dataclass(frozen=True)
class PastRun:
    """A run that is in the store, or in its folder alone.

    Attributes:
        result: how it went, with the status that the store says.
        started: when it began, in seconds since 1970.
        seconds: from its beginning to its end, or None where it was interrupted or has not ended.
        params: its flattened config as the store has it; empty for a run in a folder alone.
        left_out: why a study does not take it over, empty if it does.
    """

    result: RunResult
    started: float
    seconds: float | None
    params: Mapping[str, str]
    left_out: str = ""

    @property
    def is_in_store(self) -> bool:
        """Whether the store has it."""
        return bool(self.params)

    @property
    def folder(self) -> RunFolder:
        """Its folder, which may be on another machine or gone."""
        return RunFolder(Path(self.result.folder))


def past_runs(tracking: TrackingConfig, store: Store | None) -> list[PastRun]:
    """Return the runs that were made before, newest first.

    Beside those of the store's experiment these are runs that the store lacks and whose folders are here. Of these
    a study that is recorded takes over only what was recorded in its store once: all its runs are to be there. It
    leaves out what was deleted in MLflow. Where nothing is tracked every folder's run counts.

    Args:
        tracking: the store that the study is recorded in.
        store: the same, or None where it is not there, or nothing is tracked.
    """
    stored = list(map(_in_store, store.pages(ONLY_RUNS))) if store is not None else []
    known = {run.result.run_id for run in stored}
    alone = list(runs_in_folders(known))
    deleted = {run.info.run_id for run in deleted_runs(store, ONLY_RUNS)} if alone and store is not None else set()
    found = [*stored, *(_in_folder(run, tracking, deleted) for run in alone)]
    return sorted(found, key=lambda run: run.started, reverse=True)


def _in_folder(run: FolderRun, tracking: TrackingConfig, deleted: Collection[str]) -> PastRun:
    left_out = ""
    if run.result.run_id in deleted:
        left_out = DELETED
    elif tracking.store != "off" and run.tracking != tracking:
        left_out = ELSEWHERE
    return PastRun(run.result, run.started, None, {}, left_out)


ONLY_RUNS = "tags.`rnnlab.fingerprint` LIKE '%'"
DELETED = "deleted in MLflow"
ELSEWHERE = "not recorded in this store; with tracking=off they are taken over"


def _in_store(run: Any) -> PastRun:
    tags, params, metrics = run.data.tags, run.data.params, run.data.metrics
    folder = recorded_folder(tags.get("rnnlab.folder", ""))
    result = RunResult(
        run_id=run.info.run_id,
        name=run.info.run_name or "",
        overrides=[],
        config_hash=tags.get("rnnlab.config_hash", ""),
        folder=str(folder.path) if folder else "",
        function=params.get("function", ""),
        cell=params.get("cell", ""),
        layers=int(params.get("layers", 0)),
        seed=int(params.get("seed", 0)),
        status=run.info.status,
        metrics=dict(metrics),
        fit_seconds=metrics.get("time/fit_seconds"),
        parameters=int(tags["rnnlab.parameters"]) if "rnnlab.parameters" in tags else None,
        error=tags.get("rnnlab.error") or None,
        parent=tags.get("mlflow.parentRunId"),
        fingerprint=tags.get("rnnlab.fingerprint"),
    )
    began, ended = run.info.start_time / 1000, (run.info.end_time or 0) / 1000
    at_once = run.info.status == "FINISHED" and "rnnlab.resumed" not in tags
    return PastRun(result, began, ended - began if at_once else None, params)


def running_elsewhere(runs: list[PastRun]) -> Iterator[PastRun]:
    """Yield the runs that a process of this machine is at work on."""
    return (run for run in runs if not run.result.ended and run.folder.is_in_use())
