"""The typed config of a run: every key with its type, default, meaning and legal range.

The sections ``function``, ``cell``, ``head``, ``optimizer`` and ``schedule`` name a Python object by
its dotted path (``_target_``) and hold whatever parameters it takes; their keys are explained in
their YAML files.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from rnnlab.config.keys import key

TARGET_SECTIONS = ("function", "cell", "head", "optimizer", "schedule")
"""The sections that name a Python object by ``_target_``."""


ALLOW_TARGETS = "packages beside rnnlab, torch and numpy that a run's record may name objects of, such as [my_lab]"


@dataclass
class DataConfig:
    """The sampled curve or the file, and how it is cut into windows."""

    train_samples: int | None = key(
        None, "points in the training stretch; null: 1000, or of a file what is not tested on", at_least=2
    )
    test_samples: int | None = key(
        None, "points in the test stretch, which follows; null: 1000, or of a file what is left", at_least=2
    )
    spacing: float = key(0.01, "nominal distance of two points on the time axis", above=0)
    endpoint: bool = key(
        True, "sample both ends of a stretch of n points, as the lab does: n/(n-1) times the spacing apart"
    )
    time_dtype: str = key(
        "float64", "precision of the times before the function is taken", choices=("float32", "float64")
    )
    noise: float = key(0.0, "standard deviation of observation noise, in units of the values", at_least=0)
    seed: int = key(0, "seed of that noise: runs that differ in seed alone see the same data", at_least=0)
    window: int = key(10, "points that go in", at_least=1)
    horizon: int = key(1, "how many points after the window is predicted", at_least=1)
    horizon_output: str = key("last", "last: that point alone; all: every point up to it", choices=("last", "all"))
    features: str = key(
        "values",
        "what a step tells the network: the value, its scaled difference to the one before, or both",
        choices=("values", "differences", "both"),
    )
    standardize: bool | None = key(
        None,
        "scale values by the training stretch's mean and deviation inside the network; null: those of a file alone",
    )
    batch_size: int | None = key(
        64, "windows in a mini-batch; the last one may be smaller; null: all of them", at_least=1
    )
    val_fraction: float = key(
        0.0, "last part of the training stretch that is kept for validation", at_least=0, below=1
    )
    test_function: Any = key(None, "a function to test on instead of the one trained on, such as sin")
    rollout_steps: int | None = key(
        None, "steps of the closed loop after the test; null: to its end, at most 1000; 0: none", at_least=0
    )
    path: str | None = key(None, "with function=csv: the file, one row a point, in the order of time")
    column: str | None = key(None, "with function=csv: name of the column, or else its number from 1")
    header: str = key(
        "auto", "with function=csv: whether the first line holds names", choices=("auto", "present", "absent")
    )
    skip_lines: int = key(0, "with function=csv: lines above the table, such as a title, to pass over", at_least=0)
    missing: list[str] | None = key(
        None, "with function=csv: what stands for a missing value, such as [-9999,.]; []: no number does"
    )
    fill: str = key(
        "refuse", "with function=csv: refuse gaps, or fill them by straight lines", choices=("refuse", "linear")
    )
    test_fraction: float | None = key(
        None, "with function=csv: last part of the file that is tested on; null: 0.2", above=0, below=1
    )
    digest: str | None = key(None, "with function=csv: set by rnnlab, the SHA-256 of the file")


@dataclass
class ModelConfig:
    """The size and the precision of the network; its depth is the key ``layers``."""

    hidden_size: int = key(128, "hidden units of each layer", at_least=1)
    dtype: str = key(
        "float32", "precision of the weights, of training and of the predictions", choices=("float32", "float64")
    )


@dataclass
class EarlyStoppingConfig:
    """When to stop before max_epochs."""

    patience: int | None = key(
        None, "stop after this many epochs without a new lowest monitored value; null: never", at_least=1
    )
    min_delta: float = key(0.0, "a smaller decrease than this does not count as a new lowest value", at_least=0)


@dataclass
class TrainerConfig:
    """How long and on what to train."""

    accelerator: str = key(
        "auto", "auto takes a CUDA GPU where there is one, else the CPU", choices=("auto", "cpu", "gpu")
    )
    max_epochs: int = key(50, "passes over the training windows", at_least=1)
    threads: int = key(1, "CPU threads of one run; results depend on it in the last bits", at_least=1, at_most=1024)
    log_every_n_steps: int = key(10, "optimiser steps from one logged train/loss to the next", at_least=1)
    gradient_clip: float | None = key(None, "largest norm of the gradient; null: no clipping", above=0)
    early_stopping: EarlyStoppingConfig = key(EarlyStoppingConfig, "when to stop before max_epochs")
    checkpoint_seconds: float = key(2.0, "least time from one saved last.ckpt to the next", at_least=0)
    snapshots: bool = key(
        False, "keep the weights after epochs 1, 2, 5, 10, 20, 50 and so on, for rnnlab explain to look back at"
    )


@dataclass
class TrackingConfig:
    """Where runs are recorded beside their folders."""

    store: str = key(
        "local",
        "local: SQLite under mlruns/; server: an MLflow server; off: the run's folder alone",
        choices=("local", "server", "off"),
    )
    uri: str | None = key(None, "address of the MLflow server, such as http://127.0.0.1:5000")
    experiment: str = key("rnnlab", "name of the MLflow experiment")


@dataclass
class StudyConfig:
    """The grid of runs that a multirun is."""

    name: str | None = key(None, "name of the study and of its folder; by default made from what it sweeps")
    workers: int | None = key(
        None, "runs at the same time; null: one a core for each of their threads, on GPUs jobs_per_gpu", at_least=1
    )
    jobs_per_gpu: int = key(1, "runs at the same time on each GPU", at_least=1)
    dry_run: bool = key(False, "say what would be run, and stop there")
    rerun: bool = key(False, "run all jobs, also those that have a FINISHED run")
    ignore_code: bool = key(
        False, "take over FINISHED runs of the same config that another version of the code made"
    )
    fail_fast: bool = key(False, "stop at the first run that fails")
    parent: str | None = key(None, "set by the study for its runs: the run id of the parent")
    job: int | None = key(None, "set by the study for its runs: the number of the job")
    gpu: int | None = key(
        None, "set by the study for its runs: the GPU to take where there are several", at_least=0
    )


@dataclass
class ClusterConfig:
    """What a study's job is given on a cluster."""

    address: str | None = key(
        None, "Ray: cluster to join, such as 10.0.0.5:6379, or auto; null: one of this machine alone"
    )
    executor: str = key(
        "slurm", "SLURM: where jobs are submitted to; local: tried here, without SLURM", choices=("slurm", "local")
    )
    partition: str | None = key(None, "SLURM: the partition; null: SLURM's default")
    account: str | None = key(None, "SLURM: the account; null: SLURM's default")
    minutes: int = key(60, "SLURM: time limit of a job; one that reaches it is put back and goes on", at_least=1)
    cpus: int | None = key(None, "CPU cores of a job; null: trainer.threads", at_least=1)
    memory_gib: float | None = key(None, "main memory of a job in GiB; null: the cluster's default", above=0)
    gpus: float | None = key(
        None,
        "GPUs of a job, on Ray also a part of one; null: on Ray 1 / study.jobs_per_gpu where there are GPUs, "
        "on SLURM 1 with trainer=gpu",
        at_least=0,
    )
    sbatch: dict[str, Any] = key(dict, "SLURM: more options of sbatch, such as +cluster.sbatch.qos=long")


