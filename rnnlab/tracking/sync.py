"""Sending what a store that was away has missed, and settling the runs whose process is gone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from rnnlab.config.schema import TrackingConfig
from rnnlab.errors import BadInputError, Problem, without_credentials
from rnnlab.home import mlruns, outputs
from rnnlab.tracking.database import DATABASE, read_ids, read_named
from rnnlab.tracking.delivery import LOCAL_ID, Delivery
from rnnlab.tracking.folder import FolderInUseError, RunFolder
from rnnlab.tracking.in_folders import FolderRun, runs_in_folders
from rnnlab.tracking.outbox import FILE, Outbox, read_outbox
from rnnlab.tracking.server_access import reason, refusal
from rnnlab.tracking.stale import WHY, end_stale_runs
from rnnlab.tracking.store import Store, open_store
from rnnlab.tracking.tags import process_of


@dataclass(frozen=True)
class Sent:
    """What came of sending a run's rest.

    Attributes:
        name: the run's name.
        folder: its folder.
        store: where it was to go: ``local``, or a server's address.
        points: metric points that were sent.
        error: why the store did not take it, or None.
        refusal: what to do about it where a server refuses this user, or None.
        deleted: what was deleted in MLflow, the run or its experiment, so that nothing is sent; or None.
    """

    name: str
    folder: Path
    store: str
    points: int
    error: str | None = None
    refusal: Problem | None = None
    deleted: str | None = None


def send_waiting(tracking: TrackingConfig | None = None) -> list[Sent]:
    """Send what is left of every run that nobody is at work on, and return what came of it.

    A store that fails once is not asked again.

    Args:
        tracking: only what is for this store; None sends to every store.
    """
    done: list[Sent] = []
    away: dict[str, tuple[str, Problem | None]] = {}
    for folder, outbox in _waiting():
        if tracking is not None and outbox.tracking != tracking:
            continue
        place = without_credentials(outbox.uri or outbox.store)
        if place in away:
            done.append(Sent(outbox.name, folder, place, 0, *away[place]))
            continue
        try:
            with RunFolder(folder).in_use(timeout=0):
                done += _send(folder, outbox, place)
        except FolderInUseError:
            continue
        except BadInputError:  # its experiment was deleted
            done.append(Sent(outbox.name, folder, place, 0, deleted=f"the experiment {outbox.experiment}"))
        except Exception as error:  # noqa: BLE001 - each store has its own way to fail
            away[place] = reason(error, outbox.uri), refusal(error, outbox.uri) if outbox.uri else None
            done.append(Sent(outbox.name, folder, place, 0, *away[place]))
    return done


def missing_in_store() -> list[FolderRun]:
    """Return the runs that were recorded in the local store and that it no longer has; their folders are here.

    What was deleted in MLflow is not missing, and what waits to be sent is no loss.
    """
    database = mlruns() / DATABASE
    known = read_ids(database, LOCAL_ID) if database.exists() else {}
    return [
        run
        for run in runs_in_folders(known)
        if run.tracking.store == "local" and not run.is_waiting and not run.folder.is_in_use()
    ]


def catch_up(tracking: TrackingConfig, store: Store) -> None:
    """Bring a store that was just opened up to date: with what it missed, and with the runs that were killed."""
    send_waiting(tracking)
    end_stale_runs(store)


def _waiting() -> Iterator[tuple[Path, Outbox]]:
    for file in sorted([*outputs().glob(f"*/{FILE}"), *outputs().glob(f"*/*/{FILE}")]):
        outbox = read_outbox(file.parent)
        if outbox is not None:
            yield file.parent, outbox


def _send(folder: Path, outbox: Outbox, place: str) -> Iterator[Sent]:
    """Send the rest of a run, and yield what came of it; nothing of one that is not known to have ended."""
    if outbox.status == "RUNNING" and not _settle(folder, outbox):
        return
    if outbox.store == "local" and _is_known_deleted(outbox.run_id):  # without MLflow, at every command
        outbox.save(folder)
        yield Sent(outbox.name, folder, place, 0, deleted="the run")
        return
    store = open_store(outbox.tracking)
    if store is None:
        return
    delivery = Delivery(folder, outbox, compare=True)
    delivery.change()
    sent = 0
    while not delivery.is_done and not delivery.is_deleted:
        sent += delivery.send(store)
    yield Sent(outbox.name, folder, place, sent, deleted="the run" if delivery.is_deleted else None)


def _is_known_deleted(run_id: str) -> bool:
    database = mlruns() / DATABASE
    return database.exists() and any(not run.is_active for run in read_named(database, run_id, 1, (), ()))


def _settle(folder: Path, outbox: Outbox) -> bool:
    """Give a run whose process is gone the status that its folder tells, else KILLED; return whether it has one."""
    known = process_of(outbox.tags)
    result = RunFolder(folder).read_result()
    if result is None or not result.ended:
        if known is None or not known[0].is_here() or not known[0].is_gone():
            return False  # one of another machine is known by its heartbeat in the store
        if result is not None:
            result.status, result.error = "KILLED", WHY
            RunFolder(folder).write_result(result)
    outbox.status = result.status if result is not None else "KILLED"
    outbox.tags["rnnlab.error"] = (result.error if result is not None else WHY) or ""
    outbox.ended = max((file.stat().st_mtime for file in folder.glob("*.*")), default=outbox.started)
    if ("result.json", None) not in outbox.files:
        outbox.files.append(("result.json", None))
    return True
