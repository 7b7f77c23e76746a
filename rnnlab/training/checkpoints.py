"""Checkpoints: `best.ckpt`, the weights of the best epoch, and `last.ckpt`, all that resuming needs.

Both load with ``weights_only=True``: they hold tensors and plain values, nothing that is unpickled. `last.ckpt`
holds the best weights too: whatever a kill leaves of the two files, `restore_best` makes them agree.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from rnnlab.errors import BadInputError
from rnnlab.tracking.folder import RunFolder
from rnnlab.training.checkpoint_files import BEST, SoundCheckpoint, read_checkpoint, saved_state, write_checkpoint
from rnnlab.training.epochs import Epoch
from rnnlab.training.lightning import CheckpointIO, pl


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
            _write_best(self._path, self.state_dict())
            self._saved = True

    def state_dict(self) -> dict[str, Any]:
        """Return what must be known to go on: which epoch was the best so far, and its weights."""
        return {
            "value": self.value,
            "epoch": self.epoch,
            "reference": self._reference,
            "reference_epoch": self._reference_epoch,
            "weights": {name: tensor.cpu() for name, tensor in self._weights.items()},
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from what `state_dict` returned; `restore_best` has seen to the file."""
        self.value, self.epoch = state["value"], state["epoch"]
        self._reference, self._reference_epoch = state["reference"], state["reference_epoch"]
        self._weights = state["weights"]
        self._saved = True


def _write_best(path: Path, state: dict[str, Any]) -> None:
    values = {"epoch": state["epoch"], "monitored": state["value"], "state_dict": state["weights"]}
    write_checkpoint(path, values)


def restore_best(folder: RunFolder, found: SoundCheckpoint) -> None:
    """Write `best.ckpt` anew where it is damaged, or not the best of the checkpoint that training goes on from."""
    state = saved_state(found.content, BEST)
    try:
        if read_checkpoint(folder.best, "resume")["epoch"] == state["epoch"]:
            return
    except BadInputError:
        pass
    if state["weights"]:
        _write_best(folder.best, state)
    else:
        folder.best.unlink(missing_ok=True)


class LastEpoch:
    """Writes `last.ckpt` after the first epoch, then at most once in so many seconds, and on request.

    The one before is kept as `last.prev.ckpt`.

    Args:
        path: where it is written.
        seconds: the least time from one to the next.
        best: saved just after it.
        write_points: called before it; writes the metric points to their file and returns how many it has.
    """

    def __init__(self, path: Path, seconds: float, best: BestEpoch, write_points: Callable[[], int]) -> None:
        self._path = path
        self._seconds = seconds
        self._best = best
        self._write_points = write_points
        self._saved_at = float("-inf")
        self._began = time.perf_counter()
        self._epochs = 0
        self._points = 0
        self._saved_step = -1

    @property
    def fit_seconds(self) -> float:
        """Time spent training, also before a resumption."""
        return time.perf_counter() - self._began

    def state_dict(self) -> dict[str, Any]:
        """Return what must be known to go on: the time spent, the epochs that ended, the points recorded so far."""
        return {"fit_seconds": self.fit_seconds, "epochs": self._epochs, "points": self._points}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from what `state_dict` returned."""
        self._began = time.perf_counter() - state["fit_seconds"]
        self._epochs = state["epochs"]

    def epoch_ended(self, epoch: Epoch, trainer: pl.Trainer) -> None:
        """Write the checkpoint if it is time, or if this is the end."""
        self._epochs = epoch.number
        done = trainer.should_stop or trainer.current_epoch + 1 == trainer.max_epochs
        if done or time.monotonic() - self._saved_at >= self._seconds:
            self.save(trainer)

    def save(self, trainer: pl.Trainer) -> None:
        """Write the checkpoint, and the best weights, which it holds too."""
        self._points = self._write_points()
        trainer.save_checkpoint(self._path)
        self._best.save()
        self._saved_at, self._saved_step = time.monotonic(), trainer.global_step

    def save_unless_saved(self, trainer: pl.Trainer) -> None:
        """Write the checkpoint if the last one is not of this very step."""
        if self._saved_step != trainer.global_step:
            self.save(trainer)


class SealedCheckpoints(CheckpointIO):
    """Lightning's checkpoints in rnnlab's files.

    Args:
        previous: where the checkpoint before the last one is kept.
    """

    def __init__(self, previous: Path) -> None:
        self._previous = previous

    def save_checkpoint(self, checkpoint: dict[str, Any], path: Any, storage_options: Any = None) -> None:  # noqa: ARG002
        """Write a checkpoint."""
        write_checkpoint(Path(path), checkpoint, keep=self._previous)

    def load_checkpoint(
        self,
        path: Any,
        map_location: Any = None,  # noqa: ARG002
        weights_only: bool | None = None,  # noqa: ARG002
    ) -> dict[str, Any]:
        """Return a checkpoint, tensors on the CPU."""
        return read_checkpoint(Path(path), "resume")

    def remove_checkpoint(self, path: Any) -> None:
        """Remove a checkpoint."""
        Path(path).unlink()
