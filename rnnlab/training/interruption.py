"""A run that is asked to stop: the step is finished, a checkpoint written, and only then does it end."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rnnlab.interrupts import Interrupted, take_interrupts_back
from rnnlab.training.checkpoints import LastEpoch
from rnnlab.training.lightning import pl
from rnnlab.training.module import ResumableBatches


class StopBetweenSteps(pl.Callback):
    """Looks after every step whether the process was asked to stop. Comes after `EpochEnds`.

    Args:
        asked: returns the number of the signal, or None.
        last: writes the checkpoint.
        batches: tell whether an epoch is over.

    Raises:
        Interrupted: it was, and the checkpoint is written.
    """

    def __init__(self, asked: Callable[[], int | None], last: LastEpoch, batches: ResumableBatches) -> None:
        self._asked = asked
        self._last = last
        self._batches = batches

    def is_due(self) -> bool:
        """Return whether to stop within the epoch; after its last step the epoch is ended first."""
        return self._asked() is not None and self._batches.within_epoch

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:  # noqa: ARG002
        """Leave SIGTERM to `asked` alone: where Lightning's own handler sees it, it leaves with exit code 0."""
        take_interrupts_back()

    def on_train_batch_end(self, trainer: pl.Trainer, *_: Any) -> None:
        """Stop within an epoch."""
        if self.is_due():
            self._stop_if_asked(trainer)

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:  # noqa: ARG002
        """Stop between two epochs."""
        self._stop_if_asked(trainer)

    def _stop_if_asked(self, trainer: pl.Trainer) -> None:
        signum = self._asked()
        if signum is not None:
            self._last.save_unless_saved(trainer)
            raise Interrupted(signum)
