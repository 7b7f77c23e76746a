"""`rnnlab report`: what is better, by how much, and how sure that is."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from omegaconf import DictConfig

from rnnlab.cli.hydra_app import end, run_command
from rnnlab.config.commands import ReportConfig
from rnnlab.config.schema import TrackingConfig
from rnnlab.errors import EXIT_DONE, EXIT_RUN_FAILED, BadInputError, Problem
from rnnlab.home import as_typed, outputs

if TYPE_CHECKING:
    from rnnlab.report.make import Report

VERDICTS_SHOWN = 40


def main(arguments: list[str]) -> int:
    """Run the command and return its exit code."""
    return run_command("report", report, arguments)


def report(composed: DictConfig) -> None:
    """Report on what the composed config asks for: the task that Hydra calls."""
    end(report_on, composed)


def report_on(asked: ReportConfig) -> int:
    """Make the report, or check the stored one, and return the exit code."""
    from rnnlab.report.make import runs_report, study_report

    if asked.runs is not None and asked.study is not None:
        raise BadInputError(Problem("runs", asked.runs, "is given beside study; give one of them"))
    runs, study = asked.runs, asked.study or "latest"
    if runs is not None:
        return make_or_check(partial(runs_report, text=runs), asked.tracking, check=asked.check)
    return make_or_check(partial(study_report, text=study), asked.tracking, check=asked.check)


def make_or_check(make: Callable[..., Report], tracking: TrackingConfig, *, check: bool) -> int:
    """Make a report from the store and write it, or say whether the stored one still holds.

    Args:
        make: called with the store and, as ``where``, the overrides that lead to it.
        tracking: which store.
        check: write nothing.

    Raises:
        BadInputError: there is nothing to report on; nothing was written.
    """
    from rich.markup import escape

    from rnnlab.console import make_console
    from rnnlab.report.make import changed, write
    from rnnlab.tracking.left import absence
    from rnnlab.tracking.store import check_places, find_store
    from rnnlab.tracking.sync import catch_up
    from rnnlab.tracking.tell import add_pages

    check_places(tracking, to_write=False)
    store = find_store(tracking)
    if store is None:
        raise BadInputError(absence(tracking))
    catch_up(tracking, store)
    made = make(store, where=leading_to(tracking))
    console = make_console()
    folder = outputs() / made.folder
    if check:
        differing = changed(made, outputs())
        if differing is None:
            raise BadInputError(Problem("check", "true", f"there is no report in {as_typed(folder)} yet"))
        if not differing:
            console.print(f"the report in {as_typed(folder)} holds", markup=False)
            return EXIT_DONE
        says_else = "says something else now" if "report.json" in differing else "says the same but looks different"
        console.print(f"the report in {as_typed(folder)} {says_else}: {', '.join(differing)}", markup=False)
        return EXIT_RUN_FAILED
    write(made, outputs())
    if made.parent is not None:
        why = add_pages(store, made.parent, folder, "report", tracking.uri)
        if why is not None:
            print(f"rnnlab: the report is not among the study's artifacts: {why}", file=sys.stderr)
    console.print(f"[bold]report[/] {escape(made.content['title'])}")
    for text in made.content["ladder_verdicts"]:
        console.print(f"  {text}", markup=False)
    verdicts = made.content["verdicts"]
    for verdict in verdicts[:VERDICTS_SHOWN]:
        console.print(f"  {verdict['text']}", markup=False)
    if len(verdicts) > VERDICTS_SHOWN:
        console.print(f"  and {len(verdicts) - VERDICTS_SHOWN} more contrasts")
    console.print(f"page     {as_typed(folder / 'index.html')}", markup=False)
    return EXIT_DONE


def leading_to(tracking: TrackingConfig) -> list[str]:
    """Return the overrides that lead to a store."""
    usual = TrackingConfig()
    words = [f"tracking={tracking.store}"] if tracking.store != usual.store else []
    words += [f"tracking.uri={tracking.uri}"] if tracking.uri else []
    return words + (
        [f"tracking.experiment={tracking.experiment}"] if tracking.experiment != usual.experiment else []
    )
