"""What a store knows of a study, or of any runs: the jobs of the grid, each with its run."""

from __future__ import annotations

import json
import re
import sqlite3
import tempfile
from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from rnnlab.errors import BadInputError, Problem, listed, nearest, shell_word
from rnnlab.tracking.known import deleted_runs
from rnnlab.tracking.left import STUDY_FILE, study_folders
from rnnlab.tracking.store import Store

KEYS_OF_A_JOB = {"job", "name", "status", "run_id", "config_hash", "error", "factors"}
SHORTEST_ID = 4
DELETED = "was deleted in MLflow; restore it there to report on it"
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
        params: its flattened config, as texts, in the order of their names.
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
        params, tags, metrics = (dict(sorted(part.items())) for part in (data.params, data.tags, data.metrics))
        return cls(
            info.run_id, info.run_name or "", info.status, (info.start_time or 0) / 1000, params, tags, metrics
        )

    @property
    def at_work(self) -> float:
        """When its process was last known to be at work, in seconds since 1970."""
        try:
            return max(self.started, float(self.tags["rnnlab.heartbeat"]))
        except (KeyError, ValueError):
            return self.started


@dataclass(frozen=True)
class StoredStudy:
    """A study as the store has it.

    Attributes:
        parent: its parent run.
        newest: whether no newer study has its name.
        jobs: the grid, a row a job, as `study.json` has it.
        runs: by the job's number, its run.
        deleted: the numbers of the jobs whose run was deleted in MLflow.
    """

    parent: StoredRun
    newest: bool
    jobs: Sequence[Mapping[str, Any]]
    runs: Mapping[int, StoredRun]
    deleted: Collection[int] = ()


def find_study(store: Store, text: str) -> StoredStudy:
    """Return the study that ``text`` names: ``latest``, a name, or the parent's id or its start.

    Where several studies share a name it is the one that was run last.

    Raises:
        BadInputError: it names none.
    """
    parents = sorted(map(StoredRun.of, store.pages(ONLY_STUDIES)), key=lambda run: run.at_work, reverse=True)
    if not parents:
        none = "there is no study in the store yet; rnnlab train -m makes one"
        raise BadInputError(Problem("study", text, _gone(store, text) or none))
    named = parents[:1] if text == "latest" else [run for run in parents if text in (_study_name(run), run.name)]
    by_id = [run for run in parents if len(text) >= SHORTEST_ID and run.run_id.startswith(text)]
    found = named[:1] or by_id
    if len(found) == 1:
        newest = next(run for run in parents if _study_name(run) == _study_name(found[0]))
        return _with_jobs(store, found[0], newest=newest is found[0])
    if found:
        ids = listed(run.run_id[: len(text) + 4] for run in found)
        raise BadInputError(Problem("study", text, f"begins the ids of several studies: {ids}"))
    if gone := _gone(store, text):
        raise BadInputError(Problem("study", text, gone))
    near = nearest(text, {_study_name(run) for run in parents} | {"latest"})
    allowed = "names no study; must be latest, a name, or the parent's id"
    raise BadInputError(Problem("study", text, allowed, shell_word("study", near) if near else None))


def _gone(store: Store, text: str) -> str | None:
    """Return what is known of a study that the store lacks: that it was deleted, or what its folder has."""
    for parent in map(StoredRun.of, deleted_runs(store, ONLY_STUDIES)):
        if text in ("latest", _study_name(parent)) or (len(text) >= SHORTEST_ID and parent.run_id.startswith(text)):
            return f"the study {_study_name(parent)} ({parent.run_id[:8]}) {DELETED}"
    for study in study_folders():
        if text in ("latest", study.name) or (len(text) >= SHORTEST_ID and study.parent.startswith(text)):
            return f"the study is no longer in the store; what is left of it is {study}"
    return None


def _study_name(parent: StoredRun) -> str:
    return parent.tags.get("rnnlab.study", parent.name)


def _with_jobs(store: Store, parent: StoredRun, *, newest: bool) -> StoredStudy:
    jobs = _jobs(artifact(store, parent.run_id, STUDY_FILE), parent)
    children = list(map(StoredRun.of, store.pages(f"tags.`mlflow.parentRunId` = '{parent.run_id}'")))
    known = {run.run_id for run in children}
    recorded = [job["run_id"] for job in jobs if job["run_id"] and job["run_id"] not in known]
    by_id = {run.run_id: run for run in [*children, *runs_with(store, recorded)]}
    by_config: dict[str, list[StoredRun]] = {}
    for run in children:
        by_config.setdefault(run.tags.get("rnnlab.config_hash", ""), []).append(run)
    runs = {}
    for job in jobs:
        found = by_id.get(job["run_id"]) or _best(by_config.get(job["config_hash"], []), job)
        if found is not None:
            runs[int(job["job"])] = found
    lost = {job["run_id"]: int(job["job"]) for job in jobs if job["run_id"] and int(job["job"]) not in runs}
    deleted = {lost[run.run_id] for run in runs_with(store, list(lost), deleted=True)}
    return StoredStudy(parent, newest, jobs, runs, deleted)


