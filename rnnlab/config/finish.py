"""From what Hydra composed to the typed config of a command, complete and checked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from rnnlab.config.groups import Groups, groups_along
from rnnlab.config.keys import keys_of
from rnnlab.config.names import name_problems
from rnnlab.config.schema import TARGET_SECTIONS, RunConfig
from rnnlab.config.stretches import settle_stretches
from rnnlab.config.translate import translated
from rnnlab.config.unknown import unknown_in_config, unknown_key
from rnnlab.config.validate import check, check_ranges
from rnnlab.errors import BadInputError, Problem, listed, nearest, shell_word


def finish(composed: DictConfig, hydra_config: Any) -> Any:
    """Return the typed config of a command.

    Args:
        composed: the config without Hydra's own section.
        hydra_config: Hydra's own section: what was overridden, which options were chosen, from where.

    Raises:
        BadInputError: something in it is not legal.
    """
    groups = groups_along(hydra_config.runtime.config_sources)
    overridden = {override.partition("=")[0].lstrip("+~") for override in hydra_config.overrides.task}
    try:
        config = OmegaConf.to_object(composed)
    except OmegaConfBaseException as error:
        raise translated(error, OmegaConf.get_type(composed), groups) from error
    _check_known(config, groups, hydra_config.overrides.task)
    for section in TARGET_SECTIONS:
        chosen = hydra_config.runtime.choices.get(section)
        if hasattr(config, section) and chosen is not None:
            _drop_orphans(section, getattr(config, section), groups, chosen, overridden)
    if isinstance(config, RunConfig):
        check_ranges(config)
        if isinstance(config.data.test_function, str):
            config.data.test_function = _function(config.data.test_function, groups)
        settle_stretches(config, overridden)
        if problems := list(name_problems(config)):
            raise BadInputError(problems)
    check(config)
    return config


def _check_known(config: Any, groups: Groups, overrides: Sequence[str]) -> None:
    """Raise BadInputError with every key that nobody knows; a plus adds any."""
    added = {override.partition("=")[0].lstrip("+"): override for override in overrides}
    keys = {key.name: key for key in keys_of(type(config))}
    problems = []
    unknown = list(unknown_in_config(config))
    if not isinstance(config, RunConfig):
        sections = {name: getattr(config, name, None) for name in TARGET_SECTIONS}
        unknown += [
            f"{section}.{name}"
            for section, values in sections.items()
            if isinstance(values, dict) and "_target_" not in values
            for name in values
        ]
    for name in unknown:
        typed = next((word for key, word in added.items() if key == name or key.startswith(f"{name}.")), name)
        key, _, value = typed.partition("=")
        problems.append(unknown_key(key, keys, groups, value or None))
    if problems:
        raise BadInputError(problems)


def _drop_orphans(section: str, values: dict[str, Any], groups: Groups, chosen: str, overridden: set[str]) -> None:
    """Drop the parameters of the chosen file where ``_target_`` was replaced, so that a path alone is enough."""
    file = groups.file(section, chosen)
    if file is None or file.values.get("_target_") == values.get("_target_"):
        return
    for key in file.values:
        if key != "_target_" and f"{section}.{key}" not in overridden:
            values.pop(key, None)


def _function(option: str, groups: Groups) -> dict[str, Any]:
    file = groups.file("function", option)
    if file is None:
        legal = groups.options("function")
        near = nearest(option, legal)
        raise BadInputError(
            Problem(
                "data.test_function",
                option,
                f"must be one of {listed(legal)}",
                shell_word("data.test_function", near) if near else None,
            ),
        )
    return file.values
