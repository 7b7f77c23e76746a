"""`rnnlab runs`: what is in the store, newest first."""

from __future__ import annotations

from omegaconf import DictConfig

from rnnlab.cli.hydra_app import end, run_command
from rnnlab.config.schema import RunsConfig
from rnnlab.errors import EXIT_DONE

STATUS_STYLES = {"FINISHED": "green", "FAILED": "red", "KILLED": "yellow", "RUNNING": "cyan"}


def main(arguments: list[str]) -> int:
    """Run the command and return its exit code."""
    return run_command("runs", runs, arguments)


def runs(composed: DictConfig) -> None:
    """List what the composed config asks for: the task that Hydra calls."""
    end(show_runs, composed)


def show_runs(asked: RunsConfig) -> int:
    """Print the runs and return the exit code."""
    from rich.table import Table
    from rich.text import Text

    from rnnlab.console import make_console, printable
    from rnnlab.tracking.query import list_runs
    from rnnlab.tracking.store import check_places, find_store
    from rnnlab.tracking.sync import catch_up

    console = make_console()
    check_places(asked.tracking, to_write=False)
    store = find_store(asked.tracking)
    if store is not None:
        catch_up(asked.tracking, store)
    rows = list_runs(store, asked) if store is not None else []
    if not rows:
        console.print("no runs yet; rnnlab train makes one" if store is None else "no run matches")
        return EXIT_DONE
    table = Table(box=None, pad_edge=False)
    for heading in ("name", "status"):
        table.add_column(heading, no_wrap=True)
    for heading in ("test MSE", "age"):
        table.add_column(heading, justify="right", no_wrap=True)
    for heading in ("id", "folder"):
        table.add_column(heading, no_wrap=True)
    for row in rows:
        name = f"{row.name} (study)" if row.is_study else row.name
        mse = "" if row.test_mse is None else f"{row.test_mse:.3e}"
        status = Text(row.status, STATUS_STYLES.get(row.status, ""))
        table.add_row(
            Text(printable(name)), status, mse, age_shown(row.age), row.run_id[:8], Text(printable(row.folder))
        )
    console.print(table)
    return EXIT_DONE


def age_shown(seconds: float) -> str:
    """Return an age as people say it: ``5 min``."""
    for unit, size in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds >= size:
            return f"{seconds / size:.0f} {unit}"
    return f"{max(0, seconds):.0f} s"
