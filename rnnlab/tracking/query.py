"""What runs there are, newest first: those in a store, and those that are in their folders alone."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

from rnnlab.config.commands import RunsConfig
from rnnlab.config.schema import TrackingConfig
from rnnlab.tracking.database import Filter, StoredRun, count_runs, read_ids, read_runs, read_values
from rnnlab.tracking.delivery import LOCAL_ID
from rnnlab.tracking.in_folders import FolderRun, runs_in_folders
from rnnlab.tracking.named import FOLDER, KIND, MSE, is_gone
from rnnlab.tracking.store import Store

STUDY = "rnnlab.study"
GONE, NOT_IN_STORE, NOT_SENT, UNTRACKED = "folder gone", "not in store", "not sent yet", "untracked"


@dataclass(frozen=True)
class RunRow:
    """A run as a list shows it.

    Attributes:
        name: what it is called.
        status: RUNNING, FINISHED, FAILED or KILLED.
        test_mse: the test MSE, or None.
        age: seconds since it began.
        run_id: MLflow's id.
        folder: its folder, relative to where files go.
        study: the study it belongs to, empty if none.
        is_study: whether it is the parent of a study itself.
        mark: empty, or what it lacks: its folder, or its place in the store.
    """

    name: str
    status: str
    test_mse: float | None
    age: float
    run_id: str
    folder: str
    study: str
    is_study: bool
    mark: str = ""


@dataclass(frozen=True)
class Listing:
    """Runs, newest first.

    Attributes:
        rows: as many as were asked for.
        total: how many there are; of a server, which does not count, None where there are more than were asked for.
    """

    rows: Sequence[RunRow]
    total: int | None


def list_runs(store: Store | None, asked: RunsConfig) -> Listing:
    """Return the runs that the filters let through.

    Beside a local store, or in its place where it is gone, these are also runs that it lacks and whose folders are
    here. Of a server alone it cannot be told what it lacks.
    """
    if store is not None and store.database is None:
        stored, total = _from_server(store, asked)
        return Listing([_stored_row(run, is_local=False) for run in stored], total)
    stored, count, known = list[StoredRun](), 0, dict[str, bool]()
    if store is not None and store.database is not None:
        wanted = Filter(store.experiment_id, asked.status, _params(asked), _tags(asked))
        shown = {"show_tags": (FOLDER, STUDY, KIND), "show_metrics": (MSE,)}
        stored = read_runs(store.database, wanted, limit=asked.limit, **shown)
        count, known = count_runs(store.database, wanted), read_ids(store.database, LOCAL_ID)
    alone = [run for run in runs_in_folders(known) if _is_wanted(run, asked)]
    began = [(run.started / 1000, _stored_row(run, is_local=True)) for run in stored]
    began += [(run.started, _folder_row(run, asked.tracking)) for run in alone]
    began.sort(key=lambda run: run[0], reverse=True)
    return Listing([row for _, row in began[: asked.limit]], count + len(alone))


def count_deleted(store: Store | None, asked: RunsConfig) -> int:
    """Return how many runs the filters would let through if they had not been deleted in MLflow; of a server 0."""
    if store is None or store.database is None:
        return 0
    wanted = Filter(store.experiment_id, asked.status, _params(asked), _tags(asked), stage="deleted")
    return count_runs(store.database, wanted)


def values_of(store: Store | None, asked: RunsConfig, key: str) -> list[str]:
    """Return the values that ``function``, ``cell``, ``layers`` or ``study`` has among all runs."""
    if store is not None and store.database is None:
        return []
    known = {} if store is None or store.database is None else read_ids(store.database, LOCAL_ID)
    everything = RunsConfig(tracking=asked.tracking)
    alone = [run for run in runs_in_folders(known) if _is_wanted(run, everything)]
    values = {_facets(run)[key] for run in alone}
    if store is not None and store.database is not None:
        values |= read_values(store.database, store.experiment_id, STUDY if key == "study" else key)
    return sorted(values - {""})


def _params(asked: RunsConfig) -> dict[str, str]:
    facets = (("function", asked.function), ("cell", asked.cell), ("layers", asked.layers))
    return {name: str(value) for name, value in facets if value is not None}


def _tags(asked: RunsConfig) -> dict[str, str]:
    return {} if asked.study is None else {STUDY: asked.study}


def _is_wanted(run: FolderRun, asked: RunsConfig) -> bool:
    """Return whether the filters let a run through, and it would be of this store if it were recorded."""
    wanted = _params(asked) | ({} if asked.study is None else {"study": asked.study})
    return (
        _is_of(asked.tracking, run.tracking)
        and asked.status in (None, run.result.status)
        and all(_facets(run)[name] == value for name, value in wanted.items())
    )


def _is_of(place: TrackingConfig, recorded: TrackingConfig) -> bool:
    if place.store == "off":
        return True
    untracked = place.store == "local" and recorded.store == "off" and recorded.experiment == place.experiment
    return untracked or recorded == place


def _facets(run: FolderRun) -> dict[str, str]:
    result = run.result
    return {"function": result.function, "cell": result.cell, "layers": str(result.layers), "study": run.study}


def _stored_row(run: StoredRun, *, is_local: bool) -> RunRow:
    """Return the row of a run in the store; only a local one lies beside the folders that it names."""
    folder = run.tags.get(FOLDER, "")
    return RunRow(
        name=run.name,
        status=run.status,
        test_mse=run.metrics.get(MSE),
        age=time.time() - run.started / 1000,
        run_id=run.run_id,
        folder=folder,
        study=run.tags.get(STUDY, ""),
        is_study=run.tags.get(KIND) == "study",
        mark=GONE if is_local and is_gone(folder) else "",
    )


def _folder_row(run: FolderRun, place: TrackingConfig) -> RunRow:
    result = run.result
    mark = UNTRACKED if run.tracking.store == "off" else NOT_SENT if run.is_waiting else NOT_IN_STORE
    return RunRow(
        name=result.name,
        status=result.status,
        test_mse=result.metrics.get(MSE),
        age=time.time() - run.started,
        run_id=result.run_id,
        folder=f"outputs/{run.folder.path.parent.name}/{run.folder.path.name}",
        study=run.study,
        is_study=False,
        mark="" if place.store == "off" else mark,
    )


def _from_server(store: Store, asked: RunsConfig) -> tuple[list[StoredRun], int | None]:
    clauses = [f"params.{name} = {_quoted(value)}" for name, value in _params(asked).items()]
    clauses += [f"tags.`{name}` = {_quoted(value)}" for name, value in _tags(asked).items()]
    if asked.status is not None:
        clauses.append(f"attributes.status = '{asked.status}'")
    found = store.client.search_runs(
        [store.experiment_id],
        filter_string=" and ".join(clauses),
        max_results=asked.limit,
        order_by=["attributes.start_time DESC"],
    )
    runs = [
        StoredRun(
            run.info.run_id,
            run.info.run_name or "",
            run.info.status,
            run.info.start_time,
            dict(run.data.tags),
            dict(run.data.metrics),
        )
        for run in found
    ]
    return runs, None if found.token else len(runs)


def _quoted(value: object) -> str:
    """Return the value as a string of MLflow's filter language, which has no way to write both quotes."""
    text = str(value)
    return f"'{text.replace(chr(39), '')}'" if '"' in text else f'"{text}"'
