"""A command's config composed beside the command: to show it, or to try whether it would be accepted."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import hydra
from hydra.core.global_hydra import GlobalHydra
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import ValueType
from omegaconf import DictConfig, OmegaConf, open_dict

from rnnlab.config.finish import finish
from rnnlab.config.quoting import quoted
from rnnlab.config.register import config_folder

HYDRA_VERSION = "1.3"


def composed(command: str, overrides: Sequence[str], folders: Sequence[Path] = ()) -> tuple[DictConfig, DictConfig]:
    """Return a command's config as Hydra composes it, and Hydra's own section.

    Args:
        command: the command, whose schema has been registered.
        overrides: for Hydra; of a sweep its first values are taken.
        folders: where to look for config files before rnnlab's own.
    """
    GlobalHydra.instance().clear()
    search = f"hydra.searchpath=[{','.join(quoted(f'file://{folder}') for folder in folders)}]"
    try:
        with hydra.initialize_config_dir(str(config_folder(command)), version_base=HYDRA_VERSION):
            words = [*_first_values(overrides), *([search] if folders else [])]
            made = hydra.compose(command, overrides=words, return_hydra_config=True)
    finally:
        GlobalHydra.instance().clear()
    with open_dict(made):
        section: DictConfig = made.pop("hydra")
    return made, section


def finished(command: str, overrides: Sequence[str], folders: Sequence[Path] = ()) -> Any:
    """Return a command's typed config, checked.

    Raises:
        BadInputError: it is not legal.
    """
    made, section = composed(command, overrides, folders)
    return finish(made, OmegaConf.masked_copy(section, ["runtime", "overrides"]))


def with_each_option(overrides: Sequence[str], group: str) -> Iterator[list[str]]:
    """Yield overrides once for each option that is swept of a group; as they are where none is."""
    parsed = OverridesParser.create().parse_overrides(list(overrides))
    for override in parsed:
        listed = override.is_discrete_sweep() and override.value_type != ValueType.GLOB_CHOICE_SWEEP
        if override.get_key_element() == group and listed:
            others = [str(one.input_line) for one in parsed if one is not override]
            yield from ([*others, f"{group}={value}"] for value in override.sweep_string_iterator())
            return
    yield list(overrides)


def _first_values(overrides: Sequence[str]) -> list[str]:
    """Return overrides without sweeps: with the first of several values."""
    first = []
    for override in OverridesParser.create().parse_overrides(list(overrides)):
        if not override.is_sweep_override():
            first.append(str(override.input_line))
        elif override.is_discrete_sweep() and override.value_type != ValueType.GLOB_CHOICE_SWEEP:
            values = islice(override.sweep_string_iterator(), 1)
            first += [f"{override.get_key_element()}={value}" for value in values]
    return first
