"""The Lightning module and datamodule: the lab's loss, and tensors that stay on the device."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch
from torch import Tensor

from rnnlab.data.batches import ShuffledBatches, to_tensors
from rnnlab.data.windows import Splits
from rnnlab.models.network import SequenceNetwork, predict
from rnnlab.training.lightning import pl

STEPS_KEPT_ON_DEVICE = 1024


Batch = tuple[Tensor, Tensor]
"""Inputs (b, window, 1) and labels, (b,) or (b, outputs)."""


class ResumableBatches:
    """The mini-batches of an epoch in stretches, each as long as whoever takes it wants it.

    Lightning is handed a stretch where it expects a mini-batch, and keeps in its checkpoints how many mini-batches
    were taken.

    Args:
        batches: those of one epoch after the other.
    """

    def __init__(self, batches: ShuffledBatches) -> None:
        self._batches = batches
        self.sampler = batches.sampler
        self._taken = 0
        self._first = 0

    def __len__(self) -> int:
        """Return the largest number of stretches in an epoch."""
        return len(self._batches)

    def __iter__(self) -> Iterator[Iterator[Batch]]:
        """Yield what is left of the epoch, until it was taken; from the next epoch on all of it."""
        self._taken, self._first = self._first, 0
        left = itertools.islice(self._batches, self._taken, None)
        while self._taken < len(self):
            yield self._counted(left)

    @property
    def within_epoch(self) -> bool:
        """Whether some of the epoch's mini-batches were taken, and some not."""
        return 0 < self._taken < len(self)

    def state_dict(self) -> dict[str, int]:
        """Return how many mini-batches of the epoch were taken."""
        return {"taken": self._taken % len(self)}

    def load_state_dict(self, state: dict[str, int]) -> None:
        """Go on from what `state_dict` returned."""
        self._first = state["taken"]

    def _counted(self, batches: Iterator[Batch]) -> Iterator[Batch]:
        for batch in batches:
            self._taken += 1
            yield batch


class WindowData(pl.LightningDataModule):
    """The windows as tensors on the device of the run.

    Args:
        splits: the windows.
        batch_size: windows in a mini-batch; None takes all of them.
        seed: seed of the order.
        device: where the tensors live.
        dtype: their precision, that of the network.
    """

    def __init__(
        self, splits: Splits, batch_size: int | None, seed: int, device: torch.device, dtype: torch.dtype
    ) -> None:
        super().__init__()
        batches = ShuffledBatches(splits.train, batch_size or len(splits.train), seed, device, dtype)
        self.batches = ResumableBatches(batches)

    def train_dataloader(self) -> ResumableBatches:
        """Return the mini-batches of the training windows."""
        return self.batches

    def transfer_batch_to_device(self, batch: Any, device: torch.device, dataloader_idx: int) -> Any:  # noqa: ARG002
        """Return the batch: it is there already."""
        return batch


class SequenceRegression(pl.LightningModule):
    """Fits a network by the sum of squared errors over a mini-batch, the lab's loss.

    It takes its optimiser's steps itself, what Lightning calls manual optimisation, and all of an epoch's steps in
    one go: Lightning's hooks around a step take a third of the time that a small network's step takes.

    Args:
        network: what is trained.
        make_optimizer: called with the parameters.
        factor: returns the learning rate's factor in an epoch, counted from 0.
        splits: the windows, for the validation error.
        device: where the network will be.
        gradient_clip: the largest norm of a step's gradient, or None.
        pause: asked after every step; where it returns True, Lightning's hooks have their turn within the epoch.
    """

    def __init__(
        self,
        network: SequenceNetwork,
        make_optimizer: Callable[[Any], torch.optim.Optimizer],
        factor: Callable[[int], float],
        splits: Splits,
        device: torch.device,
        *,
        gradient_clip: float | None,
        pause: Callable[[], bool],
    ) -> None:
        super().__init__()
        self.automatic_optimization = False
        self.network = network
        self._gradient_clip = gradient_clip
        self._pause = pause
        self._make_optimizer = make_optimizer
        self._factor = factor
        self._val = to_tensors(splits.val, device, network.dtype) if splits.val else None
        self._losses: list[Tensor] = []
        self._fetched: list[float] = []

    def on_train_epoch_start(self) -> None:
        """Set the epoch's learning rate."""
        factor = self._factor(self.current_epoch)
        for group in self.trainer.optimizers[0].param_groups:
            group["lr"] = group["initial_lr"] * factor

    def training_step(self, batch: Iterator[Batch], batch_idx: int) -> None:  # noqa: ARG002
        """Take a step on each of a stretch of mini-batches, up to a pause."""
        for inputs, labels in batch:
            self.take_step(inputs, labels)
            if len(self._losses) == STEPS_KEPT_ON_DEVICE:
                self._fetch()
            if self._pause():
                return

    def take_step(self, inputs: Tensor, labels: Tensor) -> None:
        """Take a step on a mini-batch.

        Where values are standardised so are the errors, lest the steps depend on the unit of a file's values.
        An optimiser with a line search asks for the loss several times in a step; the step's loss is the first.
        """
        optimizer: Any = self.optimizers()
        unit = self.network.scaling.unit
        first = True

        def loss() -> Tensor:
            nonlocal first
            errors = self.network(inputs) - labels
            squares = (errors if unit is None else errors / unit).square().sum()
            optimizer.zero_grad()
            squares.backward()
            if self._gradient_clip is not None:
                torch.nn.utils.clip_grad_norm_(self.network.parameters(), self._gradient_clip)
            if first:
                first = False
                self._losses.append(squares.detach())
            return squares

        optimizer.step(closure=loss)

    def configure_optimizers(self) -> torch.optim.Optimizer:
        """Return the optimiser; each parameter group remembers its own learning rate, also in checkpoints."""
        optimizer = self._make_optimizer(self.network.parameters())
        for group in optimizer.param_groups:
            group["initial_lr"] = group["lr"]
        return optimizer

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Keep the losses of an epoch that has not ended."""
        self._fetch()
        checkpoint["losses"] = list(self._fetched)

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Go on with the losses of the epoch so far."""
        self._fetched, self._losses = list(checkpoint["losses"]), []

    def take_losses(self) -> list[float]:
        """Return the loss of every step since the last call, in one transfer from the device."""
        self._fetch()
        taken, self._fetched = self._fetched, []
        return taken

    def val_mse(self) -> float | None:
        """Return the mean squared error over the validation windows, or None if there are none."""
        if self._val is None:
            return None
        inputs, labels = self._val
        errors = predict(self.network, inputs).astype(np.float64) - labels.cpu().numpy()
        return float(np.mean(errors**2))

    def _fetch(self) -> None:
        if self._losses:
            unit = self.network.scaling.unit
            squares = torch.stack(self._losses).double()
            self._fetched += (squares if unit is None else squares * unit.double() ** 2).tolist()
            self._losses = []
