"""The Markdown documents that the tests hold to what they say: blocks, commands, links, pictures, numbers."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Iterable
from contextlib import chdir, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from functools import cached_property
from io import StringIO
from pathlib import Path

from helpers import REPOSITORY, rnnlab

from rnnlab.cli import dispatch
from rnnlab.errors import BadInputError

NUMBER = re.compile(r"\d[\d.,]*(?:e[+-]?\d+)?(?<![.,])")

Ended = tuple[str, int, str]
"""A command of a document, its exit code, and what it said."""


@dataclass(frozen=True)
class Document:
    """A Markdown file of the repository.

    Attributes:
        name: its path, relative to the repository.
    """

    name: str

    @property
    def folder(self) -> Path:
        """What its links are relative to."""
        return (REPOSITORY / self.name).parent

    @cached_property
    def text(self) -> str:
        return (REPOSITORY / self.name).read_text(encoding="utf-8")

    def blocks(self, language: str) -> list[str]:
        """Return what stands in the fenced blocks of a language."""
        return re.findall(rf"^```{language}\n(.*?)^```", self.text, flags=re.MULTILINE | re.DOTALL)

    @property
    def commands(self) -> list[str]:
        """The lines of all console blocks: what the tests execute."""
        return [line for block in self.blocks("console") for line in block.splitlines()]

    @property
    def links(self) -> list[str]:
        """Where its links and pictures point to, but for those out of the repository, without anchors."""
        targets = re.findall(r"\]\((?!http|#)([^)#]+)(?:#[^)]*)?\)", self.text)
        return [target for target in targets if target]

    @property
    def pictures(self) -> list[str]:
        """The files of its pictures, in their order."""
        return re.findall(r"!\[[^\]]*\]\(([^)]+)\)", self.text)

    @property
    def formulas(self) -> list[str]:
        """The formulas within its lines."""
        return re.findall(r"\$`([^`]+)`\$", self.text)

    @property
    def depths_of_headings(self) -> list[str]:
        """The signs that its headings begin with, in their order."""
        outside = re.sub(r"^```.*?^```", "", self.text, flags=re.MULTILINE | re.DOTALL)
        return re.findall(r"^(#+) ", outside, flags=re.MULTILINE)

    @property
    def made_files(self) -> list[str]:
        """The files below outputs/ that it names, as patterns: ``<...>`` stands for any name."""
        named = re.findall(r"`(outputs/[^`]+)`", self.text)
        return [re.sub("<[^>]*>", "*", name.rstrip("/")) for name in named]

    @property
    def numbers(self) -> list[str]:
        """All numbers of the text, in their order."""
        return NUMBER.findall(self.text)

    @property
    def numbers_of_tables(self) -> list[list[str]]:
        """The numbers of each line of its tables."""
        lines = [line for line in self.text.splitlines() if line.startswith("|")]
        return [NUMBER.findall(line) for line in lines]

    def missing_files(self) -> list[str]:
        """Return what it links to that is not there."""
        return [link for link in self.links if not (self.folder / link).exists()]


def executed(lines: Iterable[str], folder: Path) -> list[Ended]:
    """Run commands in their order, each in a process of its own, in a folder."""
    done = [(line, rnnlab(*shlex.split(line)[1:], folder=folder)) for line in lines]
    return [(line, end.returncode, end.stdout + end.stderr) for line, end in done]


def executed_here(lines: Iterable[str], folder: Path, words_of: Callable[[str], list[str]]) -> list[Ended]:
    """Run commands in their order, in this process, which imports everything once, in a folder.

    Args:
        lines: the commands, as a document has them.
        folder: where.
        words_of: the words to execute for a line.
    """
    return [(line, *_dispatched(words_of(line)[1:], folder)) for line in lines]


def _dispatched(words: list[str], folder: Path) -> tuple[int, str]:
    said = StringIO()
    with chdir(folder), redirect_stdout(said), redirect_stderr(said):
        try:
            code = dispatch(words)
        except BadInputError as error:
            return 2, str(error)
    return code, said.getvalue()


def failures(done: Iterable[Ended]) -> str:
    """Return what the failed commands said, or nothing."""
    return "\n".join(f"{line}\n{said}" for line, code, said in done if code != 0)
