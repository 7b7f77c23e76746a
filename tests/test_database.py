"""A local store read without MLflow gives what MLflow's own client gives, and costs no import of it."""

import dataclasses
import subprocess
import sys

import pytest
from helpers import environment
from known_study import fill

from rnnlab.config.commands import RunsConfig
from rnnlab.config.schema import TrackingConfig
from rnnlab.errors import StoreAwayError
from rnnlab.tracking.mlflow_run import MlflowRun
from rnnlab.tracking.query import list_runs
from rnnlab.tracking.store import Store, find_store


@pytest.fixture(scope="module")
def filled(tmp_path_factory):
    folder = tmp_path_factory.mktemp("filled")
    fill(folder, seeds=3)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RNNLAB_HOME", str(folder))
        store = find_store(TrackingConfig())
        odd = MlflowRun.create(store, "odd <name>", {"rnnlab.study": "it's"}, 1_800_000_000.0)
        MlflowRun.create(store, "gone", {}, 1_800_000_001.0).end("FINISHED")
        (gone,) = store.client.search_runs([store.experiment_id], "attributes.run_name = 'gone'")
        store.client.delete_run(gone.info.run_id)
        store.client.log_metric(odd.run_id, "test/mse", float("nan"))
    return folder, store


@pytest.mark.parametrize(
    ("asked", "count"),
    [
        ({}, 14),
        ({"limit": 5}, 5),
        ({"cell": "gru", "layers": 3}, 3),
        ({"function": "sin"}, 0),
        ({"study": "known", "status": "FINISHED"}, 1),
        ({"study": "it's"}, 1),
        ({"status": "RUNNING"}, 1),
    ],
)
def test_runs_are_listed_as_mlflow_lists_them(filled, asked, count, monkeypatch):
    folder, store = filled
    monkeypatch.setenv("RNNLAB_HOME", str(folder))
    own = list_runs(store, RunsConfig(**{"limit": 100} | asked)).rows
    assert len(own) == count
    monkeypatch.setattr(Store, "database", None)
    mlflows = list_runs(store, RunsConfig(**{"limit": 100} | asked)).rows
    assert [repr(dataclasses.replace(row, age=0)) for row in own] == [
        repr(dataclasses.replace(row, age=0)) for row in mlflows
    ]


def test_listing_runs_imports_no_framework_but_hydra(filled):
    folder, store = filled
    for run in store.client.search_runs([store.experiment_id], "attributes.status = 'RUNNING'"):
        store.client.set_terminated(run.info.run_id, "KILLED")
    heavy = ("torch", "mlflow", "pytorch_lightning", "matplotlib", "scipy", "sqlalchemy")
    script = (
        "import sys; from rnnlab.cli import dispatch; code = dispatch(['runs']);"
        f"print([name for name in {heavy!r} if name in sys.modules]); sys.exit(code)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        env=environment() | {"RNNLAB_HOME": str(folder)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert "odd <name>" in done.stdout
    assert done.stdout.splitlines()[-1] == "[]"


def test_a_database_that_cannot_be_read_is_said_in_one_line(tmp_path):
    (tmp_path / "mlruns").mkdir()
    (tmp_path / "mlruns" / "mlflow.db").write_text("no database" * 100)
    store = Store(f"sqlite:///{tmp_path}/mlruns/mlflow.db", "1")
    with pytest.raises(StoreAwayError, match="cannot be read now"):
        list_runs(store, RunsConfig())