def _best(children: Sequence[StoredRun], job: Mapping[str, Any]) -> StoredRun | None:
    """Return the run of a job that the grid has no id of yet: its process was killed, or is still at work."""
    if job["run_id"]:
        return None
    alike = [run for run in children if run.name == job["name"]] or list(children)
    return max(alike, key=lambda run: (run.status == "FINISHED", run.started), default=None)


def _jobs(grid: bytes | None, parent: StoredRun) -> list[dict[str, Any]]:
    try:
        jobs: list[dict[str, Any]] = json.loads(grid or b"")["jobs"]
        if all(job.keys() >= KEYS_OF_A_JOB for job in jobs):
            return jobs
    except (ValueError, KeyError, TypeError, AttributeError):
        pass
    raise BadInputError(Problem("study", parent.name, f"its grid, the artifact {STUDY_FILE}, cannot be read"))


def runs_with(store: Store, run_ids: Sequence[str], *, deleted: bool = False) -> list[StoredRun]:
    """Return the runs with these ids, as far as the store has them, in the order of the ids.

    Args:
        store: where they are.
        run_ids: which.
        deleted: return those that were deleted in MLflow instead.
    """
    pages = partial(deleted_runs, store) if deleted else store.pages
    found: dict[str, StoredRun] = {}
    for start in range(0, len(run_ids), IDS_IN_A_QUERY):
        several = ", ".join(f"'{run_id}'" for run_id in run_ids[start : start + IDS_IN_A_QUERY])
        found |= {run.info.run_id: StoredRun.of(run) for run in pages(f"attributes.run_id IN ({several})")}
    return [found[run_id] for run_id in run_ids if run_id in found]


def select_runs(store: Store, text: str) -> list[StoredRun]:
    """Return the runs that ``text`` names: ids or their starts, with commas between, or a filter as MLflow has it.

    The parents of studies are left out: they hold no result.

    Raises:
        BadInputError: it is no filter, or no run goes with it.
    """
    from mlflow.exceptions import MlflowException

    words = [word.strip() for word in text.split(",")]
    try:
        if all(re.fullmatch(rf"[0-9a-f]{{{SHORTEST_ID},32}}", word) for word in words):
            found = [run for word in words for run in _with_id(store, word)]
        elif text.strip():
            found = list(map(StoredRun.of, store.pages(text)))
        else:
            found = []
    except MlflowException as error:
        allowed = f"must be ids with commas between, or a filter in MLflow's language ({error.message})".rstrip(".")
        raise BadInputError(Problem("runs", text, allowed)) from error
    runs = [run for run in found if run.tags.get("rnnlab.kind") != "study"]
    if not runs:
        none = "no run of the store goes with it; rnnlab runs lists them"
        if text.strip() and (count := sum(1 for _ in deleted_runs(store, text))):
            none = f"no run of the store goes with it but {count} that were deleted in MLflow; restore them there"
        raise BadInputError(Problem("runs", text, none))
    return list({run.run_id: run for run in runs}.values())


def _with_id(store: Store, start: str) -> list[StoredRun]:
    condition = f"attributes.run_id LIKE '{start}%'"
    found = list(map(StoredRun.of, store.pages(condition)))
    if not found:
        deleted = next(map(StoredRun.of, deleted_runs(store, condition)), None)
        none = "no run of the store has an id that begins so"
        raise BadInputError(Problem("runs", start, f"the run {deleted.name} {DELETED}" if deleted else none))
    return found


def artifact(store: Store, run_id: str, path: str) -> bytes | None:
    """Return the content of a run's artifact, or None where it is not there."""
    from mlflow.exceptions import MlflowException

    with tempfile.TemporaryDirectory() as room:
        try:
            # A local store has it in place; a server sends a copy.
            target = room if store.uri.startswith("http") else None
            return Path(store.client.download_artifacts(run_id, path, target)).read_bytes()
        except (MlflowException, OSError):
            return None


def histories(store: Store, run_ids: Sequence[str], metric: str) -> dict[str, dict[int, float]]:
    """Return, by the run's id, the value of a metric at each step that it was logged at."""
    if store.database is not None:
        return _histories_in_database(store.database, run_ids, metric)

    def history(run_id: str) -> tuple[str, dict[int, float]]:
        points = store.client.get_metric_history(run_id, metric)
        return run_id, {point.step: point.value for point in points}

    with ThreadPoolExecutor(THREADS) as pool:
        return dict(pool.map(history, run_ids))


def _histories_in_database(path: Path, run_ids: Sequence[str], metric: str) -> dict[str, dict[int, float]]:
    """Read the points where they lie: MLflow's client takes a query and 5 ms for each run."""
    found: dict[str, dict[int, float]] = {run_id: {} for run_id in run_ids}
    with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as database:
        for start in range(0, len(run_ids), IDS_IN_A_QUERY):
            several = run_ids[start : start + IDS_IN_A_QUERY]
            places = ",".join("?" * len(several))
            rows = database.execute(
                "select run_uuid, step, value from metrics "  # noqa: S608 - nothing but question marks is put in
                f"where key = ? and run_uuid in ({places}) order by timestamp",
                (metric, *several),
            )
            for run_id, step, value in rows:
                found[run_id][step] = value
    return found
