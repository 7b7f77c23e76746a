"""The words of a command line as they are meant, in the grammar that Hydra reads.

Hydra's grammar takes 1.10 for the number 1.1, a comma for a sweep, and stumbles over many a file's name. A key
whose type is text takes the characters that were typed: an unquoted ``null`` is none, outer quotes go, and with
``-m`` an unquoted comma separates.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence
from dataclasses import dataclass

from hydra.conf import HydraConf

from rnnlab.config.commands import keys_by_name
from rnnlab.config.groups import Groups, conf_folder
from rnnlab.config.keys import holder, keys_of
from rnnlab.config.lookalikes import lookalike_problem
from rnnlab.config.unknown import unknown_key
from rnnlab.config.values import ValueReader
from rnnlab.errors import BadInputError, Problem, shell_word

LEGAL_KEY = re.compile(r"[\w/.@:$-]+", re.ASCII)
PARTS = re.compile(r"(?P<prefix>\+\+|\+|~|)(?P<key>[^=]*)(?P<equals>=?)(?P<value>.*)", re.DOTALL)


@dataclass(frozen=True)
class Word:
    """An override as it was typed.

    Attributes:
        typed: the whole of it.
        prefix: ``+``, ``++``, ``~`` or nothing.
        key: before the equals sign.
        value: behind it.
        has_value: whether there is an equals sign.
    """

    typed: str
    prefix: str
    key: str
    value: str
    has_value: bool

    @classmethod
    def of(cls, typed: str) -> Word:
        """Return the parts of a word."""
        found = PARTS.fullmatch(typed)
        assert found is not None  # noqa: S101 - every text matches
        return cls(typed, found["prefix"], found["key"], found["value"], bool(found["equals"]))

    def spelled(self, value: str) -> str:
        """Return it with another value, as it can be pasted into a shell."""
        return shell_word(self.prefix + self.key.strip(), value)


class Reader:
    """Reads the overrides of a command.

    Args:
        command: the command.
        groups: the config groups that it finds.
        multirun: whether a key may be given several values.
    """

    def __init__(self, command: str, groups: Groups, *, multirun: bool) -> None:
        self._keys = keys_by_name(command)
        self._groups = groups
        of_command = groups.names()
        if command != "train":
            of_command = [name for name in of_command if (key := self._keys.get(name)) and key.kind is not str]
        self._shipped = {*Groups([str(conf_folder())]).names()}.intersection(of_command)
        self._can_study = command == "train"
        self._value = ValueReader(self._keys, groups, of_command, multirun=multirun, can_study=self._can_study)

    def __call__(self, words: Sequence[str]) -> list[str]:
        """Return the overrides for Hydra.

        Raises:
            BadInputError: with each that cannot be meant so.
        """
        problems: list[Problem] = []
        overrides: list[str] = []
        before: Word | None = None
        rest = list(words)
        while rest:
            count = _words_of_one(rest)
            taken, rest = rest[:count], rest[count:]
            word = Word.of("".join(taken))
            if count > 1:
                mend = word.spelled(word.value)
                problems.append(Problem(" ".join(taken), None, "has a space beside =", mend))
                continue
            try:
                overrides.append(self._read(word, before))
            except BadInputError as error:
                problems += error.problems
            before = word
        if problems:
            raise BadInputError(problems)
        return overrides

    def _read(self, word: Word, before: Word | None) -> str:
        if any(char == "\0" or "\ud800" <= char <= "\udfff" for char in word.typed):
            raise BadInputError(Problem(word.typed, None, "holds bytes that are no text in UTF-8"))
        if not word.has_value and word.prefix != "~":
            raise BadInputError(self._without_value(word, before))
        if not LEGAL_KEY.fullmatch(word.key):
            raise BadInputError(self._illegal_key(word))
        if word.key.startswith(("hydra.", "hydra/")):
            if word.prefix.startswith("+") and "/" not in word.key and holder(word.key, HYDRAS_KEYS) is None:
                raise BadInputError(Problem(word.prefix + word.key, word.value, "is no key of Hydra's"))
            return word.typed
        is_there = word.key in self._keys or word.key in self._shipped
        if word.prefix == "~":
            if is_there:
                allowed = "cannot be taken away; without this word it has its default"
                raise BadInputError(Problem(word.typed, None, allowed))
            return word.typed
        if word.prefix == "+" and is_there:
            mend = shell_word(word.key, word.value)
            raise BadInputError(Problem(f"+{word.key}", word.value, "is there already, without a plus", mend))
        return f"{word.prefix}{word.key}={self._value(word.prefix + word.key, word.key, word.value)}"

    def _without_value(self, word: Word, before: Word | None) -> Problem:
        lookalike = lookalike_problem(word.typed, can_study=self._can_study)
        if lookalike is not None and lookalike.suggestion and "=" in lookalike.suggestion:
            return lookalike
        if before is None or not before.has_value:
            return Problem(word.typed, None, "must be written key=value")
        mend = before.spelled(f"{before.value} {word.typed}")
        held = holder(before.key, self._keys)
        plus = (shlex.quote(f"+{before.key}={before.value} {word.typed}"),) if held and held.is_free else ()
        allowed = "must be written key=value; a value with a space needs quotes"
        return Problem(word.typed, None, allowed, mend, alternatives=plus)

    def _illegal_key(self, word: Word) -> Problem:
        lookalike = lookalike_problem(word.typed, can_study=self._can_study)
        if not word.key.strip():
            return Problem(word.typed, None, "must be written key=value")
        if LEGAL_KEY.fullmatch(word.key.strip()):
            return Problem(word.typed, None, "has a space beside =", word.spelled(word.value.strip()))
        return lookalike or unknown_key(word.prefix + word.key, self._keys, self._groups, word.value)


HYDRAS_KEYS = {key.name: key for key in keys_of(HydraConf, "hydra.")}


def _words_of_one(words: Sequence[str]) -> int:
    """Return how many words at the beginning are one override that was typed with spaces beside its equals sign."""
    first, *rest = words
    if not rest or first.startswith("~"):
        return 1
    if "=" not in first:
        if rest[0] == "=" and len(rest) > 1 and "=" not in rest[1]:
            return 3
        return 2 if rest[0].startswith("=") else 1
    is_cut = first.endswith("=") and first.count("=") == 1 and "=" not in rest[0]
    return 2 if is_cut and not rest[0].startswith("~") else 1
