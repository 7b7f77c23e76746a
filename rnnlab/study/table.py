"""What a study prints: its announcement, and its tables."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence

from rich.console import Console
from rich.markup import escape
from rich.text import Text

from rnnlab.columns import Column, status_cell, table_lines
from rnnlab.config.targets import setting_parts
from rnnlab.console import make_console, printable
from rnnlab.report.yardstick import worth
from rnnlab.study.grid import Grid
from rnnlab.study.plan import Plan
from rnnlab.study.record import StudyRecord
from rnnlab.study.summary import Group
from rnnlab.tracking.folder import SHORT_ID

MINUTE, HOUR = 60, 3600
VALUES_SHOWN = 12
REMARK = "remark"
JOBS_CHECKED_IN_SILENCE, JOBS_TIMED = 1000, 200
"""A larger grid says how long checking it takes, told from its first jobs."""

SECONDS_BETWEEN_SIGNS = 5.0


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
    if len(plan.to_run) < len(grid.jobs):
        facts.append(f"{len(plan.to_run)} to run")
    if plan.interrupted:
        facts.append(f"{len(plan.interrupted)} of these interrupted, to go on")
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


def jobs_table(record: StudyRecord, width: int | None) -> Iterator[Text]:
    """Yield the lines of a table with a row for every job: how it went, with the number that it has in the grid.

    Args:
        record: the study.
        width: columns of the screen, or None where nothing is to be cut.
    """
    rows = record.rows()
    factors = [record.grid.factors(job) for job in record.grid.jobs]
    keys = [*(["function"] if record.grid.has_namesakes else []), *record.grid.varying]
    varying = {setting_parts(key, None)[0]: key for key in keys}
    errors = [Text((row["error"] or "").partition("\n")[0], "red") for row in rows]
    done = [job.number in record.taken_over for job in record.grid.jobs]
    columns = [
        Column("job", [Text(str(job.number + 1)) for job in record.grid.jobs], at_right=True),
        Column("run", [Text(printable(job.name)) for job in record.grid.jobs]),
        Column("status", [status_cell(row["status"]) for row in rows]),
        Column("test MSE", [Text(_number(row["test/mse"], ".3e")) for row in rows], at_right=True),
        Column("fit", [Text(_number(row["fit_seconds"], ".1f", " s")) for row in rows], at_right=True),
        Column("id", [Text(row["run_id"][:SHORT_ID]) for row in rows]),
    ]
    columns += [
        Column(heading, [Text(printable(setting_parts(key, one[key])[1]) if key in one else "") for one in factors])
        for heading, key in varying.items()
    ]
    if any(done) or any(error.plain for error in errors):
        remarks = [
            Text("done before", "dim") if taken else error for taken, error in zip(done, errors, strict=True)
        ]
        columns.append(Column(REMARK, remarks))
    drop = ("fit", "job", *reversed(varying))
    return table_lines(columns, width, title="run", cut=REMARK, drop=drop)


def study_table(
    title: str, groups: Sequence[Group], baselines: Mapping[str, float], width: int | None
) -> Iterator[Text]:
    """Yield the lines of a table with the test MSE of each group and of the baselines, on the same windows.

    Below it stands what the lowest mean is worth.

    Args:
        title: the study's name.
        groups: its groups.
        baselines: test MSE by predictor.
        width: columns of the screen, or None where nothing is to be cut.
    """
    yield Text(f"Test MSE, study {printable(title)}", "bold")
    rows = [_group_cells(group) for group in groups]
    rows += [
        [Text(name, "dim"), Text(), Text(f"{mse:.2e}", "dim"), *[Text()] * 3] for name, mse in baselines.items()
    ]
    headings = ("", "runs", "geometric mean", "best", "worst", "fit")
    cells = zip(*rows, strict=True)
    columns = [
        Column(heading, list(each), at_right=bool(heading)) for heading, each in zip(headings, cells, strict=True)
    ]
    yield from table_lines(columns, width, title="", drop=("fit", "worst", "best"))
    means = [(group.mean.value, group.label) for group in groups if group.mean]
    if means and baselines:
        lowest, label = min(means)
        yield Text()
        chosen = f" (the best of {len(means)}, chosen by these errors)" if len(means) > 1 else ""
        yield Text(f"the lowest mean, {printable(label)}{chosen}:")
        yield from (Text(f"  {line}") for line in worth(lowest, baselines))


def _group_cells(group: Group) -> list[Text]:
    runs = f"{len(group.mses)}" if len(group.mses) == group.jobs else f"{len(group.mses)} of {group.jobs}"
    numbers = ["-"] * 4
    if group.mean:
        numbers = [f"{value:.2e}" for value in (group.mean.value, min(group.mses), max(group.mses))]
        numbers.append(f"{sum(group.fit_seconds) / len(group.fit_seconds):.1f} s")
    return [Text(text) for text in (printable(group.label), runs, *numbers)]


def _number(value: float | None, form: str, unit: str = "") -> str:
    return "" if value is None else f"{value:{form}}{unit}"
