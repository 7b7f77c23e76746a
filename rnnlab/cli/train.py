"""`rnnlab train`: one run, or with `-m` one job of a study."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hydra.core.hydra_config import HydraConfig
from hydra.types import RunMode
from omegaconf import DictConfig

from rnnlab.cli.hydra_app import end, run_command
from rnnlab.config.finish import finish
from rnnlab.config.schema import RunConfig
from rnnlab.errors import EXIT_DONE, EXIT_RUN_FAILED, BadInputError, Problem, StoreAwayError
from rnnlab.home import as_typed, command

if TYPE_CHECKING:
    from rich.console import Console

    from rnnlab.tracking.result import RunResult

OF_STUDIES = ("study.", "cluster.")
"""Sections that one run has no use for, but for the name of the folder that it goes to."""


def main(arguments: list[str]) -> int:
    """Run the command and return its exit code."""
    return run_command("train", train, arguments)


def train(composed: DictConfig) -> dict[str, Any] | None:
    """Train what the composed config says: the task that Hydra calls, here or in a worker."""
    if HydraConfig.get().mode != RunMode.MULTIRUN:
        end(train_single, composed)
    from rnnlab.study.job import train_job

    result = train_job(finish(composed, HydraConfig.get()), list(HydraConfig.get().overrides.task))
    return result.to_dict() if result is not None else None


def train_single(config: RunConfig) -> int:
    """Train one run, say how it went, and return the exit code."""
    overrides = list(HydraConfig.get().overrides.task)
    _check_alone(overrides)
    from rnnlab.config.groups import groups_along
    from rnnlab.console import make_console
    from rnnlab.tracking.folder import FolderInUseError
    from rnnlab.tracking.known import check_known
    from rnnlab.tracking.outbox import read_outbox
    from rnnlab.tracking.store import check_places, open_store
    from rnnlab.tracking.sync import catch_up
    from rnnlab.training.build import check_buildable
    from rnnlab.training.resume import resume
    from rnnlab.training.run import train_run

    resumed = None
    if config.resume is not None:
        config, resumed = resume(config, overrides, groups_along(HydraConfig.get().runtime.config_sources))
    check_places(config.tracking)
    check_buildable(config)
    console = make_console()
    try:
        if resumed is not None:
            waiting = read_outbox(resumed.folder.path)
            check_known(config.tracking, waiting.run_id if waiting else resumed.result.run_id, waiting)
        store = open_store(config.tracking)
        if store is not None:
            catch_up(config.tracking, store)
    except StoreAwayError as error:
        print(f"rnnlab: {error}; the run begins without it, and what it misses is sent later", file=sys.stderr)
        store = None
    try:
        result = train_run(config, overrides, store, console=console, resumed=resumed)
    except FolderInUseError as error:
        allowed = "another process has just gone on with it; wait for it"
        raise BadInputError(Problem("resume", resumed.result.name if resumed else None, allowed)) from error
    if result.error:
        print(f"rnnlab: {result.name} failed: {result.error}", file=sys.stderr)
        print(f"rnnlab: the log is {as_typed(Path(result.folder) / 'run.log')}", file=sys.stderr)
        return EXIT_RUN_FAILED
    _say_how_it_went(config, result, console)
    return EXIT_DONE


def _say_how_it_went(config: RunConfig, result: RunResult, console: Console) -> None:
    """Print what a finished run reached, what that is worth, and where to look further."""
    from rnnlab.config.trust import explain_words
    from rnnlab.report.yardstick import worth
    from rnnlab.tracking.folder import SHORT_ID, RunFolder
    from rnnlab.tracking.metrics import baselines_in

    epochs, settings = RunFolder(Path(result.folder)).read_manifest()["epochs"], config.trainer
    if epochs < settings.max_epochs:
        patience = settings.early_stopping.patience
        why = f"{patience} epochs without a new lowest value"
        console.print(f"stopped  after epoch {epochs} of {settings.max_epochs}: {why}")
    console.print(
        f"test MSE [bold]{result.metrics['test/mse']:.4e}[/]"
        f"  (fit {result.fit_seconds:.1f} s, {result.metrics['time/steps_per_second']:.0f} steps/s)",
        highlight=False,
    )
    console.print("\n".join(worth(result.metrics["test/mse"], baselines_in(result.metrics))), markup=False)
    console.print(f"figures  {as_typed(Path(result.folder) / 'figures')}", markup=False)
    look = explain_words([config], [result.run_id[:SHORT_ID]])
    console.print(f"inside   {command()} {look}", markup=False)
    if config.tracking.store == "local":
        console.print(f"MLflow   {command()} ui")


def _check_alone(overrides: Sequence[str]) -> None:
    """Make sure that one run is asked for nothing that only a study can do.

    Raises:
        BadInputError: it is.
    """
    choices = HydraConfig.get().runtime.choices
    if choices.get("study") is not None:
        raise BadInputError(Problem("study", choices["study"], "is a grid of runs: add -m"))
    if choices.get("cluster", "here") != "here":
        raise BadInputError(Problem("cluster", choices["cluster"], "runs the jobs of a study: add -m"))
    words = [word for word in overrides if word.lstrip("+").startswith(OF_STUDIES)]
    if problems := [
        Problem(key, value, "holds for a study: add -m")
        for key, _, value in (word.partition("=") for word in words)
        if key.lstrip("+") != "study.name"
    ]:
        raise BadInputError(problems)
