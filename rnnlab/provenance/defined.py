"""What is defined in a session that has no file, such as a notebook: told by what its functions do."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from types import CodeType, FunctionType, ModuleType
from typing import Any

DIGITS = 16
MAIN = ("__main__", "__mp_main__")
PLAIN = (int, float, complex, str, bytes, type(None))
NO_PART = (
    "__module__",
    "__doc__",
    "__dict__",
    "__weakref__",
    "__qualname__",
    "__firstlineno__",
    "__static_attributes__",
)
"""What a class has and does not do anything; some of it differs from one session to the next."""


def digest_of_defined(main: ModuleType, name: str) -> tuple[str, list[str]]:
    """Return a hash of a session's object with all of the session that it uses, and the modules that it uses.

    Args:
        main: the session.
        name: of the object in it; what follows a dot is looked up in that.
    """
    found = _Found([name.partition(".")[0]])
    lines = []
    while found.names:
        word = found.names.pop()
        if word not in found.seen and hasattr(main, word):
            found.seen.add(word)
            lines.append(f"{word} = {' '.join(_described(getattr(main, word), found))}")
    return hashlib.sha256("\n".join(sorted(lines)).encode()).hexdigest()[:DIGITS], sorted(found.modules)


@dataclass
class _Found:
    """What was come across: names of the session that are still to be looked up, and modules.

    Attributes:
        names: still to be looked up.
        modules: that something comes from.
        seen: names and, by their ids, objects that were described.
    """

    names: list[str]
    modules: set[str] = field(default_factory=set)
    seen: set[str | int] = field(default_factory=set)


def _described(value: Any, found: _Found) -> Iterator[str]:
    """Yield what makes a value."""
    if isinstance(value, PLAIN):
        yield repr(value)
        return
    if isinstance(value, ModuleType):
        found.modules.add(value.__name__)
    elif isinstance(value, CodeType):
        found.names += value.co_names
    yield getattr(value, "__qualname__", type(value).__qualname__)
    if id(value) in found.seen:
        return
    if isinstance(value, type | FunctionType):
        found.seen.add(id(value))  # a class holds methods that hold the class
    inner = _inner(value)
    if inner is None:
        module = str(getattr(value, "__module__", None) or type(value).__module__)
        found.modules.update({module} - {*MAIN})
        return
    for part in inner:
        yield from _described(part, found)


def _inner(value: Any) -> list[Any] | None:
    """Return what a value consists of; None of one that is defined elsewhere."""
    inner: list[Any] | None = None
    match value:
        case CodeType():
            names = value.co_names, value.co_varnames, value.co_freevars, value.co_argcount, value.co_kwonlyargcount
            inner = [value.co_code, names, value.co_consts]
        case FunctionType() if value.__module__ in MAIN:
            inner = [value.__code__, value.__defaults__, value.__kwdefaults__, *_closed_over(value)]
        case type() if value.__module__ in MAIN:
            inner = [value.__bases__, [item for item in sorted(vars(value).items()) if item[0] not in NO_PART]]
        case staticmethod() | classmethod():
            inner = [value.__func__]
        case property():
            inner = [value.fget, value.fset]
        case tuple() | list():
            inner = list(value)
        case set() | frozenset():
            inner = sorted(value, key=repr)
        case dict():
            inner = list(value.items())
    return inner


def _closed_over(function: FunctionType) -> Iterator[Any]:
    for cell in function.__closure__ or ():
        with suppress(ValueError):  # it is empty
            yield cell.cell_contents
