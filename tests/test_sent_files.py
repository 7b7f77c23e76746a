"""The file of a user's own series on a machine that does not see the study's folder."""

import pytest
from helpers import lab_config

from rnnlab.cluster import files
from rnnlab.cluster.files import contents, data_file_at_hand
from rnnlab.data.csv_file import file_digest
from rnnlab.errors import BadInputError
from rnnlab.home import found_path
from rnnlab.study.grid import Job

TEXT = "level\n1\n2\n"


@pytest.fixture
def jobs(home):
    """Two jobs on one file, and one on none."""
    (home / "levels.csv").write_text(TEXT)
    made = [Job(number, [], lab_config(seed=number)) for number in range(3)]
    for job in made[:2]:
        job.config.data.path = "levels.csv"
        job.config.data.digest = file_digest(home / "levels.csv")
    return made


@pytest.fixture
def place(home):
    """The folder that another machine makes the run in."""
    (home / "place").mkdir()
    return home / "place"


def test_a_file_is_sent_once_for_all_jobs(jobs):
    ((digest, content),) = contents(jobs)
    assert (digest, content.tobytes()) == (jobs[0].config.data.digest, TEXT.encode())


def test_the_copy_stands_for_the_file_while_the_job_runs(jobs, home, place):
    ((_, content),) = contents(jobs)
    with data_file_at_hand(jobs[0].config.data, home / "nowhere", content, place):
        copy = found_path("levels.csv")
        assert (copy.is_relative_to(place), copy.name, copy.read_text()) == (True, "levels.csv", TEXT)
    assert found_path("levels.csv") == home / "levels.csv"


def test_the_same_file_is_taken_where_it_lies(jobs, home, place, monkeypatch):
    monkeypatch.setenv("RNNLAB_HOME", str(place))
    with data_file_at_hand(jobs[0].config.data, home, None, place):
        assert found_path("levels.csv") == home / "levels.csv"


def test_another_file_of_that_path_is_not_taken(jobs, home, place):
    ((_, content),) = contents(jobs)
    (home / "levels.csv").write_text("level\n3\n4\n")
    with data_file_at_hand(jobs[0].config.data, home, content, place):
        assert found_path("levels.csv").read_text() == TEXT


def test_a_file_too_large_to_be_sent_is_named_where_it_is_missing(jobs, home, place, monkeypatch):
    monkeypatch.setattr(files, "LARGEST_SENT", len(TEXT) - 1)
    assert list(contents(jobs)) == []
    missing = data_file_at_hand(jobs[0].config.data, home / "nowhere", None, place)
    with (
        pytest.raises(BadInputError, match=r"data\.path=.*nowhere/levels\.csv: .*copy it to the same path"),
        missing,
    ):
        pass


def test_a_job_on_a_function_needs_no_file(jobs, home, place):
    with data_file_at_hand(jobs[2].config.data, home, None, place):
        assert list(place.iterdir()) == []