@dataclass
class RunConfig:
    """One run: what ``rnnlab train`` trains."""

    layers: int = key(3, "stacked recurrent layers", at_least=1)
    seed: int = key(0, "seed of the weights and of the order of the windows", at_least=0, at_most=2**32 - 1)
    name: str | None = key(None, "name of the run; by default what it is, such as cos-lstm-3x128-s0")
    resume: str | None = key(None, "a run to go on with: latest, an id or its start, a name, or a folder")
    allow_targets: list[str] = key(list, ALLOW_TARGETS)
    function: dict[str, Any] = key(dict, "the curve")
    cell: dict[str, Any] = key(dict, "the recurrent layer")
    head: dict[str, Any] = key(dict, "from the last hidden state to the prediction")
    optimizer: dict[str, Any] = key(dict, "the optimiser")
    schedule: dict[str, Any] = key(dict, "the learning rate over the epochs")
    data: DataConfig = key(DataConfig, "the sampled curve and its windows")
    model: ModelConfig = key(ModelConfig, "the size and the precision of the network")
    trainer: TrainerConfig = key(TrainerConfig, "how long and on what to train")
    tracking: TrackingConfig = key(TrackingConfig, "where runs are recorded")
    study: StudyConfig = key(StudyConfig, "the grid of runs, with --multirun")
    cluster: ClusterConfig = key(ClusterConfig, "what a study's job is given on a cluster, with cluster=")
