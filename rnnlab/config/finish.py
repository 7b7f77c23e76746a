"""From what Hydra composed to the typed config of a command, complete and checked."""

from __future__ import annotations

from typing import Any

from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from rnnlab.config.groups import Groups
from rnnlab.config.schema import TARGET_SECTIONS, RunConfig
from rnnlab.config.stretches import settle_stretches
from rnnlab.config.translate import translated
from rnnlab.config.validate import check, check_ranges
from rnnlab.errors import BadInputError, Problem, listed, nearest


def finish(composed: DictConfig, hydra_config: Any) -> Any:
    """Return the typed config of a command.

    Args:
        composed: the config without Hydra's own section.
        hydra_config: Hydra's own section: what was overridden, which options were chosen, from where.

    Raises:
        BadInputError: something in it is not legal.
    """
    groups = Groups(
        [
            f"{source.schema}://{source.path}"
            for source in hydra_config.runtime.config_sources
            if source.schema in ("file", "pkg") and source.provider != "hydra"
        ],
    )
    overridden = {override.partition("=")[0].lstrip("+~") for override in hydra_config.overrides.task}
    try:
        config = OmegaConf.to_object(composed)
    except OmegaConfBaseException as error:
        raise translated(error, OmegaConf.get_type(composed), groups) from error
    for section in TARGET_SECTIONS:
        chosen = hydra_config.runtime.choices.get(section)
        if hasattr(config, section) and chosen is not None:
            _drop_orphans(section, getattr(config, section), groups, chosen, overridden)
    if isinstance(config, RunConfig):
        check_ranges(config)
        if isinstance(config.data.test_function, str):
            config.data.test_function = _function(config.data.test_function, groups)
        settle_stretches(config, overridden)
    check(config)
    return config


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
                f"data.test_function={near}" if near else None,
            ),
        )
    return file.values
