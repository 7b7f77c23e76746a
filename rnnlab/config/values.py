"""The values of overrides as they are meant: texts, names of options, lists, numbers."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Any

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import ChoiceSweep, Override, RangeSweep, Sweep
from hydra.errors import HydraException

from rnnlab.config.groups import Groups
from rnnlab.config.keys import Key, holder
from rnnlab.config.lookalikes import lookalike_problem
from rnnlab.config.pieces import is_balanced, list_items, pieces
from rnnlab.config.quoting import as_value, easily_quoted, without_quotes
from rnnlab.config.yaml_texts import SBATCH, is_switch_or_count
from rnnlab.errors import BadInputError, Problem, listed, shell_word

ALWAYS_READ = re.compile(r"[\w.+-]+", re.ASCII)
"""Values that Hydra's grammar can read, whatever they are."""

SWEEP = re.compile(r"(?P<name>choice|glob|interval|range|shuffle|sort|tag)\s*\((?P<inside>.*)\)", re.DOTALL)
"""Hydra's functions of several values."""

MOST_WRITTEN_OUT = 30
"""Values that a message writes out."""

OF_A_WHOLE_STUDY = ("study", "tracking", "cluster")
NAMES_OF_OPTIONS = ("function", "cell")
"""Texts of `rnnlab runs` that are one of a list and hold no comma."""


