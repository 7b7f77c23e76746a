"""What a study leaves behind: `study.json`, `results.csv`, and rows that tables and figures are made of."""

from __future__ import annotations

import csv
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rnnlab.config.record import config_hash, facets, flat, plain, run_name
from rnnlab.study.grid import Grid, Job
from rnnlab.tracking.folder import RunFolder, write_json
from rnnlab.tracking.result import RunResult

FIRST_COLUMNS = ("name", "run_id", "status", "function", "cell", "layers", "seed")
LAST_COLUMNS = ("test/mse", "test/rmse", "fit_seconds", "parameters", "error")
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
    """

    name: str
    parent: str
    folder: Path
    grid: Grid
    results: dict[int, RunResult] = field(default_factory=dict)

    def collect(self) -> None:
        """Read how the jobs went from their folders."""
        for path in self.folder.glob("*/result.json"):
            result = RunFolder(path.parent).read_result()
            if result is not None and result.parent == self.parent and result.job is not None:
                self.results[result.job] = result

    def counts(self) -> dict[str, int]:
        """Return how many jobs have each status."""
        counts: dict[str, int] = {}
        for job in self.grid.jobs:
            status = self.status(job)
            counts[status] = counts.get(status, 0) + 1
        return counts

    def status(self, job: Job) -> str:
        """Return a job's status."""
        result = self.results.get(job.number)
        return result.status if result else NOT_STARTED

    def finished(self, job: Job) -> RunResult | None:
        """Return a job's result if it is FINISHED, else None."""
        result = self.results.get(job.number)
        return result if result is not None and result.status == "FINISHED" else None

    def rows(self) -> list[dict[str, Any]]:
        """Return one row a job, with the columns of `results.csv`."""
        varying = self.grid.varying()
        rows = []
        for job in self.grid.jobs:
            result = self.results.get(job.number)
            values = dict(flat(plain(job.config)))
            row: dict[str, Any] = {
                "name": run_name(job.config),
                "run_id": result.run_id if result else "",
                "status": self.status(job),
            }
            row |= facets(job.config) | {key: values.get(key) for key in varying}
            for metric in ("test/mse", "test/rmse"):
                row[metric] = result.metrics.get(metric) if result else None
            row["fit_seconds"] = result.fit_seconds if result else None
            row["parameters"] = result.parameters if result else None
            row["error"] = result.error if result else None
            rows.append(row)
        return rows

    def save(self) -> None:
        """Write `study.json` and `results.csv`."""
        rows = self.rows()
        with (self.folder / "results.csv").open("w", encoding="utf-8", newline="") as file:
            columns = [*FIRST_COLUMNS, *self.grid.varying(), *LAST_COLUMNS]
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
                    "overrides": job.overrides,
                    "status": row["status"],
                    "run_id": result.run_id if result else None,
                    "folder": Path(result.folder).name if result else None,
                    "config_hash": config_hash(job.config),
                    "metrics": result.metrics if result else {},
                    "fit_seconds": row["fit_seconds"],
                    "parameters": row["parameters"],
                    "error": row["error"],
                }
            )
        write_json(
            self.folder / "study.json",
            {"name": self.name, "parent_run_id": self.parent, "grid": self.grid.axes, "jobs": jobs},
        )
