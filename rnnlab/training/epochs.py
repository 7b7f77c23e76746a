"""What happens at the end of an epoch: the losses are looked at, and everyone who wants to know is told."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from rnnlab.errors import DivergedError
from rnnlab.training.lightning import pl
from rnnlab.training.module import SequenceRegression


@dataclass(frozen=True)
class Epoch:
    """An epoch that has ended.

    Attributes:
        number: counted from 1.
        last_step: optimiser steps of the run so far.
        losses: the loss of each of its steps.
        train_mse: the mean squared error over the epoch's labels, each before its own step.
        val_mse: the mean squared error over the validation windows after the epoch, or None.
    """

    number: int
    last_step: int
    losses: Sequence[float]
    train_mse: float
    val_mse: float | None

    @property
    def first_step(self) -> int:
        """The number of its first step, counted from 1."""
        return self.last_step - len(self.losses) + 1

    @property
    def monitored(self) -> float:
        """The value that the best epoch is chosen by; never the test set's."""
        return self.train_mse if self.val_mse is None else self.val_mse


class Listener(Protocol):
    """Someone who is told of every epoch."""

    def epoch_ended(self, epoch: Epoch, trainer: pl.Trainer) -> None:
        """Take note of the epoch."""


class EpochEnds(pl.Callback):
    """Tells the listeners of every epoch, in their order.

    Args:
        labels: the number of values that are predicted in an epoch.
        listeners: who is told.

    Raises:
        DivergedError: at the end of an epoch in which a loss was not a number; no listener is told of it.
    """

    def __init__(self, labels: int, listeners: Sequence[Listener]) -> None:
        self._labels = labels
        self._listeners = listeners

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Look at the epoch's losses and tell the listeners."""
        if not isinstance(pl_module, SequenceRegression):
            raise TypeError("EpochEnds goes with SequenceRegression")
        losses = pl_module.take_losses()
        number, last_step = trainer.current_epoch + 1, trainer.global_step
        for index, loss in enumerate(losses):
            if not math.isfinite(loss):
                raise DivergedError(number, last_step - len(losses) + 1 + index, loss)
        train_mse = math.fsum(losses) / self._labels
        epoch = Epoch(number, last_step, losses, train_mse, pl_module.val_mse())
        if not math.isfinite(epoch.monitored):
            raise DivergedError(number, last_step, epoch.monitored)
        # The losses were taken before the last step, which can be the one that blew up.
        if not all(bool(weight.isfinite().all()) for weight in pl_module.network.parameters()):
            raise DivergedError(number, last_step, math.nan)
        for listener in self._listeners:
            listener.epoch_ended(epoch, trainer)

    def state_dict(self) -> dict[str, Any]:
        """Return the state of the listeners that have one, for the checkpoint."""
        return {type(one).__name__: one.state_dict() for one in self._listeners if hasattr(one, "state_dict")}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Give the listeners their state back."""
        for one in self._listeners:
            if hasattr(one, "load_state_dict") and type(one).__name__ in state_dict:
                one.load_state_dict(state_dict[type(one).__name__])
