"""A run's fingerprint: what decides its result, config and code, in one short text."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import is_dataclass
from typing import Any

from rnnlab.config.record import config_hash
from rnnlab.config.schema import RunConfig
from rnnlab.provenance.code import code_id
from rnnlab.provenance.own_code import OwnCode, own_code

DIGITS = 16
OTHER_CONFIG, OTHER_CODE = "begun with another config", "begun with other code"
"""Fingerprints of runs that went on with another config or code: no new run is like them."""

DOTTED = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)+")


def fingerprint(config: RunConfig, code_of: Callable[[tuple[str, ...]], OwnCode] = own_code) -> str:
    """Return 16 hexadecimal digits that two runs share if their config and their code are the same.

    The code is rnnlab's source, and of the user's own code that the config names all that is used.

    Args:
        config: of a run.
        code_of: `own_code`, or for many runs what remembers its answers; `running_code` for a run that begins here.
    """
    parts = [config_hash(config), code_id(), *code_of(named_code(config)).parts()]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:DIGITS]


def named_code(config: RunConfig) -> tuple[str, ...]:
    """Return the dotted paths of the objects that a config names, however deep, as ``_target_`` or beside one."""
    return tuple(sorted(set(_named(config))))


def _named(values: Any, *, inside: bool = False) -> Iterator[str]:
    if is_dataclass(values):
        yield from _named(vars(values), inside=inside)
    elif isinstance(values, Mapping):
        inside = inside or "_target_" in values
        for value in values.values():
            yield from _named(value, inside=inside)
    elif isinstance(values, list | tuple):
        for value in values:
            yield from _named(value, inside=inside)
    elif inside and isinstance(values, str) and DOTTED.fullmatch(values):
        yield values
