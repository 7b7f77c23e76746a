"""Whether the installed MLflow can use a local store's database, found out without importing it."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import json
import os
import re
import shlex
import sqlite3
import sys
from contextlib import closing, suppress
from functools import cache
from pathlib import Path

from rnnlab.errors import BadInputError, Problem
from rnnlab.home import outputs
from rnnlab.tracking.address import database_uri
from rnnlab.tracking.database import connected

NO_DATABASE = {11, 26}
"""SQLite's codes for a file that is damaged and for one that is no database."""

REVISION = re.compile(r"^(revision|down_revision)\s*=\s*[\"'](\w+)[\"']", re.MULTILINE)


class StoreUnusableError(BadInputError):
    """A local store that can take no run here, now or later: one of another MLflow, or no store at all."""


def is_made(database: Path) -> bool:
    """Return whether something stands where the database belongs; an empty file is none yet."""
    return os.path.lexists(database) and not (database.is_file() and database.stat().st_size == 0)


def check_usable(database: Path, *, to_write: bool = True) -> None:
    """Make sure that there is no database yet, or one that the installed MLflow can use; nothing is changed.

    What may pass, such as a lock, is let through: whoever opens the store meets it.

    Args:
        database: `mlruns/mlflow.db`.
        to_write: whether runs are to be made in the store, or only looked up.

    Raises:
        StoreUnusableError: it cannot use the database.
    """
    if not is_made(database):
        return
    if database.is_dir():
        raise unusable(database, "is a folder, where a store has its database")
    if not os.access(database, os.R_OK | (os.W_OK if to_write else 0)):
        raise unusable(database, f"cannot be {'written' if to_write else 'read'} by this user")
    try:
        with closing(connected(database)) as connection:
            tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
            if "alembic_version" not in tables:
                raise unusable(database, "is a database, but no MLflow store")
            found = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    except sqlite3.Error as error:
        check_sound(error, database)
        return
    newest = _newest()
    if found is not None and newest is not None and found[0] != newest:
        raise StoreUnusableError(_of_another_mlflow(database, str(found[0]), newest))


def check_sound(error: BaseException | None, database: Path) -> None:
    """Look for the reason of an error in opening a database.

    Raises:
        StoreUnusableError: the file is damaged, or no database.
    """
    while error is not None:
        if isinstance(error, sqlite3.Error) and getattr(error, "sqlite_errorcode", 0) & 0xFF in NO_DATABASE:
            raise unusable(database, f"cannot be read ({error})") from error
        error = error.__cause__ or error.__context__


def unusable(database: Path, why: str) -> StoreUnusableError:
    """Return what to say of a store that is none."""
    text = f"{database} {why}: no run can be recorded in it or read from it with MLflow {_installed()}"
    mend = "move it away, or set RNNLAB_HOME to another folder"
    return StoreUnusableError(Problem("tracking", "local", f"{text}; {mend}"))


def _of_another_mlflow(database: Path, revision: str, newest: str) -> Problem:
    installed, wrote = _installed(), _written_by()
    by = f"MLflow {wrote}" if wrote and wrote != installed else "MLflow"
    if revision in _migrations():
        python, uri = shlex.quote(sys.executable), shlex.quote(database_uri(database))
        mend = f"copy it, and bring it up to date: {python} -m mlflow db upgrade {uri}"
        what = f"was made by an older {by} (its tables are at {revision})"
    else:
        wanted = shlex.quote(f"mlflow>={wrote}") if by != "MLflow" else "--upgrade mlflow"
        mend = f"install that one (pip install {wanted}), or set RNNLAB_HOME to another folder"
        what = f"was made by a newer {by} (its tables are at {revision})"
    return Problem(
        "tracking",
        "local",
        f"the store {database} {what} than MLflow {installed} here, which knows {newest}: {mend}",
    )


def _installed() -> str:
    return importlib.metadata.version("mlflow")


def _written_by() -> str | None:
    """Return the MLflow that the newest run beside the store was recorded with, or None if none says so."""
    found = sorted(outputs().glob("*/*/manifest.json"), key=lambda file: -file.stat().st_mtime)
    for manifest in found[:1]:
        with suppress(OSError, ValueError, AttributeError):
            version = json.loads(manifest.read_text(encoding="utf-8")).get("packages", {}).get("mlflow")
            return str(version) if version else None
    return None


@cache
def _migrations() -> dict[str, str | None]:
    """Return, by each state of the tables that the installed MLflow knows, the state before it."""
    spec = importlib.util.find_spec("mlflow")
    places = list(spec.submodule_search_locations or []) if spec is not None else []
    known: dict[str, str | None] = {}
    for file in (file for place in places for file in Path(place, "store/db_migrations/versions").glob("*.py")):
        stated = dict(REVISION.findall(file.read_text(encoding="utf-8")))
        if "revision" in stated:
            known[stated["revision"]] = stated.get("down_revision")
    return known


def _newest() -> str | None:
    """Return the state of the tables that the installed MLflow wants, or None where it does not say."""
    known = _migrations()
    last = [revision for revision in known if revision not in set(known.values())]
    return last[0] if len(last) == 1 else None
