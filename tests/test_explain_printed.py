"""The commands that a run, a study and a page print work as they stand, pasted into a shell."""

import json
import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from helpers import SMALL, TINY_DATA, environment, outcome
from made_inside import OWN_CELL

from rnnlab.cli import dispatch

MINE = "cell._target_=printed_lab.Mine"


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "printed_lab.py").write_text(OWN_CELL)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setitem(os.environ, "PATH", f"{Path(sys.executable).parent}:{os.environ['PATH']}")
    return tmp_path


def printed(words, capsys, *, starts):
    """Return the commands in what a command printed, of the lines that start so."""
    assert dispatch(words) == 0
    lines = capsys.readouterr().out.splitlines()
    return [line[line.index("rnnlab ") :] for line in lines if line.startswith(starts)]


def pasted(line, folder):
    return subprocess.run(
        ["bash", "-c", line], cwd=folder, env=environment(), capture_output=True, text=True, check=False
    )


def test_of_a_cell_of_ones_own_the_printed_command_works_and_says_in_a_line_what_is_left_out(here, capsys):
    (line,) = printed(["train", *SMALL, *TINY_DATA, MINE, "tracking=off"], capsys, starts="inside")
    (here / "allow_targets=m").touch()  # what a shell makes of brackets that are not quoted
    done = pasted(line, here)
    assert done.returncode == 0, done.stderr
    (line,) = done.stderr.splitlines()
    assert "printed_lab.Mine has no reference cell, so that its gates cannot be shown" in line
    (said,) = here.glob("outputs/single/*/explain/explain.json")
    assert shlex.split(json.loads(said.read_text())["commands"]["explain"])[-1] == "allow_targets=[printed_lab]"


def test_what_a_study_prints_works_as_it_stands_its_odd_name_and_two_cells_on_the_same_windows(here, capsys):
    words = ["train", "-m", f"{MINE},rnnlab.models.cells.GRU", *SMALL, *TINY_DATA, "study.name=two cells"]
    lines = printed(
        [*words, "study.workers=1", "trainer=cpu"], capsys, starts=("report", "inside", "         rnnlab explain")
    )
    assert [line.split()[1] for line in lines] == ["explain", "explain", "report"]
    assert "runs=" in lines[1]
    assert [outcome(shlex.split(line)[1:], capsys)[0] for line in lines] == [0, 0, 0]


def test_a_refused_record_names_all_packages_in_one_override_that_can_be_pasted(here, capsys):
    (here / "my_heads.py").write_text("from rnnlab.models.heads import Direct\nclass Head(Direct): pass\n")
    words = ["train", *SMALL, *TINY_DATA, MINE, "head._target_=my_heads.Head", "tracking=off"]
    assert dispatch(words) == 0
    code, errors = outcome(["explain"], capsys)
    assert code == 2
    for line in errors.splitlines():
        (override,) = shlex.split(line.rpartition("add ")[2].removesuffix("."))
        assert sorted(override.removeprefix("allow_targets=[").removesuffix("]").split(",")) == [
            "my_heads",
            "printed_lab",
        ]