class ValueReader:
    """Reads the values of a command's overrides.

    Args:
        keys: of the command, by their dotted names.
        groups: the config groups that it finds.
        names: of the groups that it chooses from.
        multirun: whether a key may be given several values.
        can_study: whether it may with ``-m``.
    """

    def __init__(
        self, keys: Mapping[str, Key], groups: Groups, names: Collection[str], *, multirun: bool, can_study: bool
    ) -> None:
        self._keys = keys
        self._groups = groups
        self._names = names
        self._multirun = multirun
        self._can_study = can_study
        self._parser = OverridesParser.create()

    def __call__(self, given: str, key: str, value: str) -> str:
        """Return a value for Hydra.

        Args:
            given: the key as it was typed, with a plus before it or not.
            key: the key.
            value: as it was typed.

        Raises:
            BadInputError: it cannot be meant so.
        """
        known = self._keys.get(key)
        if self._is_option(key, known, value):
            return self._option(given, key, value)
        if (known is not None and known.kind is str) or key.endswith("._target_"):
            return self._text(given, value)
        if known is not None and known.kind is list:
            return self._list(given, value)
        if key.startswith(f"{SBATCH}.") and value[:1] not in ("[", "{"):
            return value if value == "null" or is_switch_or_count(value) else self._text(given, value)
        return self._other(given, key, value)

    def _is_option(self, key: str, known: Key | None, value: str) -> bool:
        """Return whether a key takes one word of a list; a section in braces is none."""
        if known is not None and known.kind is str:
            return bool(known.range.choices) or key in NAMES_OF_OPTIONS
        return (key in self._names or (known is not None and known.kind is Any)) and not value.startswith("{")

    def _option(self, given: str, key: str, value: str) -> str:
        if key not in self._names or value not in self._groups.options(key):
            problem = lookalike_problem(f"{given}={value}", can_study=self._can_study)
            if problem is not None:
                raise BadInputError(problem)
        listed_ = list_items(value)
        if listed_ is not None:
            raise BadInputError(self._several(given, value, ",".join(listed_)))
        if value == "null" and key in self._names:
            raise BadInputError(Problem(key, value, f"must be one of {listed(self._groups.options(key))}"))
        sweep, parts = SWEEP.fullmatch(value), pieces(value)
        if not self._multirun:
            if sweep or len(parts) > 1:
                raise BadInputError(self._several(given, value, value))
            return as_text(given, value)
        if sweep and sweep["name"] != "choice":
            return value
        parts = pieces(sweep["inside"]) if sweep else parts
        if any(list_items(part) is not None for part in parts):
            items = (item for part in parts for item in list_items(part) or [part])
            raise BadInputError(self._several(given, value, ",".join(items)))
        return self._texts(given, value, parts)

    def _text(self, given: str, value: str) -> str:
        sweep, parts = SWEEP.fullmatch(value), pieces(value)
        if not self._multirun or (len(parts) == 1 and not sweep):
            return as_text(given, value)
        if sweep and sweep["name"] != "choice":
            numbers = self._parsed(given, value)
            if not all(
                isinstance(number, int | str) and not isinstance(number, bool) for number in _swept(numbers)
            ):
                raise BadInputError(Problem(given, value, "must be written out, as a,b,c: each is a text"))
            return value
        return self._texts(given, value, pieces(sweep["inside"]) if sweep else parts)

    def _texts(self, given: str, value: str, parts: list[str]) -> str:
        """Return several texts as Hydra's grammar has them."""
        if not all(map(is_balanced, parts)):
            allowed = "has a comma inside brackets: one text with commas is quoted, several texts have no brackets"
            items = list_items(value)
            others = (shell_word(given, ",".join(items)),) if items else ()
            raise BadInputError(
                Problem(given, value, allowed, shell_word(given, easily_quoted(value)), alternatives=others)
            )
        if "" in parts and len(parts) > 1:
            raise BadInputError(Problem(given, value, "has nothing between two commas; '' is an empty text"))
        return ",".join(as_text(given, part) for part in parts)

    def _list(self, given: str, value: str) -> str:
        if value == "null":
            return value
        items = list_items(value)
        if items is None:
            allowed = "must be a list of texts in brackets"
            raise BadInputError(Problem(given, value, allowed, shell_word(given, f"[{value}]")))
        if any(list_items(item) is not None for item in items):
            raise BadInputError(Problem(given, value, "must be a list of texts, not of lists"))
        return f"[{','.join(as_text(given, item) for item in items)}]"

    def _other(self, given: str, key: str, value: str) -> str:
        if ALWAYS_READ.fullmatch(value):
            return value
        parsed, known = self._parsed(given, value), self._keys.get(key)
        self._check_unmixed(given, value, parsed)
        if known is not None and known.is_scalar:
            parts = _swept(parsed)
            if any(isinstance(part, list) for part in parts):
                items = [item for part in parts for item in (part if isinstance(part, list) else [part])]
                raise BadInputError(self._several(given, value, ",".join(map(str, items))))
        if parsed.is_sweep_override() and not self._multirun:
            raise BadInputError(self._several(given, value, value))
        return value

    def _check_unmixed(self, given: str, value: str, parsed: Override) -> None:
        """Make sure that an override does not list a range among single values, which Hydra cannot read.

        Raises:
            BadInputError: it does.
        """
        parts = _swept(parsed)
        if not any(isinstance(part, Sweep) for part in parts):
            return
        allowed = "holds a range beside other values; write each of them out"
        mend = None
        if all(not isinstance(part, Sweep) or isinstance(part, RangeSweep) for part in parts):
            items = [item for part in parts for item in (part.range() if isinstance(part, RangeSweep) else [part])]
            written = ",".join(str(item) for item in items)
            mend = shell_word(given, written) if len(items) <= MOST_WRITTEN_OUT else None
        raise BadInputError(Problem(given, value, allowed, mend))

    def _parsed(self, given: str, value: str) -> Override:
        """Return an override as Hydra reads it.

        Raises:
            BadInputError: its grammar has no such value.
        """
        word = f"{given}={value}"
        try:
            return self._parser.parse_override(word)
        except HydraException as error:
            problem = lookalike_problem(word, can_study=self._can_study)
            if problem is None:
                held = holder(given.lstrip("+"), self._keys)
                mend = shell_word(given, easily_quoted(value)) if held is not None and held.is_free else None
                problem = Problem(word, None, "is not a value that can be read", mend)
            raise BadInputError(problem) from error

    def _several(self, given: str, value: str, mended: str) -> Problem:
        """Return what is wrong with several values where one belongs."""
        if not self._can_study or given.partition(".")[0] in OF_A_WHOLE_STUDY:
            return Problem(given, value, "is several values; give one of them")
        word = shell_word(given, mended)
        if self._multirun:
            return Problem(given, value, "is several values, which have no brackets with -m", word)
        return Problem(given, value, "is several values: add -m for a study of them all", f"-m {word}")


def as_text(given: str, value: str) -> str:
    """Return a value for Hydra that is the text which was typed: unquoted null is none, outer quotes go.

    Raises:
        BadInputError: it is the one text that means something else to OmegaConf.
    """
    if without_quotes(value) == "???":
        raise BadInputError(Problem(given, value, "stands for a value that is missing; it must be another text"))
    return value if value == "null" else as_value(without_quotes(value))


def _swept(override: Override) -> list[Any]:
    """Return the values that an override lists, or of a range the numbers that it is made of."""
    value = override.value()
    if isinstance(value, ChoiceSweep):
        return list(value.list)
    if isinstance(value, RangeSweep):
        return [value.start, value.stop, value.step]
    return [value]
