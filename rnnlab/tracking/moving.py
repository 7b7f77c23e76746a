"""A store that was copied or moved: MLflow keeps artifact paths absolute, so they are mended when it is opened."""

from __future__ import annotations

import logging
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from urllib.parse import unquote

from filelock import FileLock

from rnnlab.tracking.database import connected

PLACES = (
    ("experiments", "artifact_location"),
    ("runs", "artifact_uri"),
    ("logged_models", "artifact_location"),
)
"""Every table and column of MLflow's that holds a path of an artifact."""

ARTIFACTS = re.compile(r"(?:file:)?/.*/mlruns/artifacts(?=/|$)")
"""The folder of a local store's artifacts, at the beginning of a path below it; other places are left alone."""

log = logging.getLogger(__name__)


def mend_artifact_paths(database: Path) -> int:
    """Make the artifact paths in a local store's database point to its own folder, and return how many did not.

    All are mended in one transaction or none. Where the database is locked for long or cannot be written, it is
    left as it is: the next command tries again.

    Args:
        database: `mlruns/mlflow.db`; the artifacts lie beside it.
    """
    here = database.parent / "artifacts"
    try:
        with closing(connected(database)) as connection:
            if next(_moved(connection, here), None) is None:
                return 0
        with FileLock(database.parent / ".lock"), closing(connected(database)) as connection:
            connection.execute("BEGIN IMMEDIATE")
            moved = list(_moved(connection, here))
            for table, column, old in moved:
                # Table and column are this module's own words.
                connection.execute(
                    f"UPDATE {table} SET {column} = ? || substr({column}, ?) WHERE substr({column}, 1, ?) = ?",  # noqa: S608
                    (here.as_uri(), len(old) + 1, len(old), old),
                )
            connection.execute("COMMIT")
            return len(moved)
    except (sqlite3.Error, OSError) as error:
        log.warning("the artifacts' paths in %s could not be looked at: %s", database, error)
        return 0


def _moved(connection: sqlite3.Connection, here: Path) -> Iterator[tuple[str, str, str]]:
    """Yield table, column and the old folder, once for each old folder, of the paths that lead elsewhere."""
    for table, column in PLACES:
        local = f"{column} LIKE '%/mlruns/artifacts%' AND substr({column}, 1, ?) <> ?"
        rows = connection.execute(
            f"SELECT {column} FROM {table} WHERE {local}",  # noqa: S608
            (len(here.as_uri()), here.as_uri()),
        )
        olds = {found[0] for (path,) in rows if (found := ARTIFACTS.match(path))}
        yield from ((table, column, old) for old in sorted(olds) if _path(old).resolve() != here.resolve())


def _path(location: str) -> Path:
    if not location.startswith("file:"):
        return Path(location)
    return Path("/" + unquote(location.removeprefix("file:")).lstrip("/"))
