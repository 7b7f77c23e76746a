"""Runs that were made before: what a study can take over, go on with, and tell its time from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rnnlab.home import outputs
from rnnlab.tracking.folder import RunFolder, recorded_folder, run_folders
from rnnlab.tracking.result import RunResult
from rnnlab.tracking.store import Store


@dataclass(frozen=True)
class PastRun:
    """A run that is in the store, or where nothing is tracked in a folder.

    Attributes:
        result: how it went, with the status that the store says.
        started: when it began, in seconds since 1970.
        seconds: from its beginning to its end, or None where it was interrupted or has not ended.
        params: its flattened config as the store has it; empty for a run in a folder alone.
    """

    result: RunResult
    started: float
    seconds: float | None
    params: Mapping[str, str]

    @property
    def folder(self) -> RunFolder:
        """Its folder, which may be on another machine or gone."""
        return RunFolder(Path(self.result.folder))


def past_runs(store: Store | None) -> list[PastRun]:
    """Return the runs of the store's experiment, newest first; without a store those in the folders."""
    found = map(_in_folder, run_folders(outputs())) if store is None else map(_in_store, store.pages(ONLY_RUNS))
    return sorted((run for run in found if run is not None), key=lambda run: run.started, reverse=True)


ONLY_RUNS = "tags.`rnnlab.fingerprint` LIKE '%'"


def _in_folder(folder: RunFolder) -> PastRun | None:
    result = folder.read_result()
    if result is None:
        return None
    if not result.ended and not folder.is_in_use():
        result.status = "KILLED"
    return PastRun(result, float(folder.read_manifest().get("started") or 0), None, {})


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
