"""What is in a store: runs, newest first."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

from rnnlab.config.schema import RunsConfig
from rnnlab.tracking.store import Store


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
    clauses = [
        f"params.{name} = {_quoted(value)}"
        for name, value in (("function", asked.function), ("cell", asked.cell), ("layers", asked.layers))
        if value is not None
    ]
    if asked.study is not None:
        clauses.append(f"tags.`rnnlab.study` = {_quoted(asked.study)}")
    if asked.status is not None:
        clauses.append(f"attributes.status = '{asked.status}'")
    runs = store.client.search_runs(
        [store.experiment_id],
        filter_string=" and ".join(clauses),
        max_results=asked.limit,
        order_by=["attributes.start_time DESC"],
    )
    now = time.time()
    return [
        RunRow(
            name=run.info.run_name or "",
            status=run.info.status,
            test_mse=run.data.metrics.get("test/mse"),
            age=now - run.info.start_time / 1000,
            run_id=run.info.run_id,
            folder=run.data.tags.get("rnnlab.folder", ""),
            study=run.data.tags.get("rnnlab.study", ""),
            is_study=run.data.tags.get("rnnlab.kind") == "study",
        )
        for run in runs
    ]


def _quoted(value: object) -> str:
    """Return the value as a string of MLflow's filter language, which has no way to write both quotes."""
    text = str(value)
    return f"'{text.replace(chr(39), '')}'" if '"' in text else f'"{text}"'
