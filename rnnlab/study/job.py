"""One job of a study, in the process that a launcher runs it in."""

from __future__ import annotations

import dataclasses
import signal
from contextlib import nullcontext
from pathlib import Path

from rnnlab.config.schema import RunConfig
from rnnlab.interrupts import Interrupted, interrupts_raised
from rnnlab.provenance.process import this_process
from rnnlab.streams import make_lenient
from rnnlab.study.marks import without_marks
from rnnlab.study.watch import study_process, training_for
from rnnlab.tracking.folder import FolderInUseError, RunFolder
from rnnlab.tracking.recorder import Resumed
from rnnlab.tracking.result import RunResult
from rnnlab.tracking.store import open_if_reachable
from rnnlab.training.resume import resumable
from rnnlab.training.run import train_run


def train_job(config: RunConfig, overrides: list[str]) -> RunResult | None:
    """Train one run of a study, quietly, and return how it went; None if this worker was told to end.

    With ``resume`` in the config it goes on with the run in that folder, if it has a checkpoint.

    Raises:
        FolderInUseError: another process goes on with that run, or has done so.
    """
    make_lenient()
    study = study_process()
    in_worker = study != this_process()
    resumed = _interrupted_run(RunFolder(Path(config.resume))) if config.resume else None
    config = dataclasses.replace(config, resume=None)
    try:
        with interrupts_raised(), training_for(study) if study is not None and in_worker else nullcontext():
            return train_run(config, without_marks(overrides), open_if_reachable(config.tracking), resumed=resumed)
    except Interrupted as interruption:
        if interruption.signum == signal.SIGTERM and in_worker:
            return None  # the run is KILLED; whether it is tried again is for the study to say
        raise


def _interrupted_run(folder: RunFolder) -> Resumed | None:
    result = folder.read_result()
    if folder.is_in_use() or (result is not None and result.status == "FINISHED"):
        raise FolderInUseError(f"another process went on with {folder.path}; the same command takes it over")
    return resumable(folder)
