"""Hydra's and OmegaConf's errors as problems that name the key, the value, what is allowed and the mend."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from hydra.errors import MissingConfigException, OverrideParseException

from rnnlab.config.groups import Groups
from rnnlab.config.keys import Key, keys_of
from rnnlab.config.unknown import unknown_key
from rnnlab.errors import BadInputError, Problem, listed, nearest, shell_word


def translated(error: BaseException, schema: Any, groups: Groups, arguments: Sequence[str] = ()) -> BadInputError:
    """Return the error as bad input.

    Args:
        error: what Hydra or OmegaConf raised while it composed the config.
        schema: the dataclass of the command.
        groups: the config groups, for the nearest spelling.
        arguments: the overrides that were given, to find the value in.
    """
    if isinstance(error, MissingConfigException):
        return BadInputError(_missing_option(error))
    if isinstance(error, OverrideParseException):
        override = str(error.override)
        why = "must be written key=value" if "=" not in override else "is not a value that Hydra can read"
        return BadInputError(Problem(override, None, why + " (quote it if it holds special characters)"))
    given_values = _values(arguments)
    cause: BaseException = error
    while cause.__cause__ is not None and not hasattr(cause, "full_key"):
        cause = cause.__cause__
    name = getattr(cause, "full_key", None)
    if name:
        keys = {key.name: key for key in keys_of(schema)}
        name = re.sub(r"(\[\d+\])+$", "", str(name))  # of an entry of a list
        return BadInputError(_illegal_key_or_value(name, cause, keys, groups, given_values))
    there = re.match(
        r"(?:Could not append to config. An item is already at '|Multiple values for )([\w.]+)", str(error)
    )
    if there:
        value = given_values.get(there[1], "")
        mend = shell_word(there[1], value)
        return BadInputError(Problem(f"+{there[1]}", value, "is there already, without a plus", mend))
    sweep = re.match(r"Ambiguous value for argument '(.*?)'", str(error))
    if sweep:
        return BadInputError(Problem(sweep[1], None, "is several values: add -m for a study of them all"))
    return BadInputError(Problem(" ".join(arguments) or "config", None, _first_lines(error)))


def _missing_option(error: MissingConfigException) -> Problem:
    group, _, option = str(error.missing_cfg_file).rpartition("/")
    legal = [str(entry) for entry in error.options or []]
    near = nearest(option, legal)
    return Problem(
        group or "config", option, f"must be one of {listed(legal)}", shell_word(group, near) if near else None
    )


def _illegal_key_or_value(
    name: str, cause: BaseException, keys: dict[str, Key], groups: Groups, given: dict[str, str]
) -> Problem:
    known = keys.get(name)
    unknown = "not in struct" in str(cause) or re.search(r"^Key '.*' not in '", str(cause))
    if known is None or unknown:
        return unknown_key(name, keys, groups, given.get(name))
    if known.is_section:
        first = next(key for key in keys if key.startswith(f"{name}."))
        return Problem(name, given.get(name), f"is a section; give one of its keys, such as {first}")
    value = given.get(name)
    listed_alone = known.kind is list and value is not None and not set(value) & set("[]{}")
    return Problem(name, value, known.allowed(), shell_word(name, f"[{value}]") if listed_alone else None)


def _values(arguments: Sequence[str]) -> dict[str, str]:
    found = {}
    for argument in arguments:
        name, equals, value = argument.partition("=")
        if equals:
            found[name.lstrip("+~")] = value
    return found


def _first_lines(error: BaseException) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return "; ".join(lines[:2]).rstrip(".") or type(error).__name__
