"""What is to be done for each job of a study: nothing, go on with a run, or make a new one."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache

from rnnlab.config.schema import StudyConfig
from rnnlab.provenance.own_code import own_code
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
    code_of = cache(own_code)
    keys = {
        job.number: job.config_hash if asked.ignore_code else fingerprint(job.config, code_of) for job in grid.jobs
    }
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
    """Give each job the run that was made with its config and code.

    A name is a label, and may have been changed since. Jobs that differ in it alone are different runs all the
    same: each gets the run of its own name first, and no run is taken twice.
    """
    found: dict[str | None, list[PastRun]] = {}
    for run in past:
        found.setdefault(match(run), []).append(run)

    def runs_of(jobs: Iterable[Job], suits: Callable[[PastRun], bool]) -> dict[str, list[PastRun]]:
        wanted = {keys[job.number] for job in jobs}
        return {key: [run for run in found.get(key, []) if suits(run)] for key in wanted}

    for job, run in _assigned(grid.jobs, keys, runs_of(grid.jobs, _can_be_taken_over)):
        plan.done[job.number] = _whole(run)
        plan.alone |= set() if run.is_in_store else {job.number}
    missing = [job for job in grid.jobs if job.number not in plan.done]
    for _, run in _assigned(missing, keys, runs_of(missing, _is_left_out)):
        plan.left_out[run.left_out] += 1
    for job, run in _assigned(missing, keys, runs_of(missing, _can_go_on)):
        plan.interrupted[job.number] = run.folder
    plan.to_run = longest_first(missing)


def _assigned(
    jobs: Sequence[Job], keys: dict[int, str], free: dict[str, list[PastRun]]
) -> Iterator[tuple[Job, PastRun]]:
    """Yield jobs with the run that each gets, the newest of those that suit it best."""
    left = {job.number: job for job in jobs}
    for suits in (_has_its_name, _was_given_its_name, lambda _job, _run: True):
        for job in list(left.values()):
            runs = free[keys[job.number]]
            run = next((run for run in runs if suits(job, run)), None)
            if run is not None:
                runs.remove(run)
                del left[job.number]
                yield job, run


def _has_its_name(job: Job, run: PastRun) -> bool:
    return run.result.name == job.name


def _was_given_its_name(job: Job, run: PastRun) -> bool:
    return run.params.get("name") == str(job.config.name)


def _can_be_taken_over(run: PastRun) -> bool:
    return run.result.status == "FINISHED" and not run.left_out


def _is_left_out(run: PastRun) -> bool:
    return run.result.status == "FINISHED" and bool(run.left_out)


def _can_go_on(run: PastRun) -> bool:
    if run.left_out:
        return False
    return run.result.status == "KILLED" and bool(run.result.folder) and resumable(run.folder) is not None


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
