"""What a study adds to the overrides of its jobs, for their workers to read."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

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
    found = [f"study.name={_quoted(study)}", f"study.parent={parent}", f"study.job={job}"]
    found += [f"study.gpu={gpu}"] if gpu is not None else []
    return found + ([f"resume={_quoted(str(resume))}"] if resume is not None else [])


def without_marks(overrides: Sequence[str]) -> list[str]:
    """Return what was given for the job itself."""
    return [override for override in overrides if not override.startswith(SET_BY_THE_STUDY)]


def mark_study_process() -> None:
    """Remember that this process runs a study; some launchers run the jobs in it, too."""
    os.environ[STUDY_PROCESS] = str(os.getpid())


def in_study_process() -> bool:
    """Return whether this process runs a study: then it is no worker, whose end would be one job's matter."""
    return os.environ.get(STUDY_PROCESS) == str(os.getpid())


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"
