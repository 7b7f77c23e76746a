"""What a saved run predicts, in words: the curve or file, and how it differs from what the run was tested on."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import Any

from rnnlab.config.commands import PredictDataConfig
from rnnlab.config.record import plain
from rnnlab.config.schema import RunConfig
from rnnlab.config.stretches import typed
from rnnlab.config.targets import factory, is_csv, label, parameters


def subject_of(config: RunConfig, trained: RunConfig, asked: PredictDataConfig) -> tuple[str, dict[str, Any]]:
    """Return the name of what is predicted, and by key what was changed.

    Args:
        config: the run's, pointed to what is predicted.
        trained: the run's as it was trained.
        asked: what was asked for.

    Returns:
        ``cos``, and ``{"function.amplitude": 2}`` where the run was tested on another amplitude or on another curve
        and 2 is not that of this one by itself.
    """
    curve = config.data.test_function or config.function
    changed = {} if is_csv(curve) else _changed_parameters(curve, trained.data.test_function or trained.function)
    before = plain(trained.data)
    for key, value in plain(asked).items():
        if key != "path" and value is not None and value != before[key]:
            changed[f"data.{key}"] = value
    return Path(str(config.data.path)).name if is_csv(curve) else label(curve), changed


def in_words(name: str, changed: dict[str, Any]) -> str:
    """Return both in one line: ``cos with amplitude=2, data.spacing=0.02``."""
    settings = ", ".join(f"{key.removeprefix('function.')}={typed(value)}" for key, value in changed.items())
    return f"{name} with {settings}" if settings else name


def _changed_parameters(curve: dict[str, Any], before: dict[str, Any]) -> dict[str, Any]:
    known = _defaults(curve)
    if curve.get("_target_") == before.get("_target_"):
        known |= parameters(before)
    given = parameters(curve)
    return {f"function.{key}": value for key, value in given.items() if key not in known or value != known[key]}


def _defaults(curve: dict[str, Any]) -> dict[str, Any]:
    """Return the parameters that the curve has by itself, lists as a config holds them."""
    try:
        signature = inspect.signature(factory("function", {"_target_": curve.get("_target_")}))
    except (TypeError, ValueError):
        return {}
    defaults = {name: parameter.default for name, parameter in signature.parameters.items()}
    return {name: list(value) if isinstance(value, tuple) else value for name, value in defaults.items()}
