"""What makes two runs the same: config and code. A name is a label, which may be changed."""

import json
import shutil
from pathlib import Path

import pytest
from helpers import SMALL, TINY_DATA
from mlflow import MlflowClient

from rnnlab.cli import dispatch
from rnnlab.tracking.folder import run_folders

TINY = [*SMALL, *TINY_DATA, "trainer.max_epochs=1", "trainer=cpu"]


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A folder with two runs that differ in their names alone."""
    folder = tmp_path_factory.mktemp("made")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.delenv("RNNLAB_HOME", raising=False)
        for name in ("a", "b"):
            assert dispatch(["train", *TINY, f"name={name}"]) == 0
    return folder


@pytest.fixture
def here(made, home):
    """A copy of it, the current folder."""
    shutil.copytree(made, home, dirs_exist_ok=True)
    return home


def run_ids():
    """Return the ids of the two runs."""
    results = [folder.read_result() for folder in run_folders(Path("outputs"))]
    return [result.run_id for result in sorted(results, key=lambda result: result.name)]


def client():
    return MlflowClient(tracking_uri=f"sqlite:///{Path.cwd()}/mlruns/mlflow.db")


def dry_run(capsys, *words):
    capsys.readouterr()
    assert dispatch(["train", "-m", *TINY, *words, "study.dry_run=true"]) == 0
    return capsys.readouterr().out


def test_runs_that_were_renamed_in_mlflow_are_taken_over(here, capsys):
    first, second = run_ids()
    client().update_run(first, name="my best one")
    client().set_tag(second, "mlflow.runName", "my second best")
    assert "2 runs, 2 done before" in dry_run(capsys, "name=a,b")


def test_a_run_that_was_made_under_another_name_is_taken_over(here, capsys):
    assert "1 runs, 1 done before" in dry_run(capsys, "seed=0")


def test_no_run_is_taken_over_for_two_jobs_that_differ_in_their_name(here, capsys):
    client().update_run(run_ids()[0], name="renamed")
    assert "3 runs, 2 done before" in dry_run(capsys, "name=a,b,c")


def test_jobs_that_differ_in_their_name_get_their_own_runs_also_when_these_were_renamed(here):
    first, second = run_ids()
    client().update_run(first, name="b")
    client().update_run(second, name="x")
    assert dispatch(["train", "-m", *TINY, "name=x,b", "study.name=both"]) == 0
    jobs = json.loads((here / "outputs" / "both" / "study.json").read_text())["jobs"]
    assert [(job["name"], job["run_id"], job["taken_over"]) for job in jobs] == [
        ("x", second, True),
        ("b", first, True),
    ]


def test_a_study_that_was_renamed_in_mlflow_goes_on_under_its_parent(here):
    words = ["train", "-m", *TINY, "seed=0", "study.name=mine"]
    assert dispatch(words) == 0
    record = here / "outputs" / "mine" / "study.json"
    parent = json.loads(record.read_text())["parent_run_id"]
    client().update_run(parent, name="renamed")
    assert dispatch(words) == 0
    assert json.loads(record.read_text())["parent_run_id"] == parent
    assert client().get_run(parent).info.run_name == "renamed"


def test_a_run_that_goes_on_keeps_the_name_that_it_was_given_in_mlflow(here):
    run = run_ids()[0]
    client().update_run(run, name="my best one")
    assert dispatch(["train", f"resume={run}", "trainer.max_epochs=2"]) == 0
    assert client().get_run(run).info.run_name == "my best one"
