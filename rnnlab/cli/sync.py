"""`rnnlab sync`: what a store that was away has missed."""

from __future__ import annotations

from omegaconf import DictConfig

from rnnlab.cli.hydra_app import end, run_command
from rnnlab.config.commands import SyncConfig
from rnnlab.config.schema import TrackingConfig
from rnnlab.errors import EXIT_DONE, EXIT_RUN_FAILED, BadInputError


def main(arguments: list[str]) -> int:
    """Run the command and return its exit code."""
    return run_command("sync", sync, arguments)


def sync(composed: DictConfig) -> None:
    """Send what the composed config asks for: the task that Hydra calls."""
    end(send, composed)


def send(_: SyncConfig) -> int:
    """Send, say what was sent, and return the exit code: 1 if a store is still away, or lacks runs that are here.

    Raises:
        BadInputError: the installed MLflow cannot use the local store; or a server refuses this user, and what goes
            elsewhere was sent.
    """
    from rnnlab.console import make_console
    from rnnlab.home import as_typed, mlruns
    from rnnlab.tracking.store import check_local_store, has_store
    from rnnlab.tracking.sync import missing_in_store, send_waiting

    check_local_store()
    console = make_console()
    done = send_waiting()
    for run in done:
        why = "the server refuses this user" if run.refusal else run.error
        what = f"{run.points} points" if run.error is None else f"not sent: {why}"
        if run.deleted is not None:
            what = f"{run.deleted} was deleted in MLflow, not sent; its folder has everything"
        console.print(f"{run.name}  {as_typed(run.folder)}  {run.store}  {what}", markup=False)
    missing = missing_in_store()
    if missing:
        is_here = has_store(TrackingConfig())
        there = "no longer has" if is_here else "is gone or was never made here; it lacks"
        runs, them = f"{len(missing)} runs that are in their folders", "them"
        if len(missing) == 1:
            runs, them = "1 run that is in its folder", "it"
        console.print(
            f"the store {as_typed(mlruns())} {there} {runs} alone; "
            f"rnnlab runs lists {them}, and nothing sends {them} again yet",
            markup=False,
        )
    if not done and not missing:
        console.print("nothing is missing")
    if refusals := dict.fromkeys(run.refusal for run in done if run.refusal is not None):
        raise BadInputError(list(refusals))
    return EXIT_RUN_FAILED if missing or any(run.error for run in done) else EXIT_DONE
