"""The address by which MLflow opens a local store's database, whatever characters its path holds."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import quote, unquote

SQLITE = "sqlite:///"
SPECIAL = "?%"
"""Signs of a path that mean something in such an address; which of them do depends on SQLAlchemy's version."""

FILE = "file:"
DRIVER = "sqlite+pysqlite"
"""The same with its driver: where MLflow sees it, it does not make a folder by the address's own spelling."""


def database_uri(database: Path) -> str:
    """Return the address of a database.

    Args:
        database: its file, absolute: a relative address would follow the current folder.
    """
    path = str(database)
    if not any(sign in path for sign in SPECIAL):
        return SQLITE + path
    import sqlalchemy

    uri = sqlalchemy.URL.create(DRIVER, database=path).render_as_string()
    # SQLAlchemy 2.0 quotes nothing here; SQLite takes an address of its own, and reads that right.
    return uri if _read(uri) == path else f"{DRIVER}:///{FILE}{quote(path)}?uri=true"


def database_at(uri: str) -> Path | None:
    """Return the file of a local database's address, or None where the address is a server's."""
    if uri.startswith(DRIVER):
        return Path(_read(uri))
    return Path(uri.removeprefix(SQLITE)) if uri.startswith(SQLITE) else None


def _read(uri: str) -> str:
    """Return the path in an address, as SQLAlchemy and SQLite read it."""
    import sqlalchemy

    url = sqlalchemy.make_url(uri)
    path = url.database or ""
    return unquote(path.removeprefix(FILE)) if url.query.get("uri") and path.startswith(FILE) else path
