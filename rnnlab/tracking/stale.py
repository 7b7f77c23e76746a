"""Stale runs: RUNNING in the store, with nobody left who could end them."""

from __future__ import annotations

import time
from collections.abc import Mapping

from rnnlab.tracking.database import Filter, count_runs
from rnnlab.tracking.folder import recorded_folder
from rnnlab.tracking.mlflow_run import MlflowRun
from rnnlab.tracking.server_access import refusal
from rnnlab.tracking.store import Store
from rnnlab.tracking.tags import process_of

WHY = "its process is gone"
SECONDS_WITHOUT_A_BEAT = 300.0
"""After this time a run on another machine is taken for dead; see `rnnlab.tracking.sender`."""


def end_stale_runs(store: Store) -> int:
    """End every run of the experiment that is RUNNING without a process, and return how many those were.

    A run whose folder says how it ended gets that status; any other is KILLED.
    """
    if store.database is not None and not count_runs(store.database, Filter(store.experiment_id, "RUNNING")):
        return 0  # most often, and known without MLflow
    found = 0
    for run in store.pages("attributes.status = 'RUNNING'"):
        if is_stale(run.data.tags) and not _is_in_use(run.data.tags):
            try:
                end_stale(store, run.info.run_id, run.data.tags)
            except Exception as error:
                if refusal(error, store.uri) is None:
                    raise
                return found  # who may only read leaves it to others
            found += 1
    return found


def _is_in_use(tags: Mapping[str, str]) -> bool:
    """Return whether a process holds the run's folder: it is alive, whatever the clocks say."""
    folder = recorded_folder(tags.get("rnnlab.folder", ""))  # a study's is held by the study that begins now
    return folder is not None and folder.is_in_use()


def is_stale(tags: Mapping[str, str]) -> bool:
    """Return whether the process of a RUNNING run is gone, or silent for long where it cannot be looked at."""
    known = process_of(tags)
    if known is None:
        return False
    process, beat = known
    return process.is_gone() if process.is_here() else time.time() - beat > SECONDS_WITHOUT_A_BEAT


def end_stale(store: Store, run_id: str, tags: Mapping[str, str]) -> None:
    """End one stale run, in its folder and in the store."""
    status, error = "KILLED", WHY
    folder = recorded_folder(tags.get("rnnlab.folder", ""))
    if folder is not None:
        result = folder.read_result()
        if result is not None and result.run_id == run_id:
            if result.ended:
                status, error = result.status, result.error or ""
            else:
                result.status, result.error = status, error
                folder.write_result(result)
    run = MlflowRun(store, run_id)
    run.set_tags({"rnnlab.error": error})
    known = process_of(tags)
    run.end(status, known[1] if known else None)
