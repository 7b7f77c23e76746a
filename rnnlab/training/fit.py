"""Fitting: a network trained by Lightning, its losses recorded, its checkpoints written."""

from __future__ import annotations

import os
import time
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any

import pytorch_lightning as pl
import torch
from rich.console import Console

from rnnlab.config.schema import RunConfig
from rnnlab.data.windows import Splits
from rnnlab.models.network import SequenceNetwork
from rnnlab.tracking.folder import RunFolder
from rnnlab.tracking.metrics import MetricBuffer
from rnnlab.training.build import build_optimizer, build_schedule, choose_device
from rnnlab.training.checkpoints import BestEpoch, LastEpoch, read_checkpoint
from rnnlab.training.epochs import EpochEnds, Listener
from rnnlab.training.listeners import LossRecorder, TrainingBar, TrainingLines
from rnnlab.training.module import SequenceRegression, WindowData


@dataclass(frozen=True)
class Fitted:
    """What training took.

    Attributes:
        seconds: wall-clock time of the fit.
        steps: optimiser steps taken, those before a resumption left out.
        epochs: passes over the training windows in the whole run.
    """

    seconds: float
    steps: int
    epochs: int


def prepare_device(accelerator: str, threads: int) -> torch.device:
    """Return the device of a run, the process set up for it: threads, and reproducible kernels on a GPU."""
    # cuBLAS reads this when CUDA starts; without it the results of cuDNN's recurrent layers vary.
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:2")
    torch.set_num_threads(threads)
    device = choose_device(accelerator)
    if device.type == "cuda":
        torch.backends.cudnn.deterministic = True
        torch.backends.cudnn.benchmark = False
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
        network: what is trained; afterwards it holds the weights of the last epoch.
        splits: the windows.
        config: the run's config.
        folder: gets the checkpoints.
        metrics: gets the losses.
        device: from `prepare_device`.
        console: shows the progress; None shows nothing.
        resume: go on from the folder's last checkpoint.

    Raises:
        DivergedError: a loss is no longer a number.
    """
    settings = config.trainer
    best = BestEpoch(network, folder.best, settings.early_stopping.patience, settings.early_stopping.min_delta)
    listeners: list[Listener] = [
        LossRecorder(metrics, settings.log_every_n_steps),
        best,
        LastEpoch(folder.last, settings.checkpoint_seconds, best),
    ]
    shown: AbstractContextManager[Any] = nullcontext()
    if console is not None and console.is_terminal:
        listeners.append(shown := TrainingBar(console, settings.max_epochs))
    elif console is not None:
        listeners.append(TrainingLines(console, settings.max_epochs))
    module = SequenceRegression(
        network,
        lambda parameters: build_optimizer(config, parameters),
        build_schedule(config),
        splits,
        device,
    )
    trainer = pl.Trainer(
        accelerator="gpu" if device.type == "cuda" else "cpu",
        devices=1,
        max_epochs=settings.max_epochs,
        gradient_clip_val=settings.gradient_clip,
        callbacks=[EpochEnds(len(splits.train), listeners)],
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        use_distributed_sampler=False,
        num_sanity_val_steps=0,
    )
    data = WindowData(splits, config.data.batch_size, config.seed, device)
    steps_before = read_checkpoint(folder.last, "resume")["global_step"] if resume else 0
    started = time.perf_counter()
    try:
        with shown:
            trainer.fit(module, datamodule=data, ckpt_path=folder.last if resume else None, weights_only=True)
    finally:
        best.save()
    return Fitted(time.perf_counter() - started, trainer.global_step - steps_before, trainer.current_epoch)
