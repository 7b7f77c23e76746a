"""Runs whose worker can no longer say how they went: their status is settled from outside."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rnnlab.study.grid import Job
from rnnlab.study.record import StudyRecord
from rnnlab.tracking.folder import RunFolder
from rnnlab.tracking.mlflow_run import MlflowRun
from rnnlab.tracking.result import RunResult
from rnnlab.tracking.store import Store

log = logging.getLogger(__name__)


def settle(record: StudyRecord, store: Store | None, status: str, why: str) -> None:
    """Give every run of the study that is still RUNNING its final status, in its folder and in the store.

    Args:
        record: the study; nobody is at work on its runs.
        store: the MLflow store, or None.
        status: FAILED or KILLED.
        why: the error to record.
    """
    record.collect()
    for result in list(record.results.values()):
        if not result.ended:
            _end(result, status, why)
    if store is not None:
        with _later_if_away():
            _settle_in_store(record, store, status, why)


def _settle_in_store(record: StudyRecord, store: Store, status: str, why: str) -> None:
    # A worker can die before its run has a folder, and after the folder has the result but not yet the store.
    known = {result.run_id: result for result in list(record.results.values())}
    condition = f"tags.`mlflow.parentRunId` = '{record.parent}' and attributes.status = 'RUNNING'"
    for run_id in [run.info.run_id for run in store.pages(condition)]:
        ended = known.get(run_id)
        _end_in_store(store, run_id, ended.status if ended else status, (ended.error if ended else why) or "")


def fail(record: StudyRecord, store: Store | None, job: Job, why: str) -> None:
    """Make a job FAILED, and the run that it has, if it has one."""
    record.errors[job.number] = why
    result = record.results.get(job.number)
    if result is not None:
        _end(result, "FAILED", why)
        if store is not None:
            with _later_if_away():
                _end_in_store(store, result.run_id, "FAILED", why)


@contextmanager
def _later_if_away() -> Iterator[None]:
    """Inside, a store that is away stops nothing: a run's folder says how it ended, and that is sent later."""
    try:
        yield
    except Exception as error:  # noqa: BLE001 - each store has its own way to fail
        log.warning("the store was not told how runs ended: %s", error)


def _end(result: RunResult, status: str, why: str) -> None:
    result.status, result.error = status, why
    RunFolder(Path(result.folder)).write_result(result)


def _end_in_store(store: Store, run_id: str, status: str, why: str) -> None:
    run = MlflowRun(store, run_id)
    run.set_tags({"rnnlab.error": why})
    run.end(status)
