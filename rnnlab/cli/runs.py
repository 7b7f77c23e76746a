"""`rnnlab runs`: what is in the store, and in folders that it lacks, newest first."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from omegaconf import DictConfig

from rnnlab.cli.hydra_app import end, run_command
from rnnlab.config.commands import RunsConfig
from rnnlab.errors import EXIT_DONE, listed, nearest

if TYPE_CHECKING:
    from rnnlab.tracking.query import Listing
    from rnnlab.tracking.store import Store

FILTERS = ("function", "cell", "layers", "study", "status")
VALUES_SHOWN = 12
MOST = 50_000
"""The most runs that ``limit`` may ask for."""


def main(arguments: list[str]) -> int:
    """Run the command and return its exit code."""
    return run_command("runs", runs, arguments)


def runs(composed: DictConfig) -> None:
    """List what the composed config asks for: the task that Hydra calls."""
    end(show_runs, composed)


def show_runs(asked: RunsConfig) -> int:
    """Print the runs and return the exit code."""
    from rnnlab.cli.columns import run_lines
    from rnnlab.console import make_console
    from rnnlab.tracking.query import list_runs
    from rnnlab.tracking.store import check_places, find_store
    from rnnlab.tracking.sync import catch_up

    console = make_console()
    check_places(asked.tracking, to_write=False)
    store = find_store(asked.tracking)
    if store is not None:
        catch_up(asked.tracking, store)
    listing = list_runs(store, asked)
    if not listing.rows:
        for line in _nothing(store, asked):
            console.print(line, markup=False)
        return EXIT_DONE
    for text in run_lines(listing.rows, console.width if console.is_terminal else None):
        console.print(text)
    for line in _remarks(asked, listing):
        console.print(line, markup=False)
    return EXIT_DONE


def _nothing(store: Store | None, asked: RunsConfig) -> Iterator[str]:
    """Yield why no run is listed: the filter that lets none through, by its name."""
    from rnnlab.tracking.left import absence
    from rnnlab.tracking.query import count_deleted, values_of
    from rnnlab.tracking.store import has_store

    if store is None and has_store(asked.tracking):
        yield str(absence(asked.tracking))
        return
    given = {key: str(value) for key in FILTERS if (value := getattr(asked, key)) is not None}
    if not given:
        deleted = count_deleted(store, asked)
        yield f"no runs; {deleted} were deleted in MLflow" if deleted else "no runs yet; rnnlab train makes one"
        return
    yield f"no run matches {' '.join(f'{key}={value}' for key, value in given.items())}"
    if deleted := count_deleted(store, asked):
        yield f"{deleted} that match were deleted in MLflow"
    for key, value in given.items():
        known = values_of(store, asked, key) if key != "status" else [value]
        if known and value not in known:
            near = nearest(value, known)
            yield f"no run has {key}={value}; " + (
                f"did you mean {key}={near}?" if near else f"there is {listed(known[:VALUES_SHOWN])}"
            )


def _remarks(asked: RunsConfig, listing: Listing) -> Iterator[str]:
    """Yield what the list does not show: runs beyond its limit, and why some are marked."""
    from rnnlab.home import as_typed, mlruns
    from rnnlab.tracking.query import GONE, NOT_IN_STORE
    from rnnlab.tracking.store import has_store

    shown = len(listing.rows)
    if listing.total is None:
        yield f"the newest {shown} runs; limit={min(MOST, 10 * shown)} shows more"
    elif listing.total > shown:
        yield f"{shown} of {listing.total} runs; limit={min(MOST, listing.total)} shows all"
    missing = sum(row.mark == NOT_IN_STORE for row in listing.rows)
    if missing and asked.tracking.store == "local":
        is_gone = not has_store(asked.tracking)
        what = "is gone or was never made here" if is_gone else f"lacks {missing} of these runs"
        yield f"the store {as_typed(mlruns())} {what}; what is marked '{NOT_IN_STORE}' is in its folder alone"
    if any(row.mark == GONE for row in listing.rows):
        yield f"what is marked '{GONE}' is in the store alone: the folder that it names was deleted or moved"
