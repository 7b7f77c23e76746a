"""Python objects named in a config by their dotted path, ``_target_``."""

from __future__ import annotations

import inspect
import logging
import typing
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import hydra.utils
from hydra.errors import InstantiationException

from rnnlab.errors import BadInputError, Problem, listed, nearest, shell_word

# What cannot be found is said once, in the words of this module.
logging.getLogger("hydra.utils").setLevel(logging.CRITICAL)


CSV = "rnnlab.data.csv_file.Csv"
"""The one "function" that is no function of time but a file of the user's own."""


def is_csv(section: dict[str, Any]) -> bool:
    """Return whether a function section stands for a file."""
    return section.get("_target_") == CSV


def label(section: dict[str, Any]) -> str:
    """Return the short name of a section's object: ``lstm`` for ``rnnlab.models.cells.LSTM``."""
    return str(section.get("_target_", "")).rpartition(".")[2].lower()


def setting_parts(key: str, value: Any) -> tuple[str, str]:
    """Return a flattened key and its value as people write them.

    ``head._target_`` with ``rnnlab.models.heads.Residual`` is ``head`` and ``residual``; code that is not rnnlab's
    own keeps its path: ``cell`` and ``my_lab.LSTM``.
    """
    section, _, last = key.rpartition(".")
    if last != "_target_":
        return key, str(value)
    return section, label({last: value}) if str(value).startswith("rnnlab.") else str(value)


def setting(key: str, value: Any) -> str:
    """Return a flattened key with its value, ``head=residual``; see `setting_parts`."""
    return "=".join(setting_parts(key, value))


def parameters(section: dict[str, Any]) -> dict[str, Any]:
    """Return a section without its ``_target_``."""
    return {key: value for key, value in section.items() if key != "_target_"}


def factory(name: str, section: dict[str, Any]) -> Callable[..., Any]:
    """Return the object that a section names, with the section's parameters bound to it.

    Args:
        name: the section, such as ``cell``, for the message.
        section: ``_target_`` and parameters.

    Raises:
        BadInputError: there is no such object, or it does not take these parameters.
    """
    target = section.get("_target_")
    if not target:
        raise BadInputError(Problem(f"{name}._target_", None, "must be the dotted path of a Python object"))
    try:
        found = hydra.utils.get_object(target)
    except Exception as error:
        why = str(error.__cause__ or error).splitlines()[0]
        raise BadInputError(
            Problem(f"{name}._target_", target, f"must be the dotted path of a Python object ({why})"),
        ) from error
    _check_parameters(name, target, found, parameters(section))
    try:
        made: Callable[..., Any] = hydra.utils.instantiate(section, _partial_=True, _convert_="all")
    except InstantiationException as error:
        why = " ".join(str(error).split("\n\n")[0].split()).rstrip(".")
        raise BadInputError(Problem(f"{name}._target_", target, f"cannot be used ({why})")) from error
    return made


def _check_parameters(name: str, target: str, found: Any, given: dict[str, Any]) -> None:
    try:
        taken = _signature(found)
    except (TypeError, ValueError):
        return
    problems = [
        problem
        for key, value in given.items()
        if key in taken and (problem := _of_another_kind(f"{name}.{key}", value, _kinds(taken[key])))
    ]
    if not any(parameter.kind is inspect.Parameter.VAR_KEYWORD for parameter in taken.values()):
        problems += [
            _not_taken(name, target, key, value, taken) for key, value in given.items() if key not in taken
        ]
    if problems:
        raise BadInputError(problems)


def _not_taken(name: str, target: str, key: str, value: Any, taken: Iterable[str]) -> Problem:
    near = nearest(key, taken)
    if near is None:
        return Problem(f"{name}.{key}", value, f"{target} takes {listed(taken)}")
    mend = shell_word(f"{name}.{near}", value)
    plus = shell_word(f"+{name}.{near}", value)
    return Problem(f"{name}.{key}", value, f"{target} takes {listed(taken)}", mend, alternatives=(plus,))


def _signature(found: Any) -> Mapping[str, inspect.Parameter]:
    """Return the parameters of an object, with their types where these can be known."""
    try:
        return inspect.signature(found, eval_str=True).parameters
    except Exception:  # noqa: BLE001 - the annotations of another's code may be anything
        return inspect.signature(found).parameters


def _kinds(parameter: inspect.Parameter) -> set[Any]:
    """Return the types that a parameter says it takes, and that of its default; empty where it does not say."""
    kind, default = parameter.annotation, parameter.default
    if kind is inspect.Parameter.empty or isinstance(kind, str):
        return set()
    kinds = set(typing.get_args(kind) or [kind]) - {type(None)}
    return kinds if default is inspect.Parameter.empty or default is None else kinds | {type(default)}


def _of_another_kind(key: str, value: Any, kinds: set[Any]) -> Problem | None:
    """Return what is wrong with a number where a text belongs, or the other way round, and the mend."""
    if kinds == {str} and isinstance(value, bool | int | float):
        mend, plus = (shell_word(name, f'"{value}"') for name in (key, f"+{key}"))
        return Problem(key, value, "must be a text, in quotes", mend, alternatives=(plus,))
    if kinds and kinds <= {bool, int, float} and isinstance(value, str):
        return Problem(key, value, "must be a number" if bool not in kinds else "must be true or false")
    return None
