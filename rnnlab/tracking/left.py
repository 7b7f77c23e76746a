"""What is still here of studies that a store lacks: the tables in their folders."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from rnnlab.config.schema import TrackingConfig
from rnnlab.errors import Problem, listed, nearest
from rnnlab.home import as_typed, mlruns, outputs
from rnnlab.tracking.database import DATABASE, read_experiments
from rnnlab.tracking.folder import run_folders

STUDY_FILE = "study.json"
"""The grid of a study with one row a job, in its folder and among the artifacts of its parent run."""
STUDIES_SHOWN = 6


@dataclass(frozen=True)
class StudyFolder:
    """A study's folder: the name, the parent's run id, how many jobs it has and how many of them are FINISHED."""

    path: Path
    name: str
    parent: str
    jobs: int
    finished: int

    def __str__(self) -> str:
        """Return it in a few words."""
        return f"{as_typed(self.path)} ({self.finished} of {self.jobs} runs FINISHED, results.csv)"


def study_folders() -> Iterator[StudyFolder]:
    """Yield the studies whose folders are here, the newest first."""
    files = [(file.stat().st_mtime, file) for file in outputs().glob(f"*/{STUDY_FILE}")]
    for _, file in sorted(files, reverse=True):
        try:
            study = json.loads(file.read_text(encoding="utf-8"))
            statuses = [job["status"] for job in study["jobs"]]
            parent, name = str(study["parent_run_id"]), str(study["name"])
        except (OSError, ValueError, KeyError, TypeError):
            continue
        yield StudyFolder(file.parent, name, parent, len(statuses), statuses.count("FINISHED"))


def absence(tracking: TrackingConfig) -> Problem:
    """Return why there is no store to look into, where `find_store` found none.

    Raises:
        StoreAwayError: the database cannot be read.
    """
    database = mlruns() / DATABASE
    if tracking.store == "off":
        return Problem("tracking", "off", "is no store to look into; leave it out, or give tracking=server")
    if tracking.store == "server":
        return Problem("tracking.experiment", tracking.experiment, "is not on this server yet")
    if database.exists():
        names = read_experiments(database)
        near = nearest(tracking.experiment, names)
        allowed = f"is no experiment of the store {as_typed(mlruns())}; there is {listed(names)}"
        suggestion = f"tracking.experiment={near}" if near else None
        return Problem("tracking.experiment", tracking.experiment, allowed, suggestion)
    runs = sum(1 for _ in run_folders(outputs()))
    if not runs:
        return Problem("tracking", "local", "there is no store here yet; rnnlab train makes one")
    studies = list(study_folders())
    shown = listed(studies[:STUDIES_SHOWN]) + (", ..." if len(studies) > STUDIES_SHOWN else "")
    of_studies = f"; of studies {shown}" if studies else ""
    allowed = (
        f"the store {as_typed(mlruns())} is gone or was never made here; {as_typed(outputs())} still has {runs} "
        f"run folders (rnnlab runs lists them){of_studies}"
    )
    return Problem("tracking", "local", allowed)
