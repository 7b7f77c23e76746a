"""What is added to a run after its end: tags, and pages about it."""

from __future__ import annotations

import logging
import time
from pathlib import Path

from rnnlab.config.schema import TrackingConfig
from rnnlab.errors import BadInputError, StoreAwayError
from rnnlab.tracking.folder import RunFolder
from rnnlab.tracking.mlflow_run import MlflowRun
from rnnlab.tracking.outbox import Outbox, read_outbox
from rnnlab.tracking.result import RunResult
from rnnlab.tracking.server_access import reason
from rnnlab.tracking.store import Store, find_store, open_store

log = logging.getLogger(__name__)


def tell(tracking: TrackingConfig, folder: RunFolder, result: RunResult, tags: dict[str, str]) -> None:
    """Set tags on a run in the store; where that is away they wait in the run's folder for `rnnlab sync`.

    Args:
        tracking: the store.
        folder: the run's folder.
        result: how the run went.
        tags: by their names.
    """
    waiting = read_outbox(folder.path)
    try:
        store = open_store(tracking)
        if store is None:
            return
        if waiting is None:
            MlflowRun(store, result.run_id).set_tags(tags)
            return
    except Exception as error:  # noqa: BLE001 - each store has its own way to fail
        log.warning("the store does not take the tags of %s: %s", result.name, error)
    now = time.time()
    outbox = waiting or Outbox(
        store=tracking.store,
        uri=tracking.uri,
        experiment=tracking.experiment,
        run_id=result.run_id,
        name=result.name,
        started=now,
        in_store=True,
        status=result.status,
        ended=now,
    )
    outbox.tags |= tags
    outbox.save(folder.path)


def add_pages(store: Store, run_id: str, folder: Path, name: str, uri: str | None) -> str | None:
    """Copy a folder of pages to a run's artifacts; return in one line why that could not be, or None.

    Args:
        store: where the run is.
        run_id: which one.
        folder: what is copied; it stays as it is, whatever the store does.
        name: the folder's name among the artifacts.
        uri: the server's address, or None of a local store.
    """
    try:
        run = MlflowRun(store, run_id)
        has = run.contents()
        if has is not None and not has.is_active:
            return "the run was deleted in MLflow"
        run.log_folder(folder, name)
    except Exception as error:  # noqa: BLE001 - each store has its own way to fail
        return reason(error, uri)
    return None


def add_pages_where_recorded(tracking: TrackingConfig, run_id: str, folder: Path, name: str) -> str | None:
    """Do as `add_pages` in the store that a run was recorded in; a run without one has no artifacts.

    Args:
        tracking: from the run's config.
        run_id: which run.
        folder: what is copied.
        name: the folder's name among the artifacts.
    """
    try:
        store = find_store(tracking)
    except (BadInputError, StoreAwayError) as error:
        return str(error)
    return None if store is None else add_pages(store, run_id, folder, name, tracking.uri)
