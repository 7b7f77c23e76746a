"""What can go wrong, and the exit code that tells a script which of it did."""

from __future__ import annotations

import difflib
import re
import shlex
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

EXIT_DONE = 0
EXIT_RUN_FAILED = 1
EXIT_BAD_INPUT = 2


def nearest(word: str, legal: Iterable[str]) -> str | None:
    """Return the entry of ``legal`` spelled most like ``word``, or None if none comes near."""
    close = nearest_few(word, legal, 1)
    return close[0] if close else None


def nearest_few(word: str, legal: Iterable[str], most: int = 3) -> list[str]:
    """Return the entries of ``legal`` spelled most like ``word``, the nearest first."""
    return difflib.get_close_matches(word, list(legal), n=most, cutoff=0.6)


def without_credentials(text: str) -> str:
    """Return a text without the user and password that an address in it may hold: it is going to be shown."""
    return re.sub(r"(?<=://)\S*@", "", text)


def shell_word(key: str, value: object) -> str:
    """Return an override as it can be pasted into a shell."""
    return shlex.quote(f"{key}={value}")


def listed(legal: Iterable[object]) -> str:
    """Return the legal values as a sentence shows them: ``cos, sin``."""
    return ", ".join(str(value) for value in legal)


@dataclass(frozen=True)
class Problem:
    """One mistake in what the user gave.

    Attributes:
        key: the key as it is written on the command line, such as ``data.window``.
        value: the value that was given, or None where the key itself is the mistake.
        allowed: what would be right, as the rest of a sentence.
        suggestion: the nearest legal spelling of the whole override, as it can be pasted into a shell, or None.
        where: which of several jobs has the mistake, the first of them, or None.
        command: a command of the shell that mends it, shown on a line of its own to be pasted, or None.
        alternatives: further spellings, for where the suggestion would not be accepted.
    """

    key: str
    value: object
    allowed: str
    suggestion: str | None = None
    where: str | None = None
    command: str | None = None
    alternatives: tuple[str, ...] = ()

    def __str__(self) -> str:
        """Return the problem as a sentence or two, without a password that was given in an address."""
        given = visible(self.key if self.value is None else f"{self.key}={self.value}")
        mend = f" Did you mean {self.suggestion}?" if self.suggestion else ""
        place = f" ({self.where})" if self.where else ""
        command = f" This mends it:\n    {self.command}" if self.command else ""
        return without_credentials(f"{given}: {self.allowed}.{mend}{place}{command}")


def visible(text: str) -> str:
    """Return a text with escapes for what a terminal would not show but obey."""
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in text)


class BadInputError(Exception):
    """What the user gave cannot be used; nothing was created. Ends a command with exit code 2."""

    def __init__(self, problems: Problem | Sequence[Problem]) -> None:
        self.problems = [problems] if isinstance(problems, Problem) else list(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))

    def __reduce__(self) -> tuple[type[BadInputError], tuple[list[Problem]]]:
        """Travel between processes with the problems, not with the text made of them."""
        return type(self), (self.problems,)


class StoreAwayError(Exception):
    """The MLflow store cannot be reached now: it is locked, full, broken or down."""


class StoreRefusesError(StoreAwayError):
    """The server does not let this user in, or not do what was asked; to a run under way it is away.

    Attributes:
        problem: what to do about it.
    """

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        super().__init__(problem)


class DivergedError(Exception):
    """The loss of a run is no longer a number."""

    def __init__(self, epoch: int, step: int, loss: float) -> None:
        self.epoch, self.step, self.loss = epoch, step, loss
        super().__init__(
            f"the loss is {loss} in epoch {epoch}, step {step}: the run diverged. "
            "A smaller optimizer.lr or trainer.gradient_clip=1 often helps.",
        )

    def __reduce__(self) -> tuple[type[DivergedError], tuple[int, int, float]]:
        """Travel between processes with the numbers."""
        return type(self), (self.epoch, self.step, self.loss)
