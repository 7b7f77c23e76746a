"""A worker ends with the study that it works for, however that ends: with its run if it has one, else at once."""

from __future__ import annotations

import json
import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from rnnlab.provenance.process import Process, this_process

STUDY_PROCESS = "RNNLAB_STUDY_PROCESS"
"""The variable that names the process which runs the study to workers that inherit it."""

SECONDS_BETWEEN_LOOKS = 1.0
ENDED = 128 + signal.SIGTERM

_training = threading.Event()


def mark_study_process() -> None:
    """Tell the workers, through the environment that they inherit, which process runs the study."""
    os.environ[STUDY_PROCESS] = as_text(this_process())


def as_text(process: Process) -> str:
    """Return a process as `STUDY_PROCESS` holds it."""
    return json.dumps([process.host, process.pid, process.started])


def study_process() -> Process | None:
    """Return the process that runs the study, or None where it cannot be known or looked at from here."""
    known = os.environ.get(STUDY_PROCESS)
    process = Process(*json.loads(known)) if known else None
    return process if process is not None and process.is_here() else None


def begin_worker(study: str, directory: str, home: str | None) -> None:
    """Have this worker be where its study is, and from its start on end within seconds of it.

    Args:
        study: the process that runs it, from `as_text`.
        directory: the study's current folder; workers that were started in another are not reused.
        home: its RNNLAB_HOME, or None; likewise.
    """
    os.chdir(directory)
    if home is not None:
        os.environ["RNNLAB_HOME"] = home
    os.environ[STUDY_PROCESS] = study
    process = study_process()
    if process is not None:
        threading.Thread(target=_end_idle, args=(process,), name="study-watch", daemon=True).start()


def _end_idle(study: Process) -> None:
    while not study.is_gone() or _training.is_set():
        time.sleep(SECONDS_BETWEEN_LOOKS)
    os._exit(ENDED)


@contextmanager
def training_for(study: Process) -> Iterator[None]:
    """Inside, this worker ends its run, with a checkpoint, and itself when the study's process is gone."""
    _training.set()
    if study.is_gone():
        os._exit(ENDED)
    stop = threading.Event()

    def watch() -> None:
        while not stop.wait(SECONDS_BETWEEN_LOOKS):
            if study.is_gone():
                os.kill(os.getpid(), signal.SIGTERM)
                return

    thread = threading.Thread(target=watch, name="run-watch", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()
        _training.clear()
        if study.is_gone():
            os._exit(ENDED)  # a launcher's worker would take the next job
