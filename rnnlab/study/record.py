"""What a study leaves behind: `study.json`, `results.csv`, and rows that tables and figures are made of."""

from __future__ import annotations

import csv
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rnnlab.study.grid import Grid, Job
from rnnlab.tracking.folder import RunFolder, write_json
from rnnlab.tracking.left import STUDY_FILE
from rnnlab.tracking.metrics import BEST_EPOCH, chosen_by
from rnnlab.tracking.result import RunResult

FIRST_COLUMNS = ("name", "run_id", "status", "function", "cell", "layers", "seed")
TEST_COLUMNS = ("test/mse", "test/rmse")
LAST_COLUMNS = ("fit_seconds", "parameters", "error")
NOT_STARTED = "NOT STARTED"


@dataclass
class StudyRecord:
    """A study and how each of its jobs went.

    Attributes:
        name: its name.
        parent: the run id of the parent.
        folder: `outputs/<name>`.
        grid: its jobs.
        results: by the number of the job; a job that never started has none.
        taken_over: the numbers of the jobs whose run was made before.
        alone: of these, the numbers of those whose run is in its folder alone: the store lacks it.
        errors: by the number of the job, what kept it from having a run that ended by itself.
    """

    name: str
    parent: str
    folder: Path
    grid: Grid
    results: dict[int, RunResult] = field(default_factory=dict)
    taken_over: set[int] = field(default_factory=set)
    alone: set[int] = field(default_factory=set)
    errors: dict[int, str] = field(default_factory=dict)
    _elsewhere: set[Path] = field(default_factory=set)
    _seen: dict[Path, tuple[int, int]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def begin(self, done: Mapping[int, RunResult], interrupted: Iterable[RunFolder]) -> None:
        """Make the folder, and tell runs that were there before from those to come.

        Args:
            done: by the job's number, the run that is taken over.
            interrupted: the folders of runs that will go on.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        self.results, self.taken_over = dict(done), set(done)
        self._elsewhere = {folder.result for folder in interrupted if folder.path.parent != self.folder}
        self._seen = {file: version for file in self._files() if (version := _version(file)) is not None}

    def collect(self) -> None:
        """Read how the jobs went from those of their folders that say something new."""
        with self._lock:
            for file in self._files():
                version = _version(file)
                if version is None or self._seen.get(file) == version:
                    continue
                result = RunFolder(file.parent).read_result()
                if result is None:
                    continue
                self._seen[file] = version
                if result.parent == self.parent and result.job is not None:
                    self.results[result.job] = result

    def _files(self) -> set[Path]:
        return {*self.folder.glob("*/result.json"), *self._elsewhere}

    def folder_of(self, job: Job) -> RunFolder | None:
        """Return the folder of a job's run, or None while it has none."""
        result = self.results.get(job.number)
        return RunFolder(Path(result.folder)) if result else None

    def retry(self, job: Job) -> None:
        """Forget how a job went so far: it is tried again, in the folder of its run or in a new one."""
        with self._lock:
            file = RunFolder(Path(self.results.pop(job.number).folder)).result
            version = _version(file)
            if version is not None:
                self._seen[file] = version

    def counts(self) -> dict[str, int]:
        """Return how many jobs have each status."""
        counts: dict[str, int] = {}
        for job in self.grid.jobs:
            status = self.status(job)
            counts[status] = counts.get(status, 0) + 1
        return counts

    def status(self, job: Job) -> str:
        """Return a job's status."""
        if job.number in self.errors:
            return "FAILED"
        result = self.results.get(job.number)
        return result.status if result else NOT_STARTED

    def error(self, job: Job) -> str | None:
        """Return what went wrong with a job, or None."""
        result = self.results.get(job.number)
        return self.errors.get(job.number) or (result.error if result else None)

    def finished(self, job: Job) -> RunResult | None:
        """Return a job's result if it is FINISHED, else None."""
        result = self.results.get(job.number)
        return result if result is not None and result.status == "FINISHED" else None

    @property
    def metrics(self) -> list[str]:
        """The metrics that `results.csv` has: of the test, the best epoch, and what that was chosen by."""
        chosen = dict.fromkeys(chosen_by(job.config.data.val_fraction) for job in self.grid.jobs)
        return [*TEST_COLUMNS, BEST_EPOCH, *chosen]

    def in_store(self) -> list[RunResult]:
        """Return the results of the FINISHED jobs that are not in their folders alone."""
        results = [self.finished(job) for job in self.grid.jobs if job.number not in self.alone]
        return [result for result in results if result is not None]

    def rows(self) -> list[dict[str, Any]]:
        """Return one row a job, with the columns of `results.csv`."""
        rows, metrics = [], self.metrics
        for job in self.grid.jobs:
            result = self.results.get(job.number)
            row: dict[str, Any] = {
                "name": job.name,
                "run_id": result.run_id if result else "",
                "status": self.status(job),
            }
            row |= dict.fromkeys(self.grid.varying) | self.grid.factors(job)
            for metric in metrics:
                row[metric] = result.metrics.get(metric) if result else None
            row["fit_seconds"] = result.fit_seconds if result else None
            row["parameters"] = result.parameters if result else None
            row["error"] = self.error(job)
            rows.append(row)
        return rows

    def save(self) -> None:
        """Write `study.json` and `results.csv`."""
        rows = self.rows()
        with (self.folder / "results.csv").open("w", encoding="utf-8", newline="") as file:
            columns = [*FIRST_COLUMNS, *self.grid.varying, *self.metrics, *LAST_COLUMNS]
            writer = csv.DictWriter(file, columns, lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows)
        jobs = []
        for job, row in zip(self.grid.jobs, rows, strict=True):
            result = self.results.get(job.number)
            jobs.append(
                {
                    "job": job.number,
                    "name": row["name"],
                    "factors": self.grid.factors(job),
                    "overrides": job.overrides,
                    "status": row["status"],
                    "run_id": result.run_id if result else None,
                    "folder": _below(result.folder, self.folder.parent) if result else None,
                    "taken_over": job.number in self.taken_over,
                    "config_hash": job.config_hash,
                    "metrics": result.metrics if result else {},
                    "fit_seconds": row["fit_seconds"],
                    "parameters": row["parameters"],
                    "error": row["error"],
                }
            )
        write_json(
            self.folder / STUDY_FILE,
            {"name": self.name, "parent_run_id": self.parent, "grid": self.grid.axes, "jobs": jobs},
        )


def _version(file: Path) -> tuple[int, int] | None:
    """Return what changes whenever a file is written anew, or None where there is none."""
    try:
        status = file.stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_ino


def _below(path: str, outputs: Path) -> str:
    """Return a run's folder below `outputs/`, or as it is where it lies elsewhere."""
    return Path(path).relative_to(outputs).as_posix() if Path(path).is_relative_to(outputs) else path
