"""What is to be done for each job of a study: nothing, go on with a run, or make a new one."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from rnnlab.config.schema import StudyConfig
from rnnlab.study.estimate import estimated_seconds
from rnnlab.study.grid import Grid, Job, digest, longest_first
from rnnlab.tracking.fingerprint import OTHER_CONFIG, fingerprint
from rnnlab.tracking.folder import RunFolder
from rnnlab.tracking.past import PastRun, running_elsewhere
from rnnlab.tracking.result import RunResult
from rnnlab.training.resume import resumable

SECONDS_TO_WAIT = 20.0


@dataclass
class Plan:
    """The jobs of a study, sorted by what is to be done.

    Attributes:
        key: what a study has in common with an earlier one that had the same jobs.
        done: by the job's number, the result of a run that is taken over.
        interrupted: by the job's number, the folder of a run to go on with.
        to_run: the jobs to be run, those with the most work first.
        seconds: how long that will take, or None where no past run tells.
        alone: the numbers of the jobs whose run is taken over from its folder alone.
        left_out: by the reason, how many jobs are run though their run is FINISHED in a folder here.
    """

    key: str
    done: dict[int, RunResult] = field(default_factory=dict)
    interrupted: dict[int, RunFolder] = field(default_factory=dict)
    to_run: list[Job] = field(default_factory=list)
    seconds: float | None = None
    alone: set[int] = field(default_factory=set)
    left_out: Counter[str] = field(default_factory=Counter)


def make_plan(grid: Grid, asked: StudyConfig, past_runs: Callable[[], list[PastRun]], workers: int) -> Plan:
    """Return what is to be done.

    Args:
        grid: the study's jobs.
        asked: ``rerun`` and ``ignore_code``.
        past_runs: returns the runs that were made before, newest first.
        workers: runs at the same time.
    """
    match = _config_hash if asked.ignore_code else _fingerprint
    keys = {job.number: job.config_hash if asked.ignore_code else fingerprint(job.config) for job in grid.jobs}
    plan = Plan(digest(keys.values()))
    past = past_runs()
    if asked.rerun:
        plan.to_run = longest_first(grid.jobs)
    else:
        wanted = set(keys.values())
        past = _when_orphans_ended(past, past_runs, lambda run: not run.left_out and match(run) in wanted)
        _take_over(plan, grid, keys, past, match)
    plan.seconds = estimated_seconds(plan.to_run, past, workers)
    return plan


def _take_over(
    plan: Plan,
    grid: Grid,
    keys: dict[int, str],
    past: Sequence[PastRun],
    match: Callable[[PastRun], str | None],
) -> None:
    found: dict[str | None, list[PastRun]] = {}
    for run in past:
        found.setdefault(match(run), []).append(run)
    for job in grid.jobs:
        earlier = [run for run in found.get(keys[job.number], []) if run.result.name == job.name]
        left_out = [run.left_out for run in earlier if run.left_out and run.result.status == "FINISHED"]
        earlier = [run for run in earlier if not run.left_out]
        finished = next((run for run in earlier if run.result.status == "FINISHED"), None)
        if finished is not None:
            plan.done[job.number] = _whole(finished)
            plan.alone |= set() if finished.is_in_store else {job.number}
            continue
        plan.left_out.update(left_out[:1])
        killed = (run.folder for run in earlier if run.result.status == "KILLED" and run.result.folder)
        folder = next((folder for folder in killed if resumable(folder) is not None), None)
        if folder is not None:
            plan.interrupted[job.number] = folder
    plan.to_run = longest_first([job for job in grid.jobs if job.number not in plan.done])


def _when_orphans_ended(
    past: list[PastRun], again: Callable[[], list[PastRun]], wanted: Callable[[PastRun], bool]
) -> list[PastRun]:
    """Wait for workers whose study was killed: they end their runs by themselves within seconds."""
    deadline = time.monotonic() + SECONDS_TO_WAIT
    while any(map(wanted, running_elsewhere(past))) and time.monotonic() < deadline:
        time.sleep(0.5)
        past = again()
    return past


def _whole(run: PastRun) -> RunResult:
    """Return the result from the run's folder where that is here: it holds more than the store."""
    in_folder = run.folder.read_result() if run.result.folder else None
    if in_folder is None or (in_folder.run_id, in_folder.status) != (run.result.run_id, run.result.status):
        return run.result
    return in_folder


def _fingerprint(run: PastRun) -> str | None:
    return run.result.fingerprint


def _config_hash(run: PastRun) -> str | None:
    return None if run.result.fingerprint == OTHER_CONFIG else run.result.config_hash
