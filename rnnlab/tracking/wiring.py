"""How a run is tied to its store, whether that is there when the run begins or not."""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Callable, Mapping

from rnnlab.config.schema import TrackingConfig
from rnnlab.tracking.folder import RunFolder
from rnnlab.tracking.mlflow_run import MlflowRun
from rnnlab.tracking.outbox import Outbox, read_outbox
from rnnlab.tracking.store import Store, open_store

log = logging.getLogger(__name__)


def connection(store: Store | None, tracking: TrackingConfig) -> Callable[[], Store] | None:
    """Return what gives the store, now or when it is back; None where nothing is tracked."""
    if store is not None:
        return lambda: store
    return None if tracking.store == "off" else lambda: _opened(tracking)


def _opened(tracking: TrackingConfig) -> Store:
    store = open_store(tracking)
    if store is None:
        raise LookupError("nothing is tracked")
    return store


def place_of(store: Store | None, tracking: TrackingConfig) -> TrackingConfig:
    """Return where a run is recorded: as the config says, and where a store is given the kind that this is."""
    if store is None:
        return tracking
    return dataclasses.replace(tracking, store="server" if store.uri.startswith("http") else "local")


def make_run(store: Store | None, name: str, tags: Mapping[str, str], began: float) -> str | None:
    """Return the id of a new run in the store, or None where nothing is tracked or the store is away.

    A server that is killed may have made it without saying so: `Delivery` finds it by its tag `LOCAL_ID`.
    """
    if store is None:
        return None
    try:
        return MlflowRun.create(store, name, tags, began).run_id
    except Exception as error:  # noqa: BLE001 - whatever the store does, the run goes on
        log.warning("the store made no run: %s", error)
        return None


def outbox_for(
    folder: RunFolder,
    place: TrackingConfig,
    run_id: str,
    name: str,
    tags: Mapping[str, str],
    *,
    began: float,
    in_store: bool,
) -> Outbox:
    """Return what the store is to hold of a run that begins or goes on.

    It has what an earlier process could not send.

    Args:
        folder: the run's.
        place: the store.
        run_id: the run's id.
        name: the run's name.
        tags: by their names.
        began: when it began, in seconds since 1970.
        in_store: whether the store has made the run.
    """
    waiting = read_outbox(folder.path)
    if waiting is not None:
        waiting.tags |= tags
        waiting.status, waiting.ended = "RUNNING", None
        return waiting
    return Outbox(
        store=place.store,
        uri=place.uri,
        experiment=place.experiment,
        run_id=run_id,
        name=name,
        started=began,
        in_store=in_store,
        tags=dict(tags),
    )
