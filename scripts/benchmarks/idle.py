"""Runs that do no work: recorded as any other, but not trained."""

from __future__ import annotations

import time

from rnnlab.config.schema import RunConfig
from rnnlab.study.task import Task
from rnnlab.tracking.recorder import Recorder
from rnnlab.tracking.result import RunResult
from rnnlab.tracking.store import Store, open_if_reachable

EPOCHS = 10


def record_without_training(config: RunConfig, overrides: list[str], store: Store | None) -> RunResult:
    """Record a FINISHED run, with metrics that nobody computed."""
    with Recorder(config, overrides, store) as recorder:
        for epoch in range(EPOCHS):
            recorder.metrics.add("train/mse", 0.5**epoch, epoch)
        recorder.metrics.add("test/mse", 1e-5, EPOCHS)
        recorder.metrics.add("test/rmse", 1e-5**0.5, EPOCHS)
        recorder.metrics.add("time/fit_seconds", 1.0, EPOCHS)
        recorder.result.fit_seconds = 1.0
    return recorder.result


def record_task(task: Task) -> float:
    """Record a job of a study and return the seconds that it took."""
    began = time.perf_counter()
    config = task.marks.on(task.job.config)
    record_without_training(config, task.job.overrides, open_if_reachable(config.tracking))
    return time.perf_counter() - began
