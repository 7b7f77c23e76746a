"""The lab handbook is true: its commands are executed, its Chinese twin says the same, what it names is there."""

import shlex
from collections import Counter

import pytest
from documents import Document, executed_here, failures

ENGLISH = Document("docs/lab.md")
CHINESE = Document("docs/lab.zh-CN.md")
TEACHER = Document("docs/teacher.md")
ALL = pytest.mark.parametrize("document", [ENGLISH, CHINESE, TEACHER], ids=lambda document: document.name)
LARGEST_PICTURE = 300_000
"""Bytes."""

SHOWS_ONLY = {"--cfg", "--help", "study.dry_run=true"}
SMALL = ["trainer.max_epochs=2", "model.hidden_size=8", "data.rollout_steps=20"]
ONE_MORE_EPOCH = ["trainer.max_epochs=3"]
FEW_RUNS = ["seed=0,1", "function=cos"]


def words_of(line):
    """Return the words that the tests execute for a command of the book.

    They are the book's own, but a command that trains is made short by overrides at its end, where the last one
    of a key counts:

    * `rnnlab train`: two epochs with eight hidden units, and a short closed loop;
    * `rnnlab train resume=`: up to the third epoch, for the run has the size that it has;
    * `rnnlab train -m`: also two seeds on one function.

    A command that trains nothing, or trains a run again from its record, is executed to the letter.
    """
    words = shlex.split(line)
    if words[1] != "train" or SHOWS_ONLY & set(words):
        return words
    if any(word.startswith("resume=") for word in words):
        return words + ONE_MORE_EPOCH
    return words + SMALL + (FEW_RUNS if "-m" in words else [])


@pytest.fixture(scope="module")
def room(tmp_path_factory):
    """A fresh folder: the student works in it, then the teacher."""
    return tmp_path_factory.mktemp("handbook")


@pytest.fixture(scope="module")
def done(room):
    """How each command of the book ended, and after them each of the teacher's."""
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("RNNLAB_HOME", raising=False)
        return {book.name: executed_here(book.commands, room, words_of) for book in (ENGLISH, TEACHER)}


@pytest.mark.parametrize("book", [ENGLISH, TEACHER], ids=lambda book: book.name)
def test_the_commands_of_the_book_work_in_their_order(done, book):
    assert done[book.name]
    assert not failures(done[book.name])


def test_files_that_the_book_says_are_made_are_made(done, room):
    assert len(ENGLISH.made_files) >= 6
    assert [name for name in ENGLISH.made_files if not list(room.glob(name))] == []


def test_commands_that_train_nothing_are_executed_to_the_letter():
    for line in ("rnnlab report study=latest", "rnnlab train -m study=quick study.dry_run=true"):
        assert words_of(line) == shlex.split(line)


def test_the_chinese_book_has_the_same_commands():
    assert CHINESE.commands == ENGLISH.commands


def test_the_chinese_book_has_the_same_formulas():
    assert CHINESE.blocks("math") == ENGLISH.blocks("math")
    assert Counter(CHINESE.formulas) == Counter(ENGLISH.formulas)


def test_the_chinese_book_has_the_same_pictures():
    assert CHINESE.pictures == ENGLISH.pictures


def test_the_chinese_book_has_the_same_numbers():
    assert CHINESE.numbers_of_tables == ENGLISH.numbers_of_tables
    assert Counter(CHINESE.numbers) == Counter(ENGLISH.numbers)


def test_the_chinese_book_has_the_same_structure():
    assert CHINESE.depths_of_headings == ENGLISH.depths_of_headings


@ALL
def test_files_that_the_book_links_to_exist(document):
    assert document.missing_files() == []


@ALL
def test_pictures_of_the_book_are_small(document):
    there = [document.folder / name for name in document.pictures if (document.folder / name).exists()]
    assert [path.name for path in there if path.stat().st_size >= LARGEST_PICTURE] == []
