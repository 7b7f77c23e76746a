"""Hydra's and OmegaConf's errors as problems that name the key, the value, what is allowed and the mend."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from hydra.errors import MissingConfigException, OverrideParseException
from omegaconf.errors import OmegaConfBaseException

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
    composing = re.match(r"In '(.+)': \w+ raised while composing config", str(error))
    if composing and isinstance(error.__context__, OmegaConfBaseException):
        return BadInputError(_in_file(f"{composing[1]}.yaml", error.__context__, schema))
    given_values = _values(arguments)
    keys = {key.name: key for key in keys_of(schema)}
    cause: BaseException = error
    while cause.__cause__ is not None and not hasattr(cause, "full_key"):
        cause = cause.__cause__
    name = getattr(cause, "full_key", None)
    if name:
        name = re.sub(r"(\[\d+\])+$", "", str(name))  # of an entry of a list
        return BadInputError(_illegal_key_or_value(name, cause, keys, groups, given_values))
    return BadInputError(_of_hydra(str(error), keys, groups, given_values) or _as_said(error, arguments))


def _of_hydra(message: str, keys: dict[str, Key], groups: Groups, given: dict[str, str]) -> Problem | None:
    """Return what one of Hydra's own messages about an override says, or None of another one."""
    there = re.match(
        r"(?:Could not append to config. An item is already at '|Multiple values for )([\w.]+)", message
    )
    if there:
        value = given.get(there[1], "")
        return Problem(f"+{there[1]}", value, "is there already, without a plus", shell_word(there[1], value))
    nowhere = re.match(r"Could not override '(.*?)'", message)
    if nowhere:
        return unknown_key(nowhere[1], keys, groups, given.get(nowhere[1]))
    sweep = re.match(r"Ambiguous value for argument '(.*?)'", message)
    return Problem(sweep[1], None, "is several values: add -m for a study of them all") if sweep else None


def _as_said(error: BaseException, arguments: Sequence[str]) -> Problem:
    return Problem(" ".join(arguments) or "config", None, _first_lines(error))


def _in_file(file: str, cause: OmegaConfBaseException, schema: Any) -> Problem:
    """Return what is wrong with the value of a key in a file."""
    name = re.sub(r"(\[\d+\])+$", "", str(cause.full_key))
    known = {key.name: key for key in keys_of(schema)}.get(name)
    if known is None:
        allowed = "is no section of the config; begin the file with # @package _global_"
        if name.startswith("hydra."):
            allowed = "is no key of Hydra's; what a study sweeps stands below hydra: sweeper: params:"
        return Problem(name or file, None, allowed, where=file)
    given = re.match(r"Value '(.*)' of type", str(cause), re.DOTALL)
    return Problem(name, given[1] if given else None, known.allowed(), where=file)


def _missing_option(error: MissingConfigException) -> Problem:
    group, _, option = str(error.missing_cfg_file).rpartition("/")
    legal = [str(entry) for entry in error.options or []]
    if not legal:
        within, _, last = group.rpartition("/")
        allowed = f"is no group; in the defaults of a file of {within}/ it is 'override /{last}: {option}'"
        return Problem(group or "config", option, allowed if within else "is no group of config files")
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
