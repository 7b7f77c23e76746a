"""What is in a store: runs, newest first."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rnnlab.config.schema import RunsConfig
from rnnlab.tracking.database import StoredRun, read_runs
from rnnlab.tracking.store import Store

FOLDER, STUDY, KIND = "rnnlab.folder", "rnnlab.study", "rnnlab.kind"
MSE = "test/mse"


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
    """

    name: str
    status: str
    test_mse: float | None
    age: float
    run_id: str
    folder: str
    study: str
    is_study: bool


def list_runs(store: Store, asked: RunsConfig) -> Sequence[RunRow]:
    """Return the runs that the filters let through, newest first."""
    facets = (("function", asked.function), ("cell", asked.cell), ("layers", asked.layers))
    params = {name: str(value) for name, value in facets if value is not None}
    tags = {} if asked.study is None else {STUDY: asked.study}
    if store.database is not None:
        found = read_runs(
            store.database,
            store.experiment_id,
            status=asked.status,
            params=params,
            tags=tags,
            limit=asked.limit,
            show_tags=(FOLDER, STUDY, KIND),
            show_metrics=(MSE,),
        )
    else:
        found = _from_server(store, asked, params, tags)
    now = time.time()
    return [
        RunRow(
            name=run.name,
            status=run.status,
            test_mse=run.metrics.get(MSE),
            age=now - run.started / 1000,
            run_id=run.run_id,
            folder=run.tags.get(FOLDER, ""),
            study=run.tags.get(STUDY, ""),
            is_study=run.tags.get(KIND) == "study",
        )
        for run in found
    ]


def _from_server(
    store: Store, asked: RunsConfig, params: Mapping[str, str], tags: Mapping[str, str]
) -> list[StoredRun]:
    clauses = [f"params.{name} = {_quoted(value)}" for name, value in params.items()]
    clauses += [f"tags.`{name}` = {_quoted(value)}" for name, value in tags.items()]
    if asked.status is not None:
        clauses.append(f"attributes.status = '{asked.status}'")
    found = store.client.search_runs(
        [store.experiment_id],
        filter_string=" and ".join(clauses),
        max_results=asked.limit,
        order_by=["attributes.start_time DESC"],
    )
    return [
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


def _quoted(value: object) -> str:
    """Return the value as a string of MLflow's filter language, which has no way to write both quotes."""
    text = str(value)
    return f"'{text.replace(chr(39), '')}'" if '"' in text else f'"{text}"'
