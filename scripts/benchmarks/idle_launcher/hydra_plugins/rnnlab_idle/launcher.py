"""A Hydra launcher that composes every job, as launchers do, and records it without training."""

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hydra._internal.core_plugins.basic_launcher import BasicLauncher
from hydra.core.config_store import ConfigStore
from hydra.core.hydra_config import HydraConfig
from hydra.core.utils import JobReturn
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig


@dataclass
class IdleConfig:
    """`hydra.launcher`: ``report`` is the JSON file that gets the seconds spent recording."""

    _target_: str = "hydra_plugins.rnnlab_idle.launcher.IdleLauncher"
    report: str = "spent.json"


ConfigStore.instance().store(group="hydra/launcher", name="idle", node=IdleConfig, provider="rnnlab")


class IdleLauncher(BasicLauncher):
    """Runs the jobs one after the other, in this process.

    Args:
        report: the JSON file that gets the seconds spent recording.
    """

    def __init__(self, report: str) -> None:
        super().__init__()
        self._report = Path(report)
        self._spent = 0.0

    def setup(self, *, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig) -> None:  # noqa: ARG002
        """Put the job that does nothing in the place of the real one."""
        super().setup(hydra_context=hydra_context, task_function=self._record, config=config)

    def launch(self, job_overrides: Sequence[Sequence[str]], initial_job_idx: int) -> Sequence[JobReturn]:
        """Run the jobs, and write what the recording of them took."""
        done: Sequence[JobReturn] = super().launch(job_overrides, initial_job_idx)
        self._report.write_text(json.dumps({"recording": self._spent}))
        return done

    def _record(self, made: DictConfig) -> Any:
        from benchmarks.idle import record_without_training

        from rnnlab.config.finish import finish
        from rnnlab.study.marks import without_marks
        from rnnlab.tracking.store import open_if_reachable

        overrides = list(HydraConfig.get().overrides.task)
        config = finish(made, HydraConfig.get())
        began = time.perf_counter()
        result = record_without_training(config, without_marks(overrides), open_if_reachable(config.tracking))
        self._spent += time.perf_counter() - began
        return result.to_dict()
