"""Python objects named in a config by their dotted path, ``_target_``."""

from __future__ import annotations

import inspect
import logging
from collections.abc import Callable
from typing import Any

import hydra.utils

from rnnlab.errors import BadInputError, Problem, listed, nearest

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
    made: Callable[..., Any] = hydra.utils.instantiate(section, _partial_=True, _convert_="all")
    return made


def _check_parameters(name: str, target: str, found: Any, given: dict[str, Any]) -> None:
    try:
        taken = inspect.signature(found).parameters.values()
    except (TypeError, ValueError):
        return
    if any(parameter.kind is inspect.Parameter.VAR_KEYWORD for parameter in taken):
        return
    legal = [parameter.name for parameter in taken]
    problems = [
        Problem(f"{name}.{key}", value, f"{target} takes {listed(legal)}", nearest(key, legal))
        for key, value in given.items()
        if key not in legal
    ]
    if problems:
        raise BadInputError(problems)
