"""The README is true: its commands are executed, its example cell trains, what it names is there."""

import re
import shlex

import pytest
from helpers import REPOSITORY, rnnlab

README = (REPOSITORY / "README.md").read_text(encoding="utf-8")
LONG_RUNNING = {"rnnlab train -m study=quick", "rnnlab ui"}
"""Commands that other tests execute: CI runs the study, test_cli opens the pages."""


def blocks(language):
    return re.findall(rf"^```{language}\n(.*?)^```", README, flags=re.MULTILINE | re.DOTALL)


def commands():
    return [line for block in blocks("console") for line in block.splitlines()]


@pytest.fixture(scope="module")
def room(tmp_path_factory):
    """A folder with the files that the README tells the reader to write."""
    folder = tmp_path_factory.mktemp("readme")
    (python,) = blocks("python")
    (folder / "my_lab.py").write_text(python)
    (study,) = blocks("yaml")
    (folder / "mine" / "study").mkdir(parents=True)
    (folder / "mine" / "study" / "rates.yaml").write_text(study)
    return folder


def test_the_commands_of_the_readme_work_in_their_order(room):
    executed = [line for line in commands() if line not in LONG_RUNNING]
    assert len(executed) >= 6
    for line in executed:
        done = rnnlab(*shlex.split(line)[1:], folder=room)
        assert done.returncode == 0, f"{line}\n{done.stdout}{done.stderr}"


def test_long_running_commands_are_still_in_the_readme():
    assert set(commands()) >= LONG_RUNNING


def test_make_targets_of_the_readme_exist():
    makefile = (REPOSITORY / "Makefile").read_text(encoding="utf-8")
    for target in set(re.findall(r"make ([a-z]+)\b", README)) - {"it"}:
        assert re.search(rf"^{target}:", makefile, flags=re.MULTILINE), target


def test_files_that_the_readme_links_to_exist():
    for link in re.findall(r"\]\((?!http)([^)]+)\)", README):
        assert (REPOSITORY / link).is_file(), link
