"""The Sweeper that makes every multirun a study. What a study is stands in `rnnlab.study`."""

# No postponed annotations here: Hydra runs this file without a place in sys.modules, where dataclasses would look.

import sys
from dataclasses import dataclass, field
from typing import Any

from hydra.core.config_store import ConfigStore
from hydra.plugins.sweeper import Sweeper
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig


@dataclass
class StudySweeperConfig:
    """`hydra.sweeper`: a preset of a grid sets its axes in ``params``."""

    _target_: str = "hydra_plugins.rnnlab_sweeper.sweeper.StudySweeper"
    params: dict[str, str] = field(default_factory=dict)


ConfigStore.instance().store(group="hydra/sweeper", name="rnnlab", node=StudySweeperConfig, provider="rnnlab")


class StudySweeper(Sweeper):
    """Turns the command line into a grid, and leaves the rest to `rnnlab.study`.

    Args:
        params: axes of the grid; the command line wins.
    """

    def __init__(self, params: dict[str, str]) -> None:
        self._params = params
        self._context: HydraContext
        self._task: TaskFunction
        self._config: DictConfig

    def setup(self, *, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig) -> None:
        """Keep what Hydra hands over."""
        self._context, self._task, self._config = hydra_context, task_function, config

    def sweep(self, arguments: list[str]) -> Any:
        """Check every job, run the study, and leave with its exit code."""
        from hydra_plugins.rnnlab_sweeper import _grid

        sys.exit(_grid.sweep(self._context, self._task, self._config, self._params, arguments))
