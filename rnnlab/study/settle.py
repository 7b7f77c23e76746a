"""Runs whose worker can no longer say how they went: their status is settled from outside."""

from __future__ import annotations

from pathlib import Path

from rnnlab.study.record import StudyRecord
from rnnlab.tracking.folder import RunFolder, write_json
from rnnlab.tracking.mlflow_run import MlflowRun
from rnnlab.tracking.store import Store


def settle(record: StudyRecord, store: Store | None, status: str, why: str) -> None:
    """Give every run of the study that is still RUNNING its final status, in its folder and in the store.

    Args:
        record: the study; its launcher is no longer at work.
        store: the MLflow store, or None.
        status: FAILED or KILLED.
        why: the error to record.
    """
    record.collect()
    for result in record.results.values():
        if result.status == "RUNNING":
            result.status, result.error = status, why
            write_json(RunFolder(Path(result.folder)).result, result.to_dict())
    if store is None:
        return
    # A worker can die before its run has a folder, and after the folder has the result but not yet the store.
    known = {result.run_id: result for result in record.results.values()}
    for run_id in running_children(store, record.parent):
        ended = known.get(run_id)
        run = MlflowRun(store, run_id)
        run.set_tags({"rnnlab.error": (ended.error if ended else why) or ""})
        run.end(ended.status if ended else status)


def running_children(store: Store, parent: str) -> list[str]:
    """Return the ids of the parent's runs that are RUNNING in the store."""
    runs = store.client.search_runs(
        [store.experiment_id],
        filter_string=f"tags.`mlflow.parentRunId` = '{parent}' and attributes.status = 'RUNNING'",
        max_results=10_000,
    )
    return [run.info.run_id for run in runs]
