"""A local store's database, read without MLflow: to import that takes longer than what is read here.

Only tables and columns that MLflow has had since its version 1 are read. Whatever writes runs goes through MLflow.
"""

from __future__ import annotations

import math
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rnnlab.errors import StoreAwayError

DATABASE = "mlflow.db"
"""Its file, below `mlruns/`."""

SECONDS_TO_WAIT = 20.0
COLUMNS = "run_uuid, name, status, start_time, lifecycle_stage"


@dataclass(frozen=True)
class StoredExperiment:
    """An experiment: its id, and whether it was not deleted."""

    experiment_id: str
    is_active: bool


@dataclass(frozen=True)
class StoredRun:
    """A run: ``started`` is in milliseconds since 1970; ``tags`` and ``metrics`` hold what was asked for.

    ``is_active`` is false if it was deleted in MLflow.
    """

    run_id: str
    name: str
    status: str
    started: int
    tags: dict[str, str]
    metrics: dict[str, float]
    is_active: bool = True


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


@dataclass(frozen=True)
class Filter:
    """Which of an experiment's runs: with this status, these params and these tags; deleted in MLflow, or not."""

    experiment_id: str
    status: str | None = None
    params: Mapping[str, str] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    stage: str = "active"

    def where(self) -> tuple[str, list[str | int]]:
        """Return it as the condition of a query, and its values."""
        clauses = ["experiment_id = ?", "lifecycle_stage = ?"]
        values = list[str | int]([int(self.experiment_id), self.stage])
        if self.status is not None:
            clauses.append("status = ?")
            values.append(self.status)
        for table, wanted in (("params", self.params), ("tags", self.tags)):
            for key, value in wanted.items():
                its = f"FROM {table} t WHERE t.run_uuid = runs.run_uuid"  # the table is this module's own word
                clauses.append(f"EXISTS (SELECT 1 {its} AND t.key = ? AND t.value = ?)")
                values += [key, value]
        return " AND ".join(clauses), values


def read_experiments(database: Path) -> list[str]:
    """Return the names of the experiments that were not deleted, sorted.

    Raises:
        StoreAwayError: the database cannot be read.
    """
    with _reading(database) as connection:
        rows = connection.execute("SELECT name FROM experiments WHERE lifecycle_stage = 'active' ORDER BY name")
        return [name for (name,) in rows]


def read_runs(
    database: Path,
    wanted: Filter,
    *,
    limit: int = -1,
    show_tags: tuple[str, ...] = (),
    show_metrics: tuple[str, ...] = (),
) -> list[StoredRun]:
    """Return an experiment's runs, newest first, as MLflow would.

    Args:
        database: `mlruns/mlflow.db`.
        wanted: which of them.
        limit: at most so many; -1 for all.
        show_tags: the tags that the runs come with.
        show_metrics: the metrics that the runs come with, each with its latest value.

    Raises:
        StoreAwayError: the database cannot be read.
    """
    where, values = wanted.where()
    with _reading(database) as connection:
        rows = connection.execute(
            f"SELECT {COLUMNS} FROM runs WHERE {where} ORDER BY start_time DESC, run_uuid LIMIT ?",  # noqa: S608
            (*values, limit),
        ).fetchall()
        return [_run(connection, row, show_tags, show_metrics) for row in rows]


def count_runs(database: Path, wanted: Filter) -> int:
    """Return how many runs a filter lets through.

    Raises:
        StoreAwayError: the database cannot be read.
    """
    where, values = wanted.where()
    with _reading(database) as connection:
        return int(connection.execute(f"SELECT COUNT(*) FROM runs WHERE {where}", values).fetchone()[0])  # noqa: S608


def read_values(database: Path, experiment_id: str, key: str) -> set[str]:
    """Return the values that a param, or a tag, has among an experiment's runs that were not deleted.

    Raises:
        StoreAwayError: the database cannot be read.
    """
    query = (
        "SELECT DISTINCT t.value FROM {} t JOIN runs USING (run_uuid) "
        "WHERE experiment_id = ? AND lifecycle_stage = 'active' AND t.key = ?"
    )
    with _reading(database) as connection:
        found = [connection.execute(query.format(table), (int(experiment_id), key)) for table in ("params", "tags")]
        return {value for rows in found for (value,) in rows if value}


def read_ids(database: Path, other_id: str) -> dict[str, bool]:
    """Return by the id of every run of every experiment whether it is there still, and was not deleted.

    Args:
        database: `mlruns/mlflow.db`.
        other_id: the tag that holds a second id of a run.

    Raises:
        StoreAwayError: the database cannot be read.
    """
    with _reading(database) as connection:
        own = connection.execute("SELECT run_uuid, lifecycle_stage FROM runs").fetchall()
        others = connection.execute(
            "SELECT t.value, lifecycle_stage FROM tags t JOIN runs USING (run_uuid) WHERE t.key = ?", (other_id,)
        ).fetchall()
    return {run_id: stage == "active" for run_id, stage in (*others, *own)}


def read_named(
    database: Path, text: str, limit: int, show_tags: tuple[str, ...], show_metrics: tuple[str, ...]
) -> list[StoredRun]:
    """Return the runs, in any experiment and also deleted ones, that have this name or an id that begins so.

    They are the newest, at most ``limit`` of them.

    Raises:
        StoreAwayError: the database cannot be read.
    """
    with _reading(database) as connection:
        rows = connection.execute(
            f"SELECT {COLUMNS} FROM runs WHERE name = ? OR substr(run_uuid, 1, ?) = ? "  # noqa: S608
            "ORDER BY start_time DESC LIMIT ?",
            (text, len(text), text, limit),
        ).fetchall()
        return [_run(connection, row, show_tags, show_metrics) for row in rows]


def _run(
    connection: sqlite3.Connection, row: Sequence[Any], show_tags: tuple[str, ...], show_metrics: tuple[str, ...]
) -> StoredRun:
    run_id, name, status, started, stage = row
    tags, metrics = dict(_tags(connection, run_id, show_tags)), dict(_metrics(connection, run_id, show_metrics))
    return StoredRun(run_id, name or "", status, started, tags, metrics, stage == "active")


def _tags(connection: sqlite3.Connection, run_id: str, keys: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    for key in keys:
        yield from connection.execute("SELECT key, value FROM tags WHERE run_uuid = ? AND key = ?", (run_id, key))


def _metrics(connection: sqlite3.Connection, run_id: str, keys: tuple[str, ...]) -> Iterator[tuple[str, float]]:
    for key in keys:
        found = connection.execute(
            "SELECT value, is_nan FROM latest_metrics WHERE run_uuid = ? AND key = ?", (run_id, key)
        )
        yield from ((key, math.nan if is_nan else value) for value, is_nan in found)
