"""A local store's database, read without MLflow: to import that takes longer than what is read here.

Only tables and columns that MLflow has had since its version 1 are read. Whatever writes runs goes through MLflow.
"""

from __future__ import annotations

import math
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from rnnlab.errors import StoreAwayError

SECONDS_TO_WAIT = 20.0


@dataclass(frozen=True)
class StoredExperiment:
    """An experiment: its id, and whether it was not deleted."""

    experiment_id: str
    is_active: bool


@dataclass(frozen=True)
class StoredRun:
    """A run: ``started`` is in milliseconds since 1970; ``tags`` and ``metrics`` hold what was asked for."""

    run_id: str
    name: str
    status: str
    started: int
    tags: dict[str, str]
    metrics: dict[str, float]


def connected(database: Path) -> sqlite3.Connection:
    """Return a connection that waits for locks and leaves transactions to its user."""
    return sqlite3.connect(database, timeout=SECONDS_TO_WAIT, isolation_level=None)


@contextmanager
def _reading(database: Path) -> Iterator[sqlite3.Connection]:
    """Inside, whatever keeps the database from being read becomes one error."""
    try:
        with closing(connected(database)) as connection:
            yield connection
    except sqlite3.Error as error:
        raise StoreAwayError(f"the store {database} cannot be read now ({error})") from error


def read_experiment(database: Path, name: str) -> StoredExperiment | None:
    """Return an experiment, or None where there is none of that name.

    Raises:
        StoreAwayError: the database cannot be read.
    """
    with _reading(database) as connection:
        found = connection.execute(
            "SELECT experiment_id, lifecycle_stage FROM experiments WHERE name = ?", (name,)
        ).fetchone()
    return StoredExperiment(str(found[0]), found[1] == "active") if found else None


def read_runs(
    database: Path,
    experiment_id: str,
    *,
    status: str | None = None,
    params: Mapping[str, str] | None = None,
    tags: Mapping[str, str] | None = None,
    limit: int = -1,
    show_tags: tuple[str, ...] = (),
    show_metrics: tuple[str, ...] = (),
) -> list[StoredRun]:
    """Return an experiment's runs that were not deleted, newest first, as MLflow would.

    Args:
        database: `mlruns/mlflow.db`.
        experiment_id: of the experiment.
        status: only runs with this one.
        params: only runs with these values.
        tags: only runs with these values.
        limit: at most so many; -1 for all.
        show_tags: the tags that the runs come with.
        show_metrics: the metrics that the runs come with, each with its latest value.

    Raises:
        StoreAwayError: the database cannot be read.
    """
    clauses, values = ["experiment_id = ?", "lifecycle_stage = 'active'"], list[str | int]([int(experiment_id)])
    if status is not None:
        clauses.append("status = ?")
        values.append(status)
    for table, wanted in (("params", params or {}), ("tags", tags or {})):
        for key, value in wanted.items():
            # The table is this module's own word.
            clauses.append(
                f"EXISTS (SELECT 1 FROM {table} t WHERE t.run_uuid = runs.run_uuid AND t.key = ? AND t.value = ?)"  # noqa: S608
            )
            values += [key, value]
    with _reading(database) as connection:
        rows = connection.execute(
            "SELECT run_uuid, name, status, start_time FROM runs WHERE "  # noqa: S608
            + " AND ".join(clauses)
            + " ORDER BY start_time DESC, run_uuid LIMIT ?",
            (*values, limit),
        ).fetchall()
        return [
            StoredRun(
                run_id,
                name or "",
                its_status,
                started,
                dict(_tags(connection, run_id, show_tags)),
                dict(_metrics(connection, run_id, show_metrics)),
            )
            for run_id, name, its_status, started in rows
        ]


def _tags(connection: sqlite3.Connection, run_id: str, keys: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    for key in keys:
        yield from connection.execute("SELECT key, value FROM tags WHERE run_uuid = ? AND key = ?", (run_id, key))


def _metrics(connection: sqlite3.Connection, run_id: str, keys: tuple[str, ...]) -> Iterator[tuple[str, float]]:
    for key in keys:
        found = connection.execute(
            "SELECT value, is_nan FROM latest_metrics WHERE run_uuid = ? AND key = ?", (run_id, key)
        )
        yield from ((key, math.nan if is_nan else value) for value, is_nan in found)
