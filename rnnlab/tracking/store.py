"""The MLflow store: a SQLite database under `mlruns/`, or a tracking server."""

from __future__ import annotations

import importlib
import logging
import os
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from filelock import FileLock

from rnnlab.config.schema import TrackingConfig
from rnnlab.errors import BadInputError, Problem, StoreAwayError, StoreRefusesError, without_credentials
from rnnlab.home import home, mlruns, outputs
from rnnlab.tracking.address import database_at, database_uri
from rnnlab.tracking.database import DATABASE, read_experiment
from rnnlab.tracking.folder import SINGLE
from rnnlab.tracking.moving import mend_artifact_paths
from rnnlab.tracking.server_access import check_server, refusal
from rnnlab.tracking.usable import StoreUnusableError, check_sound, check_usable, is_made

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Run

os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")
# MLflow's own patience, 7 attempts of 2 minutes, would hold up whoever waits for a server that is away; and where
# only the answer was lost, a second attempt below our own would make a run twice.
os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
os.environ.setdefault("MLFLOW_HTTP_REQUEST_TIMEOUT", "20")

STORE_IS_ELSEWHERE = "RNNLAB_STORE_IS_ELSEWHERE"
"""A variable of processes that train for another machine, whose local store they cannot see."""
RUNS_A_PAGE = 1000
EXPERIMENT_TAGS = {"mlflow.experimentKind": "custom_model_development"}
"""Makes MLflow's pages open on runs and charts; without it they take the experiment for one of language models."""


@dataclass(frozen=True)
class Store:
    """An MLflow store that is there and has its experiment.

    Attributes:
        uri: MLflow's tracking URI.
        experiment_id: the experiment the runs belong to.
    """

    uri: str
    experiment_id: str

    @property
    def database(self) -> Path | None:
        """The database of a local store, None of a server."""
        return database_at(self.uri)

    @cached_property
    def client(self) -> MlflowClient:
        """MLflow's client for this store."""
        return _client(self.uri)

    def pages(self, condition: str) -> Iterator[Run]:
        """Yield the experiment's runs that a filter in MLflow's language lets through, however many."""
        token = None
        while True:
            page = self.client.search_runs(
                [self.experiment_id], filter_string=condition, max_results=RUNS_A_PAGE, page_token=token
            )
            yield from page
            token = page.token
            if not token:
                return


def check_places(tracking: TrackingConfig, study: str | None = None, *, to_write: bool = True) -> None:
    """Make sure that runs can be written and recorded, without creating anything.

    Args:
        tracking: where runs are recorded.
        study: the study that the runs belong to, or None.
        to_write: whether runs are to be made in the store, or only looked up.

    Raises:
        BadInputError: the folder cannot be written, the local store is none that the installed MLflow can use, or
            the server does not answer or does not let this user in.
    """
    folders = [outputs() / (study or SINGLE)] + ([mlruns()] if tracking.store == "local" else [])
    for folder in folders:
        _check_writable(folder)
    if tracking.store == "local":
        check_usable(_database(), to_write=to_write)
    if tracking.store == "server":
        check_server(str(tracking.uri), tracking.experiment, to_write=to_write)


def check_local_store() -> None:
    """Make sure that there is no local store yet, or one that the installed MLflow can use.

    Raises:
        StoreUnusableError: it cannot use it.
        BadInputError: something else has the name of the folder of the store or of the runs.
    """
    for folder in (mlruns(), outputs()):
        if folder.exists() and not folder.is_dir():
            raise BadInputError(Problem("RNNLAB_HOME", home(), f"{folder} must be a folder"))
    check_usable(_database())


def _check_writable(folder: Path) -> None:
    there = folder
    try:
        there = next(place for place in (folder, *folder.parents) if place.exists())
        with tempfile.TemporaryFile(dir=there):
            pass
    except OSError as error:
        why = error.strerror or str(error)
        raise BadInputError(
            Problem("RNNLAB_HOME", home(), f"{there} must be a folder that can be written ({why})")
        ) from error


def local_uri() -> str:
    """Return the URI of the database under `mlruns/`: absolute, because a relative one follows the folder."""
    return database_uri(_database())


def _database() -> Path:
    return mlruns() / DATABASE


def has_store(tracking: TrackingConfig) -> bool:
    """Return whether there is a store to look into."""
    return tracking.store == "server" or (tracking.store == "local" and is_made(_database()))


