"""A few rounds of the fault campaign, with a fixed seed; `scripts/faults.py` makes as many as asked."""

import subprocess
import sys

import pytest
from helpers import PATIENCE, REPOSITORY, environment


@pytest.mark.parametrize(
    ("words", "checks"),
    [(["campaign", "--rounds", "3", "--seed", "5"], 3), (["calls", "--every", "17"], 5)],
    ids=["at random moments", "in system calls"],
)
def test_runs_that_are_killed_end_like_an_undisturbed_one(words, checks, tmp_path):
    done = subprocess.run(
        [sys.executable, str(REPOSITORY / "scripts" / "faults.py"), *words],
        cwd=tmp_path,
        env=environment() | {"PYTHONPATH": str(REPOSITORY)},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("    ok  ") >= checks
    assert "WRONG" not in done.stdout
