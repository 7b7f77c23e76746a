"""The launchers of `cluster=ray` and `cluster=slurm`. What they do stands in `rnnlab.cluster`."""

# No postponed annotations here: Hydra runs this file without a place in sys.modules, where dataclasses would look.

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from hydra.core.config_store import ConfigStore
from hydra.core.utils import JobReturn
from hydra.plugins.launcher import Launcher
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig

if TYPE_CHECKING:
    from rnnlab.config.schema import RunConfig
    from rnnlab.study.task import TaskLauncher


@dataclass
class RayLauncherConfig:
    """`hydra.launcher`; its keys stand under ``cluster``."""

    _target_: str = "hydra_plugins.rnnlab_clusters.launchers.RayLauncher"


@dataclass
class SlurmLauncherConfig:
    """`hydra.launcher`; its keys stand under ``cluster``."""

    _target_: str = "hydra_plugins.rnnlab_clusters.launchers.SlurmLauncher"


for name, node in (("ray", RayLauncherConfig), ("slurm", SlurmLauncherConfig)):
    ConfigStore.instance().store(group="hydra/launcher", name=name, node=node, provider="rnnlab")


class ClusterLauncher(Launcher):
    """Names an engine that takes jobs with configs that are ready."""

    def setup(self, *, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig) -> None:
        """Keep nothing of what Hydra hands over."""

    def launch(self, job_overrides: Sequence[Sequence[str]], initial_job_idx: int) -> Sequence[JobReturn]:
        """Refuse jobs that are yet to be composed."""
        raise NotImplementedError(f"{len(job_overrides)} jobs without configs")

    def engine(self, config: "RunConfig") -> "TaskLauncher":
        """Return the engine for a study, given the config of any of its jobs."""
        raise NotImplementedError


class RayLauncher(ClusterLauncher):
    """Jobs are tasks of a Ray cluster."""

    def engine(self, config: "RunConfig") -> Any:
        """Return `RayJobs`."""
        from rnnlab.cluster.on_ray import RayJobs

        return RayJobs(config)


class SlurmLauncher(ClusterLauncher):
    """Jobs are jobs of SLURM."""

    def engine(self, config: "RunConfig") -> Any:
        """Return `SlurmJobs`."""
        from rnnlab.cluster.on_slurm import SlurmJobs

        return SlurmJobs(config)
