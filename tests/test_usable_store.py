"""A store that the installed MLflow cannot use is said so in one message; one in any folder can be used."""

from __future__ import annotations

import json
import shutil
import sqlite3
from contextlib import closing
from importlib.metadata import version

import pytest
from helpers import SMALL, TINY_DATA, outcome

from rnnlab.cli import dispatch
from rnnlab.config.schema import TrackingConfig
from rnnlab.tracking.store import local_uri, open_store

QUICK = [*SMALL, *TINY_DATA, "trainer=cpu"]


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Return the folder of a new store."""
    folder = tmp_path_factory.mktemp("made")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RNNLAB_HOME", str(folder))
        open_store(TrackingConfig())
    return folder / "mlruns"


@pytest.fixture
def with_revision(made, home):
    """Return a function that puts a store here whose tables are said to be in some state."""

    def put(revision):
        shutil.copytree(made, home / "mlruns")
        with closing(sqlite3.connect(home / "mlruns" / "mlflow.db")) as database:
            (before,) = database.execute("SELECT version_num FROM alembic_version").fetchone()
            database.execute("UPDATE alembic_version SET version_num = ?", (revision,))
            database.commit()
        return before

    return put


@pytest.mark.parametrize(
    "words",
    [
        ["runs"],
        ["sync"],
        ["ui"],
        ["report"],
        ["compare", "study=a,b"],
        ["train", *QUICK],
        ["train", "-m", "seed=0,1", *QUICK],
        ["reproduce", "run=latest"],
    ],
    ids=" ".join,
)
def test_a_store_of_a_newer_mlflow_is_one_message_with_both_versions(home, with_revision, capsys, words):
    expected = with_revision("f0f0f0f0f0f0")
    manifest = home / "outputs" / "single" / "one" / "manifest.json"
    manifest.parent.mkdir(parents=True)
    manifest.write_text(json.dumps({"packages": {"mlflow": "99.1.0"}}))
    there = sorted(home.glob("outputs/*/*"))
    code, said = outcome(words, capsys)
    assert code == 2
    assert len(said.splitlines()) == 1
    for fact in ("newer MLflow 99.1.0", "f0f0f0f0f0f0", f"MLflow {version('mlflow')} here", expected):
        assert fact in said
    assert "pip install 'mlflow>=99.1.0'" in said
    assert sorted(home.glob("outputs/*/*")) == there


def test_a_store_of_an_older_mlflow_is_said_with_the_command_that_mends_it(home, with_revision, capsys):
    with_revision("451aebb31d03")
    code, said = outcome(["runs"], capsys)
    assert code == 2
    assert "older MLflow (its tables are at 451aebb31d03)" in said
    assert f"-m mlflow db upgrade {local_uri()}" in said


def no_database(file):
    file.write_text("no database" * 100)


def other_database(file):
    with closing(sqlite3.connect(file)) as database:
        database.execute("CREATE TABLE cats (name TEXT)")


@pytest.mark.parametrize(
    "put", [no_database, other_database, lambda file: file.mkdir()], ids=["text", "other", "folder"]
)
@pytest.mark.parametrize("words", [["runs"], ["train", *QUICK]], ids=["runs", "train"])
def test_what_is_no_store_is_said_and_nothing_is_made(home, capsys, words, put):
    (home / "mlruns").mkdir()
    put(home / "mlruns" / "mlflow.db")
    code, said = outcome(words, capsys)
    assert code == 2
    assert len(said.splitlines()) == 1
    assert str(home / "mlruns" / "mlflow.db") in said
    assert f"MLflow {version('mlflow')}" in said
    assert not (home / "outputs").exists()


def test_an_empty_file_is_no_store_yet(home, capsys):
    (home / "mlruns").mkdir()
    (home / "mlruns" / "mlflow.db").touch()
    assert dispatch(["runs"]) == 0
    assert "no runs yet" in capsys.readouterr().out


def test_a_home_with_signs_of_an_address_keeps_its_store_inside_itself(tmp_path, monkeypatch, capsys):
    folder = tmp_path / "a?b%41#c d"
    folder.mkdir()
    monkeypatch.setenv("RNNLAB_HOME", str(folder))
    assert dispatch(["train", "name=one", *QUICK]) == 0
    assert dispatch(["explain", "run=one"]) == 0
    assert (folder / "mlruns" / "mlflow.db").is_file()
    assert len(list(folder.glob("mlruns/artifacts/*/artifacts/explain/index.html"))) == 1
    assert list(tmp_path.iterdir()) == [folder]
    capsys.readouterr()
    assert dispatch(["runs"]) == 0
    assert "one   FINISHED" in capsys.readouterr().out


@pytest.mark.parametrize("name", ["mlruns", "outputs"])
def test_a_file_with_the_name_of_a_folder_is_not_taken_for_a_folder_with_nothing_in_it(home, capsys, name):
    (home / name).write_text("no folder\n")
    for words in (["sync"], ["runs"]):
        code, message = outcome(words, capsys)
        assert code == 2
        assert f"{name} must be a folder" in message
