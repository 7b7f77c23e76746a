"""A study from its grid to its table: plan, parent run, launch, summary."""

from __future__ import annotations

import os
import shlex
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.text import Text

from rnnlab.config.record import facets, plain
from rnnlab.config.schema import RunConfig, StudyConfig
from rnnlab.config.trust import explain_words
from rnnlab.console import make_console
from rnnlab.errors import EXIT_DONE, EXIT_RUN_FAILED, BadInputError, Problem
from rnnlab.home import as_typed, command, outputs
from rnnlab.interrupts import Interrupted
from rnnlab.provenance.code import say_git_problem
from rnnlab.report.error_figures import distribution
from rnnlab.report.style import save
from rnnlab.study.grid import Grid
from rnnlab.study.launch import Launch, Launches
from rnnlab.study.links import PAGE, printed, save_links
from rnnlab.study.parent import ParentRun
from rnnlab.study.plan import Plan, make_plan
from rnnlab.study.progress import StudyProgress
from rnnlab.study.record import StudyRecord
from rnnlab.study.settle import settle
from rnnlab.study.summary import baselines_of, groups_of
from rnnlab.study.table import announce, jobs_table, study_table, time_spent
from rnnlab.study.watch import mark_study_process
from rnnlab.tracking.folder import SHORT_ID, FolderInUseError, RunFolder
from rnnlab.tracking.left import STUDY_FILE
from rnnlab.tracking.past import past_runs
from rnnlab.tracking.store import Store, find_store, open_store
from rnnlab.tracking.sync import catch_up, send_waiting

STOPPED = "the study was stopped at the first failure"


@dataclass(frozen=True)
class Workers:
    """What a study's jobs are run on.

    Attributes:
        launch: the launcher.
        at_once: runs at the same time.
        gpus: number of GPUs that they are spread over; 0 on the CPU.
        warm_up: has those that can get ready while there is no job for them yet, and returns at once.
    """

    launch: Launch
    at_once: int
    gpus: int
    warm_up: Callable[[], None] = lambda: None


def run_study(grid: Grid, config: RunConfig, workers: Workers) -> int:
    """Run a checked grid and return the exit code: 0, or 1 if a run failed.

    Args:
        grid: its jobs.
        config: the config that all jobs share, for the study's name and keys and the store.
        workers: what the jobs are run on.

    Raises:
        BadInputError: another process runs the same study; nothing was created.
        Interrupted: the process was asked to stop; the study is KILLED.
    """
    console = make_console()
    name = _name(grid, config)
    folder = RunFolder(outputs() / name)
    if folder.is_in_use():
        raise _in_use(name)
    find_store(config.tracking)  # raises where the experiment was deleted, before anything is created
    say_git_problem()
    if config.study.dry_run:
        _announce(console, grid, config, _plan(grid, config, workers), workers)
        console.print("nothing was run: study.dry_run=true", markup=False)
        return EXIT_DONE
    folder.path.mkdir(parents=True, exist_ok=True)
    try:
        with folder.in_use():
            mark_study_process()
            plan = _plan(grid, config, workers)
            _announce(console, grid, config, plan, workers)
            return _run_planned(grid, config, plan, workers, console)
    except FolderInUseError as error:
        raise _in_use(name) from error


def _name(grid: Grid, config: RunConfig) -> str:
    return config.study.name or grid.default_name()


def _in_use(name: str) -> BadInputError:
    allowed = "is being run by another process; wait for it, or give another name"
    return BadInputError(Problem("study.name", name, allowed))


def _plan(grid: Grid, config: RunConfig, workers: Workers) -> Plan:
    store = find_store(config.tracking)
    if store is not None:
        catch_up(config.tracking, store)
    return make_plan(grid, config.study, lambda: past_runs(config.tracking, store), workers.at_once)


def _announce(console: Console, grid: Grid, config: RunConfig, plan: Plan, workers: Workers) -> None:
    announce(console, _name(grid, config), grid, plan, workers.at_once)
    if config.tracking.store == "off":
        return
    if plan.alone:
        console.print(
            f"  [yellow]{len(plan.alone)} of those done before are in their folders alone: the store lacks them, "
            "so they are in results.csv but neither on MLflow's pages nor in a report[/]"
        )
    for why, count in plan.left_out.items():
        console.print(f"  [yellow]{count} of those to run are FINISHED in folders here, but were {why}[/]")


