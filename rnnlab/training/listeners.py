"""Listeners to epochs: one records the losses, one shows them in a terminal, one prints plain lines."""

from __future__ import annotations

from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from rnnlab.tracking.metrics import MetricBuffer
from rnnlab.training.epochs import Epoch
from rnnlab.training.lightning import pl


class LossRecorder:
    """Records `train/loss` every so many steps, and `train/mse` and `val/mse` every epoch.

    Args:
        metrics: takes the points; the step of a loss is the optimiser's, that of an MSE the epoch.
        every: optimiser steps from one recorded loss to the next.
    """

    def __init__(self, metrics: MetricBuffer, every: int) -> None:
        self._metrics = metrics
        self._every = every

    def epoch_ended(self, epoch: Epoch, trainer: pl.Trainer) -> None:  # noqa: ARG002
        """Record the epoch."""
        for step, loss in enumerate(epoch.losses, start=epoch.first_step):
            if step % self._every == 0:
                self._metrics.add("train/loss", loss, step)
        self._metrics.add("train/mse", epoch.train_mse, epoch.number)
        if epoch.val_mse is not None:
            self._metrics.add("val/mse", epoch.val_mse, epoch.number)
        self._metrics.flush_if_due()


def losses_shown(epoch: Epoch) -> str:
    """Return an epoch's errors as the screen shows them."""
    val = "" if epoch.val_mse is None else f"  val MSE {epoch.val_mse:.3e}"
    return f"train MSE {epoch.train_mse:.3e}{val}"


class TrainingBar:
    """A bar over the epochs, in a terminal.

    Args:
        console: the terminal.
        epochs: how many there will be.
    """

    def __init__(self, console: Console, epochs: int) -> None:
        self._progress = Progress(
            TextColumn("epoch {task.completed:.0f}/{task.total:.0f}"),
            BarColumn(),
            TextColumn("{task.fields[losses]}"),
            TimeRemainingColumn(),
            console=console,
        )
        self._task: TaskID = self._progress.add_task("training", total=epochs, losses="")

    def epoch_ended(self, epoch: Epoch, trainer: pl.Trainer) -> None:  # noqa: ARG002
        """Move the bar."""
        self._progress.update(self._task, completed=epoch.number, losses=losses_shown(epoch))

    def __enter__(self) -> Self:
        """Show the bar."""
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Leave the bar as it is."""
        self._progress.stop()


class TrainingLines:
    """About ten plain lines a run, where there is no terminal.

    Args:
        console: where they go.
        epochs: how many there will be.
    """

    def __init__(self, console: Console, epochs: int) -> None:
        self._console = console
        self._epochs = epochs
        self._every = max(1, epochs // 10)

    def epoch_ended(self, epoch: Epoch, trainer: pl.Trainer) -> None:
        """Print a line for the first, every so many and the last epoch."""
        last = trainer.should_stop or epoch.number == self._epochs
        if epoch.number == 1 or epoch.number % self._every == 0 or last:
            self._console.print(f"  epoch {epoch.number}/{self._epochs}  {losses_shown(epoch)}")
