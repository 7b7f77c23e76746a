"""Checkpoints: `best.ckpt`, the weights of the best epoch, and `last.ckpt`, all that resuming needs.

Both load with ``weights_only=True``: they hold tensors and plain values, nothing that is unpickled.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytorch_lightning as pl
import torch
from torch import Tensor

from rnnlab.training.checkpoint_files import read_checkpoint, replacing
from rnnlab.training.epochs import Epoch


class BestEpoch:
    """Keeps the weights of the epoch with the lowest monitored value, and stops when it stops falling.

    Args:
        network: whose weights are kept.
        path: where `save` writes them.
        patience: epochs without a new lowest value after which training stops, or None.
        min_delta: a smaller decrease does not count against the patience.
    """

    def __init__(self, network: torch.nn.Module, path: Path, patience: int | None, min_delta: float) -> None:
        self._network = network
        self._path = path
        self._patience = patience
        self._min_delta = min_delta
        self._weights: dict[str, Tensor] = {}
        self._saved = False
        self._reference = float("inf")
        self._reference_epoch = 0
        self.value = float("inf")
        self.epoch = 0

    def epoch_ended(self, epoch: Epoch, trainer: pl.Trainer) -> None:
        """Keep the weights if the epoch is the best so far."""
        if epoch.monitored < self.value:
            self.value, self.epoch = epoch.monitored, epoch.number
            self._weights = {name: tensor.clone() for name, tensor in self._network.state_dict().items()}
            self._saved = False
        if epoch.monitored < self._reference - self._min_delta:
            self._reference, self._reference_epoch = epoch.monitored, epoch.number
        elif self._patience is not None and epoch.number - self._reference_epoch >= self._patience:
            trainer.should_stop = True

    def save(self) -> None:
        """Write the best weights, unless the file holds them already."""
        if self._weights and not self._saved:
            weights = {name: tensor.cpu() for name, tensor in self._weights.items()}
            with replacing(self._path) as beside:
                torch.save({"epoch": self.epoch, "monitored": self.value, "state_dict": weights}, beside)
            self._saved = True

    def state_dict(self) -> dict[str, Any]:
        """Return what must be known to go on: which epoch was the best so far."""
        return {
            "value": self.value,
            "epoch": self.epoch,
            "reference": self._reference,
            "reference_epoch": self._reference_epoch,
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from what `state_dict` returned, with the weights that `save` wrote."""
        self.value, self.epoch = state["value"], state["epoch"]
        self._reference, self._reference_epoch = state["reference"], state["reference_epoch"]
        self._weights = read_checkpoint(self._path, "resume")["state_dict"]
        self._saved = True


class LastEpoch:
    """Writes `last.ckpt` after the first epoch, then at most once in so many seconds, and on request.

    Args:
        path: where it is written.
        seconds: the least time from one to the next.
        best: saved just before it, so that the two agree.
    """

    def __init__(self, path: Path, seconds: float, best: BestEpoch) -> None:
        self._path = path
        self._seconds = seconds
        self._best = best
        self._saved_at = float("-inf")
        self._began = time.perf_counter()

    @property
    def fit_seconds(self) -> float:
        """Time spent training, also before a resumption."""
        return time.perf_counter() - self._began

    def state_dict(self) -> dict[str, Any]:
        """Return what must be known to go on: the time spent so far."""
        return {"fit_seconds": self.fit_seconds}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from what `state_dict` returned."""
        self._began = time.perf_counter() - state["fit_seconds"]

    def epoch_ended(self, epoch: Epoch, trainer: pl.Trainer) -> None:  # noqa: ARG002
        """Write the checkpoint if it is time, or if this is the end."""
        done = trainer.should_stop or trainer.current_epoch + 1 == trainer.max_epochs
        if done or time.monotonic() - self._saved_at >= self._seconds:
            self._best.save()
            with replacing(self._path) as beside:
                trainer.save_checkpoint(beside)
            self._saved_at = time.monotonic()
