"""The Markdown documents that the tests hold to what they say: blocks, commands, links, pictures, numbers."""

from __future__ import annotations

import re
import shlex
import subprocess
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from helpers import REPOSITORY, rnnlab

NUMBER = re.compile(r"\d[\d.,]*(?:e[+-]?\d+)?(?<![.,])")

Ended = tuple[str, subprocess.CompletedProcess[str]]
"""A command of a document, and how it ended."""


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


def executed(lines: Iterable[str], folder: Path, words_of: Callable[[str], list[str]] = shlex.split) -> list[Ended]:
    """Run commands in their order, in a folder; return each with how it ended.

    Args:
        lines: the commands, as a document has them.
        folder: where.
        words_of: the words to execute for a line; by default the line's own.
    """
    return [(line, rnnlab(*words_of(line)[1:], folder=folder)) for line in lines]


def failures(done: Iterable[Ended]) -> str:
    """Return what the failed commands said, or nothing."""
    return "\n".join(f"{line}\n{end.stdout}{end.stderr}" for line, end in done if end.returncode != 0)
