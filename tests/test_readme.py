"""The README is true: its commands are executed, its example cell trains, what it names is there."""

import re

import pytest
from documents import Document, executed, failures
from helpers import REPOSITORY

README = Document("README.md")
CHINESE = Document("README.zh-CN.md")
LONG_RUNNING = {"rnnlab train -m study=quick", "rnnlab ui"}
"""Commands that other tests execute: CI runs the study, test_cli opens the pages."""


@pytest.fixture(scope="module")
def room(tmp_path_factory):
    """A folder with the files that the README tells the reader to write."""
    folder = tmp_path_factory.mktemp("readme")
    (python,) = README.blocks("python")
    (folder / "my_lab.py").write_text(python)
    (study,) = README.blocks("yaml")
    (folder / "mine" / "study").mkdir(parents=True)
    (folder / "mine" / "study" / "rates.yaml").write_text(study)
    return folder


def test_the_commands_of_the_readme_work_in_their_order(room):
    lines = [line for line in README.commands if line not in LONG_RUNNING]
    assert len(lines) >= 6
    assert not failures(executed(lines, room))


def test_long_running_commands_are_still_in_the_readme():
    assert set(README.commands) >= LONG_RUNNING


def test_make_targets_of_the_readme_exist():
    makefile = (REPOSITORY / "Makefile").read_text(encoding="utf-8")
    for target in set(re.findall(r"make ([a-z]+)\b", README.text)) - {"it"}:
        assert re.search(rf"^{target}:", makefile, flags=re.MULTILINE), target


@pytest.mark.parametrize("document", [README, CHINESE], ids=lambda document: document.name)
def test_files_that_the_readme_links_to_exist(document):
    assert document.missing_files() == []


@pytest.mark.parametrize("language", ["console", "python", "yaml"])
def test_the_chinese_readme_has_the_same_code(language):
    assert CHINESE.blocks(language) == README.blocks(language)


def test_the_chinese_readme_has_the_same_pictures_and_the_same_numbers_in_its_tables():
    assert CHINESE.pictures == README.pictures
    assert CHINESE.numbers_of_tables == README.numbers_of_tables


def test_the_two_readmes_link_to_each_other():
    assert CHINESE.name in README.links
    assert README.name in CHINESE.links
