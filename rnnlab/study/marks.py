"""What a study adds to the overrides of its jobs, for their workers to read."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path

from rnnlab.config.quoting import quoted
from rnnlab.provenance.process import Process, this_process

SET_BY_THE_STUDY = ("study.name=", "study.parent=", "study.job=", "study.gpu=", "resume=")

STUDY_PROCESS = "RNNLAB_STUDY_PROCESS"


def marks(study: str, parent: str, job: int, gpu: int | None, resume: Path | None) -> list[str]:
    """Return the overrides that tell a job whose it is.

    Args:
        study: the study's name.
        parent: the parent's run id.
        job: the job's number.
        gpu: the GPU to take, where there are several.
        resume: the folder of the run to go on with.
    """
    found = [f"study.name={quoted(study)}", f"study.parent={parent}", f"study.job={job}"]
    found += [f"study.gpu={gpu}"] if gpu is not None else []
    return found + ([f"resume={quoted(str(resume))}"] if resume is not None else [])


def without_marks(overrides: Sequence[str]) -> list[str]:
    """Return what was given for the job itself."""
    return [override for override in overrides if not override.startswith(SET_BY_THE_STUDY)]


def mark_study_process() -> None:
    """Tell the workers, through the environment that they inherit, which process runs the study."""
    process = this_process()
    os.environ[STUDY_PROCESS] = json.dumps([process.host, process.pid, process.started])


def study_process() -> Process | None:
    """Return the process that runs the study, or None where it cannot be known or looked at from here."""
    known = os.environ.get(STUDY_PROCESS)
    process = Process(*json.loads(known)) if known else None
    return process if process is not None and process.is_here() else None
