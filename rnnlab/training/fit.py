"""Fitting: a network trained by Lightning, its losses recorded, its checkpoints written."""

from __future__ import annotations

import logging
import os
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any

import torch
from rich.console import Console

from rnnlab.config.schema import RunConfig, TrainerConfig
from rnnlab.data.windows import Splits
from rnnlab.interrupts import interrupts_kept
from rnnlab.memory import reuse_memory
from rnnlab.models.network import SequenceNetwork
from rnnlab.tracking.folder import RunFolder
from rnnlab.tracking.metrics import MetricBuffer
from rnnlab.training.build import build_learning_rate, build_optimizer, choose_device
from rnnlab.training.checkpoint_files import LAST, SoundCheckpoint, newest_sound, quarantine, saved_state
from rnnlab.training.checkpoints import BestEpoch, LastEpoch, SealedCheckpoints, restore_best
from rnnlab.training.digests import LossDigests
from rnnlab.training.ending import ending
from rnnlab.training.epochs import EpochEnds, Listener
from rnnlab.training.interruption import StopBetweenSteps
from rnnlab.training.lightning import LightningEnvironment, pl
from rnnlab.training.listeners import LossRecorder, TrainingBar, TrainingLines
from rnnlab.training.module import SequenceRegression, WindowData
from rnnlab.training.snapshots import Snapshots, forget_after

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Fitted:
    """What training took.

    Attributes:
        seconds: wall-clock time of the fit, up to the checkpoint it was resumed from included.
        steps: optimiser steps taken.
        epochs: passes over the training windows.
    """

    seconds: float
    steps: int
    epochs: int


def prepare_device(accelerator: str, threads: int, gpu: int = 0) -> torch.device:
    """Return the device of a run, the process set up for it: threads, and reproducible kernels on a GPU."""
    # cuBLAS reads this when CUDA starts; without it the results of cuDNN's recurrent layers vary.
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:2")
    torch.set_num_threads(threads)
    reuse_memory()
    device = choose_device(accelerator, gpu)
    if device.type == "cuda":
        torch.backends.cudnn.deterministic = True
        torch.backends.cudnn.benchmark = False
        # Left alone, cuDNN's recurrent layers round what they multiply to ten bits: float32 in name only.
        torch.backends.cudnn.allow_tf32 = torch.backends.cuda.matmul.allow_tf32 = False
    return device


def fit(
    network: SequenceNetwork,
    splits: Splits,
    config: RunConfig,
    folder: RunFolder,
    metrics: MetricBuffer,
    *,
    device: torch.device,
    console: Console | None,
    resume: bool = False,
) -> Fitted:
    """Train the network in place and return what it took.

    Args:
        network: what is trained.
        splits: the windows.
        config: the run's config.
        folder: gets the checkpoints.
        metrics: gets the losses.
        device: from `prepare_device`.
        console: shows the progress; None shows nothing.
        resume: go on from the folder's last checkpoint.

    Raises:
        DivergedError: a loss is no longer a number.
        Interrupted: the process was asked to stop; the step was finished and a checkpoint written.
    """
    settings = config.trainer
    found = _go_back(folder, metrics, console) if resume else None
    if found is not None:
        done = _fitted_before(found.content, settings)
        if done is not None:
            network.load_state_dict(_network_weights(found.content))
            return done
    best = BestEpoch(network, folder.best, settings.early_stopping.patience, settings.early_stopping.min_delta)
    last = LastEpoch(folder.last, settings.checkpoint_seconds, best, metrics.write)
    rate = build_learning_rate(config)
    listeners: list[Listener] = [
        *([Snapshots(network, folder.snapshots)] if settings.snapshots else []),
        LossRecorder(metrics, settings.log_every_n_steps),
        digests := LossDigests(folder.losses),
        rate,
        best,
        last,
    ]
    shown: AbstractContextManager[Any] = nullcontext()
    if console is not None and console.is_terminal:
        listeners.append(shown := TrainingBar(console, settings.max_epochs))
    elif console is not None:
        listeners.append(TrainingLines(console, settings.max_epochs))
    data = WindowData(splits, config.data.batch_size, config.seed, device, network.dtype)
    with shown, interrupts_kept() as asked:
        stop = StopBetweenSteps(asked, last, data.batches)
        module = SequenceRegression(
            network,
            lambda parameters: build_optimizer(config, parameters),
            rate.factor,
            splits,
            device,
            gradient_clip=settings.gradient_clip,
            pause=stop.is_due,
        )
        trainer = pl.Trainer(
            accelerator="gpu" if device.type == "cuda" else "cpu",
            devices=[device.index] if device.type == "cuda" else 1,
            max_epochs=settings.max_epochs,
            callbacks=[EpochEnds(splits.train.labels.size, listeners), stop],
            # In a job of SLURM, Lightning would take its signals and put it back in the queue by itself.
            plugins=[SealedCheckpoints(folder.previous), LightningEnvironment()],
            logger=False,
            enable_checkpointing=False,
            enable_progress_bar=False,
            enable_model_summary=False,
            use_distributed_sampler=False,
            num_sanity_val_steps=0,
        )
        try:
            trainer.fit(module, datamodule=data, ckpt_path=found.path if found else None, weights_only=True)
        finally:
            best.save()
            digests.save()
    return Fitted(last.fit_seconds, trainer.global_step, trainer.current_epoch)


def _go_back(folder: RunFolder, metrics: MetricBuffer, console: Console | None) -> SoundCheckpoint:
    """Return the newest sound checkpoint, the run's folder as it was when it was written.

    Damaged checkpoints are named and moved aside. What was recorded after it is taken back: those epochs
    are trained again, and with other settings they are other epochs.
    """
    found = newest_sound(folder, "resume")
    last = saved_state(found.content, LAST)
    for damaged in found.damaged:
        text = f"{damaged.name} is damaged and kept as {quarantine(damaged).name}; going on from {found.path.name}"
        log.warning(text)
        if console is not None:
            console.print(f"  {text}, epoch {last['epochs']}", style="yellow", markup=False)
    restore_best(folder, found)
    forget_after(folder.snapshots, last["epochs"])
    metrics.go_back(last["points"], last["epochs"])
    return found


def _network_weights(checkpoint: dict[str, Any]) -> dict[str, Any]:
    prefix = "network."
    return {name.removeprefix(prefix): value for name, value in checkpoint["state_dict"].items()}


def _fitted_before(checkpoint: dict[str, Any], settings: TrainerConfig) -> Fitted | None:
    """Return what training took if the last checkpoint is its end already: the run was interrupted after it."""
    stands = ending(checkpoint, settings)
    if not stands.is_over:
        return None
    return Fitted(saved_state(checkpoint, LAST)["fit_seconds"], checkpoint["global_step"], stands.done)
