"""What studies have left behind, in their folders and in the local store."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import mlflow


def rows_of(folder: Path, study: str) -> list[dict[str, str]]:
    """Return the rows of a study's `results.csv`."""
    with (folder / "outputs" / study / "results.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def runs_in(folder: Path) -> list[Any]:
    """Return every MLflow run of the store."""
    client = mlflow.MlflowClient(tracking_uri=f"sqlite:///{folder}/mlruns/mlflow.db")
    return client.search_runs([client.get_experiment_by_name("rnnlab").experiment_id], max_results=1000)


def children(folder: Path) -> list[Any]:
    """Return the MLflow runs that are no parents of studies."""
    return [run for run in runs_in(folder) if run.data.tags.get("rnnlab.kind") != "study"]


def finished_jobs(folder: Path) -> list[str]:
    """Return the number of the job of every FINISHED run, sorted."""
    return sorted(run.data.tags["rnnlab.job"] for run in children(folder) if run.info.status == "FINISHED")


def assert_whole(folder: Path, study: str, count: int) -> None:
    """Fail unless every job of the only study has one FINISHED run, and no run is left RUNNING."""
    assert [row["status"] for row in rows_of(folder, study)] == ["FINISHED"] * count
    assert len(finished_jobs(folder)) == len(set(finished_jobs(folder))) == count
    assert {run.info.status for run in runs_in(folder)} <= {"FINISHED", "KILLED"}
