"""A config key's meaning and its legal range, kept in the dataclass field that holds it."""

from __future__ import annotations

import dataclasses
import math
import typing
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any


@dataclass(frozen=True)
class Range:
    """Which values are legal for a key, beyond their type."""

    at_least: float | None = None
    above: float | None = None
    below: float | None = None
    at_most: float | None = None
    choices: tuple[str, ...] = ()

    def holds(self, value: Any) -> bool:
        """Return whether ``value`` is legal."""
        if self.choices:
            return value in self.choices
        if isinstance(value, float) and not math.isfinite(value):
            return False
        return (
            (self.at_least is None or value >= self.at_least)
            and (self.above is None or value > self.above)
            and (self.below is None or value < self.below)
            and (self.at_most is None or value <= self.at_most)
        )

    def bounds(self) -> str:
        """Return the bounds as the end of a sentence: ``, at least 1``."""
        named = (
            ("at least", self.at_least),
            ("greater than", self.above),
            ("less than", self.below),
            ("at most", self.at_most),
        )
        return "".join(f", {word} {bound:.12g}" for word, bound in named if bound is not None)


def key(default: Any, meaning: str, **bounds: Any) -> Any:
    """Return a dataclass field: a config key with its default, its meaning and its legal range.

    Args:
        default: the default value; a class makes a nested section.
        meaning: one line for ``--help`` and ``--cfg job``.
        bounds: the fields of `Range`.
    """
    metadata = {"meaning": meaning, "range": Range(**bounds)}
    if isinstance(default, type):
        return field(default_factory=default, metadata=metadata)
    return field(default=default, metadata=metadata)


@dataclass(frozen=True)
class Key:
    """One key of a typed config.

    Attributes:
        name: the dotted name, such as ``data.window``.
        kind: bool, int, float, str or dict (of any content), or a dataclass.
        optional: whether null is legal.
        meaning: one line.
        range: the legal values.
    """

    name: str
    kind: Any
    optional: bool
    meaning: str
    range: Range

    @property
    def is_section(self) -> bool:
        """Whether the key holds a typed section with keys of its own."""
        return dataclasses.is_dataclass(self.kind)

    @property
    def is_free(self) -> bool:
        """Whether the key may hold keys of any name: the parameters of a Python object, options of another tool."""
        return self.kind in (dict, Any)

    @property
    def is_scalar(self) -> bool:
        """Whether the key holds one number, or yes or no."""
        return self.kind in (int, float, bool)

    def allowed(self) -> str:
        """Return what is allowed, as the rest of a sentence."""
        kinds = {
            int: "a whole number",
            float: "a finite number",
            str: "a text",
            bool: "true or false",
            list: "a list of texts in square brackets",
        }
        if self.range.choices:
            allowed = f"must be one of {', '.join(self.range.choices)}"
        else:
            allowed = f"must be {kinds.get(self.kind, 'a section of keys')}{self.range.bounds()}"
        return allowed + (", or null" if self.optional else "")


def holder(name: str, keys: Mapping[str, Key]) -> Key | None:
    """Return the key of a dotted name, or the free one that holds it among others; None if nobody knows it."""
    path = name
    while path:
        known = keys.get(path)
        if known is not None:
            return known if path == name or known.is_free else None
        path = path.rpartition(".")[0]
    return None


def keys_of(config: type, prefix: str = "") -> tuple[Key, ...]:
    """Return every key of a config dataclass, each section before its own keys."""
    return _known_keys(config, prefix)  # the cache is of its own: mypy takes no type[Any] for hashable


@cache
def _known_keys(config: type, prefix: str) -> tuple[Key, ...]:
    return tuple(_keys(config, prefix))


def _keys(config: type, prefix: str) -> Iterator[Key]:
    hints = typing.get_type_hints(config)
    for item in dataclasses.fields(config):
        alternatives = typing.get_args(hints[item.name])
        optional = type(None) in alternatives
        kind = next((a for a in alternatives if a is not type(None)), None) if optional else hints[item.name]
        found = Key(
            prefix + item.name,
            typing.get_origin(kind) or kind,
            optional,
            str(item.metadata.get("meaning", "")),
            item.metadata.get("range", Range()),
        )
        yield found
        if found.is_section:
            yield from keys_of(found.kind, f"{found.name}.")
