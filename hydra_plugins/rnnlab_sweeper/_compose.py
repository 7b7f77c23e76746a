"""The config of every job of a grid, composed once for all jobs that choose the same options of the groups."""

from __future__ import annotations

import copy

from hydra._internal.config_loader_impl import ConfigLoaderImpl
from hydra.core.config_loader import ConfigLoader
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override
from hydra.errors import HydraException
from omegaconf import DictConfig, OmegaConf, open_dict
from omegaconf.errors import OmegaConfBaseException

from rnnlab.config.finish import finish
from rnnlab.config.groups import Groups, conf_folder
from rnnlab.config.schema import RunConfig
from rnnlab.config.translate import translated


class Composer:
    """Composes the finished config of a job, given by its overrides, as Hydra would.

    Hydra composes a config from files, by the options that are chosen in the groups, and then sets the single
    values. The first takes most of the time and is done once for each choice of options.

    Args:
        loader: Hydra's.
        master: the config of the multirun.
    """

    def __init__(self, loader: ConfigLoader, master: DictConfig) -> None:
        self._loader = loader
        self._master = master
        self._parser = OverridesParser.create(config_loader=loader)
        self._composed: dict[tuple[str, ...], tuple[DictConfig, DictConfig]] = {}
        self._is_group: dict[str, bool] = {}

    def __call__(self, overrides: list[str]) -> RunConfig:
        """Return the job's config.

        Raises:
            BadInputError: it cannot be composed or is not legal.
        """
        try:
            parsed = self._parser.parse_overrides(list(overrides))
            options = [one for one in parsed if self._comes_first(one)]
            values = [one for one in parsed if not self._comes_first(one)]
            composed, section = self._from_files(tuple(str(option.input_line) for option in options))
            composed = copy.deepcopy(composed)
            ConfigLoaderImpl._apply_overrides_to_config(values, composed)  # noqa: SLF001 - a test compares it with Hydra's result
            section.overrides.task = [str(one.input_line) for one in parsed if not one.is_hydra_override()]
            config: RunConfig = finish(composed, section)
        except (HydraException, OmegaConfBaseException) as error:
            raise translated(error, RunConfig, Groups([str(conf_folder())]), overrides) from error
        return config

    def _from_files(self, options: tuple[str, ...]) -> tuple[DictConfig, DictConfig]:
        if options not in self._composed:
            composed = self._loader.load_sweep_config(self._master, list(options))
            with open_dict(composed):
                section = composed.pop("hydra")
            self._composed[options] = composed, OmegaConf.masked_copy(section, ["runtime", "overrides"])
        return self._composed[options]

    def _comes_first(self, override: Override) -> bool:
        """Return whether an override chooses an option of a group, or is Hydra's own business."""
        if override.is_hydra_override():
            return True
        key = override.key_or_group
        if key not in self._is_group:
            self._is_group[key] = override.package is not None or bool(self._loader.get_group_options(key))
        return self._is_group[key]
