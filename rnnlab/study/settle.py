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
    known = {result.run_id for result in record.results.values()}
    for result in record.results.values():
        if result.status == "RUNNING":
            result.status, result.error = status, why
            write_json(RunFolder(Path(result.folder)).result, result.to_dict())
            _end(store, result.run_id, status, why)
    if store is not None:
        # A worker can die between the making of its MLflow run and that of its folder.
        for run_id in running_children(store, record.parent):
            if run_id not in known:
                _end(store, run_id, status, why)


def running_children(store: Store, parent: str) -> list[str]:
    """Return the ids of the parent's runs that are RUNNING in the store."""
    runs = store.client.search_runs(
        [store.experiment_id],
        filter_string=f"tags.`mlflow.parentRunId` = '{parent}' and attributes.status = 'RUNNING'",
        max_results=10_000,
    )
    return [run.info.run_id for run in runs]


def _end(store: Store | None, run_id: str, status: str, why: str) -> None:
    if store is not None:
        run = MlflowRun(store, run_id)
        run.set_tags({"rnnlab.error": why})
        run.end(status)
