"""What a study prints: its announcement, and its tables."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence

from rich.console import Console
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from rnnlab.config.targets import setting_parts
from rnnlab.console import make_console
from rnnlab.study.grid import Grid
from rnnlab.study.plan import Plan
from rnnlab.study.record import StudyRecord
from rnnlab.study.summary import Group

MINUTE, HOUR = 60, 3600
VALUES_SHOWN = 12
JOBS_CHECKED_IN_SILENCE, JOBS_TIMED = 1000, 200
"""A larger grid says how long checking it takes, told from its first jobs."""

SECONDS_BETWEEN_SIGNS = 5.0
STATUS_STYLES = {"FINISHED": "green", "FAILED": "red", "KILLED": "yellow", "RUNNING": "cyan"}


def checking(jobs: Sequence[list[str]]) -> Iterator[list[str]]:
    """Yield the jobs of a grid to whoever checks them, and say how far that is where it takes long."""
    if len(jobs) < JOBS_CHECKED_IN_SILENCE:
        yield from jobs
        return
    console, began = make_console(), time.monotonic()
    said = began
    for number, job in enumerate(jobs):
        now = time.monotonic()
        if number == JOBS_TIMED:
            left = (now - began) / JOBS_TIMED * (len(jobs) - JOBS_TIMED)
            console.print(f"checking {len(jobs):,} jobs: {_about(left)}", markup=False)
            said = now
        elif number > JOBS_TIMED and now - said >= SECONDS_BETWEEN_SIGNS:
            console.print(f"  checked {number:,} of {len(jobs):,}", markup=False)
            said = now
        yield job


def announce(console: Console, name: str, grid: Grid, plan: Plan, workers: int) -> None:
    """Print what will be run: the axes, how many jobs, how many of them are done, workers, time."""
    facts = [f"{len(grid.jobs)} runs"]
    if plan.done:
        facts.append(f"{len(plan.done)} done before")
    if plan.interrupted:
        facts.append(f"{len(plan.interrupted)} interrupted, to go on")
    if len(plan.to_run) < len(grid.jobs):
        facts.append(f"{len(plan.to_run)} to run")
    if plan.to_run:
        facts.append(f"{workers} at a time")
        facts.append("no past run to tell the time from" if plan.seconds is None else _about(plan.seconds))
    console.print(f"[bold]study {escape(name)}[/]  {', '.join(facts)}")
    axes = "  ".join(f"{key}={_values(values)}" for key, values in grid.axes.items())
    console.print(f"  {axes}", markup=False)


def time_spent(record: StudyRecord, numbers: Sequence[int], seconds: float, workers: int) -> str:
    """Return how long the runs took, and how much of the workers' time was training.

    Args:
        record: the study.
        numbers: of the jobs that were run.
        seconds: wall time from the launch of the first to the end of the last.
        workers: runs at the same time.
    """
    results = [record.results[number] for number in numbers if number in record.results]
    fits = sum(result.fit_seconds or 0.0 for result in results)
    return (
        f"time {_clock(seconds)} for {len(numbers)} runs, {workers} at a time; "
        f"efficiency {fits / seconds / workers:.0%} (their fits add up to {_clock(fits)})"
    )


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), MINUTE)
    return f"{minutes} min {rest} s" if minutes else f"{seconds:.1f} s"


def _values(values: Sequence[str]) -> str:
    if len(values) <= VALUES_SHOWN:
        return ",".join(values)
    return f"{','.join(values[:3])},...,{values[-1]} ({len(values)} values)"


def _about(seconds: float) -> str:
    if seconds < MINUTE:
        return "less than a minute"
    return f"about {seconds / MINUTE:.0f} min" if seconds < 2 * HOUR else f"about {seconds / HOUR:.1f} h"


def jobs_table(record: StudyRecord) -> Table:
    """Return a row for every job: how it went, with the number that it has in the grid."""
    table = Table(box=None, pad_edge=False)
    table.add_column("job", justify="right", no_wrap=True)
    for heading in ("run", "status"):
        table.add_column(heading, no_wrap=True)
    for heading in ("test MSE", "fit"):
        table.add_column(heading, justify="right", no_wrap=True)
    varying = record.grid.varying
    for heading in ("id", *(setting_parts(key, None)[0] for key in varying), ""):
        table.add_column(heading, no_wrap=True)
    for job, row in zip(record.grid.jobs, record.rows(), strict=True):
        mse, seconds, error = row["test/mse"], row["fit_seconds"], row["error"]
        remark = "done before" if job.number in record.taken_over else (error or "").partition("\n")[0]
        table.add_row(
            str(job.number + 1),
            Text(job.name),
            Text(row["status"], STATUS_STYLES.get(row["status"], "")),
            "" if mse is None else f"{mse:.3e}",
            "" if seconds is None else f"{seconds:.1f} s",
            row["run_id"][:8],
            *(Text(setting_parts(key, row[key])[1]) for key in varying),
            Text(remark, "red" if error else "dim"),
        )
    return table


def study_table(title: str, groups: Sequence[Group], baselines: Mapping[str, float]) -> Table:
    """Return the test MSE of each group and of the baselines, on the same windows."""
    table = Table(box=None, title=Text(f"Test MSE, study {title}", "bold"), title_justify="left", pad_edge=False)
    table.add_column("", overflow="fold")
    for heading in ("runs", "geometric mean", "best", "worst", "fit"):
        table.add_column(heading, justify="right", no_wrap=True)
    for group in groups:
        runs = f"{len(group.mses)}" if len(group.mses) == group.jobs else f"{len(group.mses)} of {group.jobs}"
        if group.mean:
            seconds = sum(group.fit_seconds) / len(group.fit_seconds)
            cells = [f"{value:.2e}" for value in (group.mean.value, min(group.mses), max(group.mses))]
            table.add_row(Text(group.label), runs, *cells, f"{seconds:.1f} s")
        else:
            table.add_row(Text(group.label), runs, "-", "-", "-", "-")
    for name, mse in baselines.items():
        table.add_row(Text(name, "dim"), "", Text(f"{mse:.2e}", "dim"), "", "", "")
    return table
