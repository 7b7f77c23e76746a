"""What a store knows of a study, or of any runs: the jobs of the grid, each with its run."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rnnlab.errors import BadInputError, Problem, nearest
from rnnlab.tracking.store import Store

STUDY_FILE = "study.json"
"""The artifact of a parent run that holds the grid."""

IDS_IN_A_QUERY = 200
THREADS = 8
ONLY_STUDIES = "tags.`rnnlab.kind` = 'study'"


@dataclass(frozen=True)
class StoredRun:
    """A run as the store has it.

    Attributes:
        run_id: MLflow's id.
        name: what it is called.
        status: RUNNING, FINISHED, FAILED or KILLED.
        started: when it began, in seconds since 1970.
        params: its flattened config, as texts.
        tags: its tags.
        metrics: the last value of each metric.
    """

    run_id: str
    name: str
    status: str
    started: float
    params: Mapping[str, str]
    tags: Mapping[str, str]
    metrics: Mapping[str, float]

    @classmethod
    def of(cls, run: Any) -> StoredRun:
        """Return what is needed of one of MLflow's runs."""
        info, data = run.info, run.data
        started = (info.start_time or 0) / 1000
        return cls(info.run_id, info.run_name or "", info.status, started, data.params, data.tags, data.metrics)


@dataclass(frozen=True)
class StoredStudy:
    """A study as the store has it.

    Attributes:
        parent: its parent run.
        jobs: the grid, a row a job, as `study.json` has it.
        runs: by the job's number, its run.
    """

    parent: StoredRun
    jobs: Sequence[Mapping[str, Any]]
    runs: Mapping[int, StoredRun]


def find_study(store: Store, text: str, key: str = "study") -> StoredStudy:
    """Return the study that ``text`` names: ``latest``, a name, or the parent's id or its start.

    Where several studies share a name it is the newest of them.

    Raises:
        BadInputError: it names none.
    """
    parents = sorted(map(StoredRun.of, store.pages(ONLY_STUDIES)), key=lambda run: run.started, reverse=True)
    if not parents:
        raise BadInputError(Problem(key, text, "there is no study in the store yet; rnnlab train -m makes one"))
    if text == "latest":
        return _with_jobs(store, parents[0])
    named = [run for run in parents if text in (run.tags.get("rnnlab.study"), run.name)]
    found = named[:1] or [run for run in parents if text and run.run_id.startswith(text)]
    if len(found) == 1:
        return _with_jobs(store, found[0])
    names = {run.tags.get("rnnlab.study", run.name) for run in parents}
    near = nearest(text, names | {"latest"})
    allowed = "names several studies" if found else "names no study; must be latest, a name, or the parent's id"
    raise BadInputError(Problem(key, text, allowed, f"{key}={near}" if near else None))


def _with_jobs(store: Store, parent: StoredRun) -> StoredStudy:
    grid = artifact(store, parent.run_id, STUDY_FILE)
    if grid is None:
        raise BadInputError(
            Problem("study", parent.name, f"its grid, the artifact {STUDY_FILE}, is not in the store")
        )
    jobs = _jobs(grid, parent)
    runs: dict[int, StoredRun] = {}
    children = map(StoredRun.of, store.pages(f"tags.`mlflow.parentRunId` = '{parent.run_id}'"))
    for run in sorted(children, key=lambda run: (run.status == "FINISHED", run.started)):
        if run.tags.get("rnnlab.job", "").isdigit():
            runs[int(run.tags["rnnlab.job"])] = run
    elsewhere = {job["run_id"]: job["job"] for job in jobs if job["run_id"] and job["job"] not in runs}
    runs |= {elsewhere[run.run_id]: run for run in runs_with(store, list(elsewhere))}
    return StoredStudy(parent, jobs, runs)


def runs_with(store: Store, run_ids: Sequence[str]) -> list[StoredRun]:
    """Return the runs with these ids, as far as the store has them, in the order of the ids."""
    found: dict[str, StoredRun] = {}
    for start in range(0, len(run_ids), IDS_IN_A_QUERY):
        listed = ", ".join(f"'{run_id}'" for run_id in run_ids[start : start + IDS_IN_A_QUERY])
        found |= {run.info.run_id: StoredRun.of(run) for run in store.pages(f"attributes.run_id IN ({listed})")}
    return [found[run_id] for run_id in run_ids if run_id in found]


def _jobs(grid: Path, parent: StoredRun) -> list[dict[str, Any]]:
    try:
        jobs: list[dict[str, Any]] = json.loads(grid.read_text(encoding="utf-8"))["jobs"]
        if all({"job", "name", "status", "run_id", "error", "factors"} <= job.keys() for job in jobs):
            return jobs
    except (ValueError, KeyError, TypeError, AttributeError):
        pass
    raise BadInputError(Problem("study", parent.name, f"its grid, the artifact {STUDY_FILE}, cannot be read"))


def select_runs(store: Store, text: str) -> list[StoredRun]:
    """Return the runs that ``text`` names: ids or their starts, with commas between, or a filter as MLflow has it.

    The parents of studies are left out: they hold no result.

    Raises:
        BadInputError: it is no filter, or no run goes with it.
    """
    from mlflow.exceptions import MlflowException

    words = [word.strip() for word in text.split(",")]
    try:
        if all(re.fullmatch(r"[0-9a-f]{4,32}", word) for word in words):
            found = [run for word in words for run in store.pages(f"attributes.run_id LIKE '{word}%'")]
        else:
            found = list(store.pages(text))
    except MlflowException as error:
        allowed = f"must be ids with commas between, or a filter in MLflow's language ({error.message})".rstrip(".")
        raise BadInputError(Problem("runs", text, allowed)) from error
    runs = [StoredRun.of(run) for run in found if run.data.tags.get("rnnlab.kind") != "study"]
    if not runs:
        raise BadInputError(Problem("runs", text, "no run of the store goes with it; rnnlab runs lists them"))
    return list({run.run_id: run for run in runs}.values())


def artifact(store: Store, run_id: str, path: str) -> Path | None:
    """Return where a run's artifact can be read, or None where it is not there."""
    from mlflow.exceptions import MlflowException

    try:
        found = Path(store.client.download_artifacts(run_id, path))
    except (MlflowException, OSError):
        return None
    return found if found.is_file() else None


def histories(store: Store, run_ids: Iterable[str], metric: str) -> dict[str, dict[int, float]]:
    """Return, by the run's id, the value of a metric at each step that it was logged at."""

    def history(run_id: str) -> tuple[str, dict[int, float]]:
        points = store.client.get_metric_history(run_id, metric)
        return run_id, {point.step: point.value for point in points}

    with ThreadPoolExecutor(THREADS) as pool:
        return dict(pool.map(history, run_ids))
