"""One job of a study, in the process that a launcher runs it in."""

from __future__ import annotations

import dataclasses
import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rnnlab.config.schema import RunConfig
from rnnlab.interrupts import Interrupted, interrupts_raised
from rnnlab.study.marks import in_study_process, without_marks
from rnnlab.tracking.folder import RunFolder
from rnnlab.tracking.result import RunResult
from rnnlab.tracking.store import open_store
from rnnlab.training.resume import resumable
from rnnlab.training.run import train_run

SECONDS_BETWEEN_LOOKS = 1.0


def train_job(config: RunConfig, overrides: list[str]) -> RunResult | None:
    """Train one run of a study, quietly, and return how it went; None if this worker was told to end.

    With ``resume`` in the config it goes on with the run in that folder, if that can be done.
    """
    resumed = resumable(RunFolder(Path(config.resume))) if config.resume else None
    config = dataclasses.replace(config, resume=None)
    try:
        with interrupts_raised(), _ending_with_its_parent():
            return train_run(config, without_marks(overrides), open_store(config.tracking), resumed=resumed)
    except Interrupted as interruption:
        if interruption.signum == signal.SIGTERM and not in_study_process():
            return None  # the run is KILLED; whether it is tried again is for the study to say
        raise


@contextmanager
def _ending_with_its_parent() -> Iterator[None]:
    """Inside, this process ends the run and itself when the process that started it is gone."""
    parent, stop = os.getppid(), threading.Event()

    def watch() -> None:
        while not stop.wait(SECONDS_BETWEEN_LOOKS):
            if os.getppid() != parent:
                os.kill(os.getpid(), signal.SIGTERM)
                return

    thread = threading.Thread(target=watch, name="parent-watch", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()
        if os.getppid() != parent:
            os._exit(128 + signal.SIGTERM)  # a launcher's worker would take the next job
