"""Moving house: `mlruns/` and `outputs/` copied or moved to another folder keep working."""

import json
import sqlite3
from pathlib import Path

import mlflow
import pytest
from helpers import SMALL, TINY_DATA, rnnlab

from rnnlab.tracking.moving import PLACES, mend_artifact_paths

TINY = [*SMALL, *TINY_DATA]
STUDY = ["-m", "seed=0,1", "study.name=pair", *TINY]


@pytest.fixture(scope="module")
def moved(tmp_path_factory):
    """A folder with a run and a study that were made in another one, which is gone."""
    place = tmp_path_factory.mktemp("moving")
    old, new = place / "old house", place / "new #1 house"
    old.mkdir()
    for words in (["function=sin", "name=traveller", *TINY], STUDY):
        made = rnnlab("train", *words, folder=old)
        assert made.returncode == 0, made.stdout + made.stderr
    old.rename(new)
    return new


def client_of(folder):
    return mlflow.MlflowClient(tracking_uri=f"sqlite:///{folder}/mlruns/mlflow.db")


def paths_in(folder):
    connection = sqlite3.connect(folder / "mlruns" / "mlflow.db")
    rows = (connection.execute(f"SELECT {column} FROM {table}") for table, column in PLACES)
    return [path for found in rows for (path,) in found if "/mlruns/artifacts" in path]


def test_runs_and_their_artifacts_are_found_in_the_new_folder(moved):
    listed = rnnlab("runs", folder=moved)
    assert listed.returncode == 0, listed.stderr
    assert "traveller" in listed.stdout
    assert "pair (study)" in listed.stdout
    client = client_of(moved)
    runs = client.search_runs([client.get_experiment_by_name("rnnlab").experiment_id])
    assert len(runs) == 4
    for run in runs:
        assert client.list_artifacts(run.info.run_id), run.info.run_name
    (traveller,) = [run for run in runs if run.info.run_name == "traveller"]
    copy = client.download_artifacts(traveller.info.run_id, "checkpoints/best.ckpt")
    (original,) = moved.glob("outputs/single/traveller-*/checkpoints/best.ckpt")
    assert Path(copy).read_bytes() == original.read_bytes()
    assert paths_in(moved)
    assert all(path.startswith((moved / "mlruns" / "artifacts").as_uri()) for path in paths_in(moved))


def test_a_moved_run_predicts_goes_on_and_is_tracked_there(moved):
    predicted = rnnlab("predict", "run=traveller", folder=moved)
    assert predicted.returncode == 0, predicted.stderr
    resumed = rnnlab("train", "resume=traveller", "trainer.max_epochs=4", folder=moved)
    assert resumed.returncode == 0, resumed.stdout + resumed.stderr
    result = json.loads(next(moved.glob("outputs/single/traveller-*/result.json")).read_text())
    assert (result["status"], result["folder"].split("/")[0]) == ("FINISHED", "single")
    assert client_of(moved).get_run(result["run_id"]).info.status == "FINISHED"
    assert sorted(path.name for path in moved.parent.iterdir()) == [moved.name]


def test_the_runs_of_a_moved_study_are_taken_over(moved):
    again = rnnlab("train", *STUDY, folder=moved)
    assert again.returncode == 0, again.stdout + again.stderr
    assert again.stdout.count("done before") == 3


def test_nothing_in_a_moved_folder_names_the_old_one(moved):
    assert [path for path in moved.glob("outputs/**/*.json") if "old house" in path.read_text()] == []


def test_paths_to_other_stores_and_folders_reached_by_a_link_are_left_alone(tmp_path):
    database = tmp_path / "mlruns" / "mlflow.db"
    database.parent.mkdir()
    link = tmp_path / "link"
    link.symlink_to(tmp_path)
    elsewhere = ["s3://bucket/mlruns/artifacts/1", "file:///data/own", (link / "mlruns" / "artifacts").as_uri()]
    connection = sqlite3.connect(database)
    for table, column in PLACES:
        connection.execute(f"CREATE TABLE {table} ({column} TEXT)")
        connection.executemany(f"INSERT INTO {table} VALUES (?)", [(path,) for path in elsewhere])
    connection.commit()
    assert mend_artifact_paths(database) == 0
    connection.execute("INSERT INTO runs VALUES ('file:///far/mlruns/artifacts/7/artifacts')")
    connection.commit()
    assert mend_artifact_paths(database) == 1
    found = [path for (path,) in connection.execute("SELECT artifact_uri FROM runs")]
    assert found == [*elsewhere, f"{database.parent.as_uri()}/artifacts/7/artifacts"]