def _run_planned(grid: Grid, config: RunConfig, plan: Plan, workers: Workers, console: Console) -> int:
    if plan.to_run:
        workers.warm_up()
    name, store = _name(grid, config), open_store(config.tracking)
    with ParentRun(store, config.tracking, name, grid, plan.key, anew=config.study.rerun) as parent:
        if parent.deleted is not None:
            said = (
                f"the study's own run in MLflow, {parent.deleted[:SHORT_ID]}, was deleted there; it has a new one"
            )
            console.print(f"  [yellow]{said}[/]")
        record = StudyRecord(name, parent.run_id, outputs() / name, grid, alone=plan.alone)
        record.begin(plan.done, plan.interrupted.values())
        record.save()
        parent.log_files([STUDY_FILE])
        launches = Launches(
            record,
            store,
            workers.launch,
            interrupted=plan.interrupted,
            gpus=workers.gpus,
            say=lambda text: console.print(f"  [yellow]{escape(text)}[/]"),
        )
        began = time.perf_counter()
        try:
            _make_runs(launches, record, store, plan, console, asked=config.study)
        finally:
            send_waiting(config.tracking)  # of runs whose worker died
            record.collect()
            record.save()
            parent.log_files([STUDY_FILE, "results.csv"])
        took = time.perf_counter() - began
        parent.failed = record.counts() != {"FINISHED": len(grid.jobs)}
        if plan.to_run and not plan.interrupted:
            jobs = [job.number for job in plan.to_run]
            console.print(time_spent(record, jobs, took, workers.at_once), highlight=False)
        _summarise(record, store, parent, console)
    if parent.failed:
        counts = ", ".join(f"{count} {status}" for status, count in sorted(record.counts().items()))
        console.print(f"[red]not all runs are FINISHED: {counts}[/]")
        return EXIT_RUN_FAILED
    return EXIT_DONE


def _make_runs(
    launches: Launches,
    record: StudyRecord,
    store: Store | None,
    plan: Plan,
    console: Console,
    *,
    asked: StudyConfig,
) -> None:
    """Run the jobs, and settle what an interruption leaves behind."""
    if not plan.to_run:
        return
    # A launcher waits where only a signal reaches it.
    fail = (lambda: os.kill(os.getpid(), signal.SIGTERM)) if asked.fail_fast else lambda: None
    progress = StudyProgress(console, record, fail)
    stopped = False
    try:
        with progress:
            try:
                launches.run(plan.to_run)
            except BaseException as error:
                stopped = asked.fail_fast and progress.failed and isinstance(error, Interrupted)
                settle(record, store, "KILLED", STOPPED if stopped else "the study was interrupted")
                raise
    except BaseException:
        if not stopped:
            done = record.counts().get("FINISHED", 0)
            without = " without study.rerun=true" if asked.rerun else ""
            console.print(
                f"[yellow]{done} of {len(record.grid.jobs)} runs are FINISHED; the same command{without} goes on[/]"
            )
            raise
        console.print(f"[red]{STOPPED}[/]")


def _looks(record: StudyRecord) -> list[str]:
    """Return the commands that look inside a run of the study, and inside two side by side, as far as there are."""
    done = [(job.config, result.run_id) for job in record.grid.jobs if (result := record.finished(job)) is not None]
    if not done:
        return []
    first, first_id = done[0]
    looks = [explain_words([first], [first_id[:SHORT_ID]])]
    # Side by side they must have one and the same windows: another network on the same curve.
    same = ((config, run_id) for config, run_id in done[1:] if _curve(config) == _curve(first))
    for other, other_id in sorted(same, key=lambda one: facets(one[0])["cell"] == facets(first)["cell"])[:1]:
        looks.append(explain_words([first, other], [first_id[:SHORT_ID], other_id[:SHORT_ID]]))
    return looks


def _curve(config: RunConfig) -> dict[str, Any]:
    known = plain(config)
    return {"function": known["function"], "data": known["data"]}


def _summarise(record: StudyRecord, store: Store | None, parent: ParentRun, console: Console) -> None:
    groups, baselines = list(groups_of(record)), baselines_of(record)
    console.print()
    width = console.width if console.is_terminal else None
    console.print(Text("\n").join(jobs_table(record, width)))
    console.print()
    console.print(Text("\n").join(study_table(record.name, groups, baselines, width)))
    figures = record.folder / "figures"
    save(
        distribution([group.dots() for group in groups], baselines, f"{record.name}: test MSE"), figures, "test_mse"
    )
    console.print()
    folder = as_typed(record.folder)
    console.print(f"figures  {as_typed(figures)} (all runs), {folder}/*/figures (each run)", markup=False)
    console.print(f"results  {as_typed(record.folder / 'results.csv')}", markup=False)
    for label, look in zip(("inside", ""), _looks(record), strict=False):
        console.print(f"{label:<8} {command()} {look}", markup=False)
    if store is None or (record.alone and not record.in_store()):
        return
    links = save_links(record, store)
    earlier = [record.results[job] for job in sorted(record.taken_over - record.alone)]
    parent.describe([run for run in earlier if run.parent != parent.run_id], links)
    parent.log_files([PAGE, figures.name])
    console.print(f"report   {command()} {shlex.join(['report', f'study={record.name}'])}", markup=False)
    if not store.uri.startswith("http"):
        console.print(f"MLflow   {command()} ui, and there:")
    for what, link in zip(("compare", "curves"), links.values(), strict=True):
        console.print(f"{what:<8} {printed(record, store, link)}", markup=False)
