"""The learning rate of each epoch, from a schedule that looks at how far training is, or also at how it goes."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # a study's preflight builds learning rates, and does without Lightning
    from rnnlab.training.epochs import Epoch
    from rnnlab.training.lightning import pl


class LearningRate:
    """The factor of the learning rate in each epoch.

    Args:
        schedule: a pure function, called as ``schedule(progress)`` with the part of the epochs that is done, in
            [0, 1]; if it has a parameter ``monitored``, also with the list of the monitored values of the epochs
            that are done. They are kept in the checkpoint, so that a resumed run goes on exactly.
        max_epochs: how many epochs there will be.
    """

    def __init__(self, schedule: Callable[..., float], max_epochs: int) -> None:
        self._schedule = schedule
        self._max_epochs = max_epochs
        self._looks_back = "monitored" in inspect.signature(schedule).parameters
        self._monitored: list[float] = []

    def factor(self, epoch: int) -> float:
        """Return the factor in ``epoch``, counted from 0."""
        progress = min(1.0, epoch / self._max_epochs)
        if self._looks_back:
            return float(self._schedule(progress, monitored=self._monitored))
        return float(self._schedule(progress))

    def epoch_ended(self, epoch: Epoch, trainer: pl.Trainer) -> None:  # noqa: ARG002
        """Remember the epoch's monitored value."""
        if self._looks_back:
            self._monitored.append(epoch.monitored)

    def state_dict(self) -> dict[str, Any]:
        """Return what must be known to go on: the monitored values so far."""
        return {"monitored": list(self._monitored)}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from what `state_dict` returned."""
        self._monitored = list(state["monitored"])
