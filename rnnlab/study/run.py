"""A study from its grid to its table: parent run, launch, summary."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from rich.console import Console
from rich.markup import escape

from rnnlab.config.schema import RunConfig
from rnnlab.console import make_console
from rnnlab.errors import EXIT_DONE, EXIT_RUN_FAILED
from rnnlab.home import as_typed, command, outputs
from rnnlab.report.figures import draw_comparison
from rnnlab.study.grid import Grid
from rnnlab.study.parent import ParentRun
from rnnlab.study.progress import StudyProgress
from rnnlab.study.record import StudyRecord
from rnnlab.study.settle import settle
from rnnlab.study.summary import baselines_of, groups_of
from rnnlab.study.table import study_table
from rnnlab.tracking.store import open_store

Launch = Callable[[Sequence[Sequence[str]]], object]
"""Runs jobs, given by their overrides, and returns when all have ended."""


def run_study(grid: Grid, config: RunConfig, launch: Launch, workers: int) -> int:
    """Run a checked grid and return the exit code: 0, or 1 if a run failed.

    Args:
        grid: its jobs.
        config: the config that all jobs share, for the study's name and the store.
        launch: the launcher.
        workers: runs at the same time, for the announcement.
    """
    console = make_console()
    name = config.study.name or grid.default_name()
    axes = "  ".join(f"{key}={','.join(values)}" for key, values in grid.axes.items())
    console.print(f"[bold]study {name}[/]  {len(grid.jobs)} runs, {workers} at a time")
    console.print(f"  {axes}", markup=False)
    store = open_store(config.tracking)
    with ParentRun(store, name, grid) as parent:
        record = StudyRecord(name, parent.run_id, outputs() / name, grid)
        record.folder.mkdir(parents=True, exist_ok=True)
        record.save()
        try:
            with StudyProgress(console, record):
                launch([[*job.overrides, *_marks(record, job.number)] for job in grid.longest_first()])
        except Exception as error:  # noqa: BLE001 - each launcher has its own for a worker that dies
            settle(record, store, "FAILED", f"its worker died ({type(error).__name__}: {error})")
            console.print(f"[red]not every run could be made: {type(error).__name__}: {escape(str(error))}[/]")
        except BaseException:
            settle(record, store, "KILLED", "the study was interrupted")
            raise
        finally:
            record.collect()
            record.save()
        parent.failed = record.counts() != {"FINISHED": len(grid.jobs)}
        _summarise(record, console)
        if parent.run is not None:
            for file in ("study.json", "results.csv"):
                parent.run.log_file(record.folder / file)
            parent.run.log_folder(record.folder / "figures", "figures")
    if config.tracking.store == "local":
        console.print(f"MLflow   {command()} ui")
    if parent.failed:
        counts = ", ".join(f"{count} {status}" for status, count in sorted(record.counts().items()))
        console.print(f"[red]not all runs are FINISHED: {counts}[/]")
        return EXIT_RUN_FAILED
    return EXIT_DONE


def _marks(record: StudyRecord, job: int) -> list[str]:
    name = record.name.replace("\\", "\\\\").replace("'", "\\'")
    return [f"study.name='{name}'", f"study.parent={record.parent}", f"study.job={job}"]


def _summarise(record: StudyRecord, console: Console) -> None:
    groups, baselines = list(groups_of(record)), baselines_of(record)
    console.print()
    console.print(study_table(record.name, groups, baselines))
    figure = record.folder / "figures" / "test_mse.png"
    draw_comparison(figure, [(group.label, group.cell, group.mses) for group in groups], baselines, record.name)
    console.print()
    console.print(f"figures  {as_typed(figure.parent)} (all runs), {as_typed(record.folder)}/*/figures (each run)")
    console.print(f"results  {as_typed(record.folder / 'results.csv')}")
