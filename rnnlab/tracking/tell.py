"""Tags that are added to a run after its end."""

from __future__ import annotations

import logging
import time

from rnnlab.config.schema import TrackingConfig
from rnnlab.tracking.folder import RunFolder
from rnnlab.tracking.mlflow_run import MlflowRun
from rnnlab.tracking.outbox import Outbox, read_outbox
from rnnlab.tracking.result import RunResult
from rnnlab.tracking.store import open_store

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
