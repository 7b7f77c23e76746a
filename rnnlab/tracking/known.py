"""Runs that a store should have: known there, deleted in MLflow, or not there at all."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from rnnlab.config.schema import TrackingConfig
from rnnlab.errors import BadInputError, Problem, StoreAwayError, without_credentials
from rnnlab.home import as_typed, mlruns
from rnnlab.tracking.outbox import Outbox
from rnnlab.tracking.store import RUNS_A_PAGE, Store, find_store

if TYPE_CHECKING:
    from mlflow.entities import Run


def check_known(tracking: TrackingConfig, run_id: str, waiting: Outbox | None) -> None:
    """Make sure that a run that is to go on can be recorded where it was, without creating anything.

    Args:
        tracking: where it is to be recorded.
        run_id: which run.
        waiting: what is still to be sent of it, or None.

    Raises:
        BadInputError: it was deleted there, is in another experiment, or the store has never had it.
        StoreAwayError: the store cannot be reached.
    """
    if tracking.store == "off":
        return
    if waiting is not None and waiting.tracking != tracking:
        place = f"{without_credentials(waiting.uri or waiting.store)}, experiment {waiting.experiment}"
        allowed = (
            f"what is still to be sent of the run {run_id} is for another store ({place}); rnnlab sync sends it"
        )
        raise BadInputError(Problem("tracking", tracking.store, allowed))
    store = find_store(tracking)
    run = _run(store, run_id) if store is not None else None
    if run is None:
        if waiting is None:
            allowed = f"{_place(tracking)} does not know the run {run_id}; without it, it goes on with tracking=off"
            raise BadInputError(Problem("tracking", tracking.store, allowed, "tracking=off"))
        return
    if run.info.lifecycle_stage != "active":
        allowed = (
            f"the run {run_id} was deleted in MLflow, so nothing of it would be recorded; restore it there, "
            "or go on without the store: tracking=off"
        )
        raise BadInputError(Problem("tracking", tracking.store, allowed))
    if store is not None and run.info.experiment_id != store.experiment_id:
        allowed = f"the run {run_id} is in another experiment, and stays there; leave tracking.experiment out"
        raise BadInputError(Problem("tracking.experiment", tracking.experiment, allowed))


def was_deleted(store: Store, run_id: str) -> bool:
    """Return whether somebody deleted a run in MLflow."""
    run = _run(store, run_id)
    return run is not None and run.info.lifecycle_stage != "active"


def deleted_runs(store: Store, condition: str) -> Iterator[Run]:
    """Yield the experiment's runs that were deleted in MLflow and that a filter in its language lets through."""
    from mlflow.entities import ViewType

    token = None
    while True:
        page = store.client.search_runs(
            [store.experiment_id],
            filter_string=condition,
            run_view_type=ViewType.DELETED_ONLY,
            max_results=RUNS_A_PAGE,
            page_token=token,
        )
        yield from page
        token = page.token
        if not token:
            return


def _run(store: Store, run_id: str) -> Any | None:
    from mlflow.exceptions import MlflowException

    try:
        return store.client.get_run(run_id)
    except MlflowException as error:
        if error.error_code == "RESOURCE_DOES_NOT_EXIST":
            return None
        raise StoreAwayError(f"the store does not tell of the run {run_id} ({error.message})") from error


def _place(tracking: TrackingConfig) -> str:
    return "this server" if tracking.store == "server" else f"the store {as_typed(mlruns())}"