def find_store(tracking: TrackingConfig) -> Store | None:
    """Return the store if it is there and has the experiment; nothing is created.

    A local one that was copied or moved here is mended.

    Raises:
        BadInputError: the experiment was deleted, or a local store is none that the installed MLflow can use.
        StoreAwayError: it cannot be reached.
    """
    if not has_store(tracking):
        return None
    with _reaching(tracking):
        if tracking.store == "local":
            return _find_local(tracking.experiment)
        found = _client(str(tracking.uri)).get_experiment_by_name(tracking.experiment)
    if found is None:
        return None
    _check_active(found.name, is_active=found.lifecycle_stage == "active")
    return Store(str(tracking.uri), str(found.experiment_id))


def _find_local(experiment: str) -> Store | None:
    check_usable(_database(), to_write=False)
    mend_artifact_paths(_database())
    found = read_experiment(_database(), experiment)
    if found is None:
        return None
    _check_active(experiment, is_active=found.is_active)
    return Store(local_uri(), found.experiment_id)


def open_store(tracking: TrackingConfig) -> Store | None:
    """Return the store with its experiment, made where it is not there yet, or None if nothing is tracked.

    Raises:
        BadInputError: the experiment was deleted, or a local store is none that the installed MLflow can use.
        StoreAwayError: it cannot be reached.
    """
    if tracking.store == "off":
        return None
    with _reaching(tracking):
        if tracking.store == "local" and os.environ.get(STORE_IS_ELSEWHERE):
            raise StoreAwayError("the local store is another machine's")
        if tracking.store == "server":
            return _open_server(str(tracking.uri), tracking.experiment)
        return _open_local(mlruns(), tracking.experiment)


@contextmanager
def _reaching(tracking: TrackingConfig) -> Iterator[None]:
    """Inside, whatever a store does instead of answering becomes one error."""
    try:
        yield
    except (BadInputError, StoreAwayError):
        raise
    except Exception as error:
        if tracking.store == "local":
            check_sound(error, _database())
        place = without_credentials(str(tracking.uri)) if tracking.store == "server" else _database()
        refused = refusal(error, str(tracking.uri)) if tracking.store == "server" else None
        if refused is not None:
            raise StoreRefusesError(refused) from error
        why = (str(error).splitlines() or [type(error).__name__])[0]
        raise StoreAwayError(f"the store {place} cannot be reached now ({why})") from error


def open_if_reachable(tracking: TrackingConfig) -> Store | None:
    """Return the store as `open_store` does, or None also where it is away: what it misses is sent later."""
    try:
        return open_store(tracking)
    except (StoreAwayError, StoreUnusableError):
        return None


@cache
def _open_server(uri: str, experiment: str) -> Store:
    return Store(uri, _experiment(uri, experiment, None))


@cache
def _open_local(folder: Path, experiment: str) -> Store:
    folder.mkdir(parents=True, exist_ok=True)
    check_usable(_database())
    with FileLock(folder / ".lock"):
        if not is_made(_database()):
            _create_database(_database())
    mend_artifact_paths(_database())
    with FileLock(folder / ".lock"):
        return Store(local_uri(), _experiment(local_uri(), experiment, (folder / "artifacts").as_uri()))


def _create_database(database: Path) -> None:
    """Make the database beside its place, so that it is there whole or not at all."""
    beside = database.with_name(".mlflow.db.new")
    beside.unlink(missing_ok=True)
    _client(database_uri(beside)).search_experiments(max_results=1)
    with closing(sqlite3.connect(beside)) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
    beside.replace(database)


def import_mlflow() -> None:
    """Import what a local store needs of MLflow, which takes seconds."""
    importlib.import_module("mlflow.store.tracking.sqlalchemy_store")


def _client(uri: str) -> MlflowClient:
    import mlflow

    for noisy in ("mlflow", "alembic"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    return mlflow.MlflowClient(tracking_uri=uri)


def _experiment(uri: str, name: str, artifacts: str | None) -> str:
    from mlflow.exceptions import MlflowException

    client = _client(uri)
    found = client.get_experiment_by_name(name)
    if found is None:
        try:
            return str(client.create_experiment(name, artifact_location=artifacts, tags=EXPERIMENT_TAGS))
        except MlflowException:
            found = client.get_experiment_by_name(name)
            if found is None:
                raise
    _check_active(name, is_active=found.lifecycle_stage == "active")
    return str(found.experiment_id)


def _check_active(experiment: str, *, is_active: bool) -> None:
    if not is_active:
        allowed = "was deleted in MLflow; restore it there or give another name"
        raise BadInputError(Problem("tracking.experiment", experiment, allowed))
