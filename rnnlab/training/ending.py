"""Where a run's training stands at a checkpoint: over by its settings, or with epochs to come."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from rnnlab.config.schema import TrainerConfig
from rnnlab.training.checkpoint_files import BEST, LAST, saved_state


@dataclass(frozen=True)
class Ending:
    """What a checkpoint says of the end of training, by some settings.

    Attributes:
        done: epochs that were trained.
        best: the last of them that counted as a new lowest monitored value.
        is_out_of_epochs: whether these are all that there are to be.
        is_out_of_patience: whether early stopping ends it here.
    """

    done: int
    best: int
    is_out_of_epochs: bool
    is_out_of_patience: bool

    @property
    def is_over(self) -> bool:
        """Whether no epoch is to come."""
        return self.is_out_of_epochs or self.is_out_of_patience

    @property
    def waited(self) -> int:
        """Epochs since the one that counted as the lowest."""
        return self.done - self.best


def ending(checkpoint: dict[str, Any], settings: TrainerConfig) -> Ending:
    """Return where training stands at a checkpoint, by these settings."""
    done = saved_state(checkpoint, LAST)["epochs"]
    best = saved_state(checkpoint, BEST)["reference_epoch"]
    patience = settings.early_stopping.patience
    return Ending(done, best, done >= settings.max_epochs, patience is not None and done - best >= patience)
