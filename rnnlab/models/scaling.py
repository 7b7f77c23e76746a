"""What a network does with raw windows before its first layer, and with its head's outputs after it.

The scales are fitted on training windows and are buffers of the network: they lie in its checkpoints, and
whoever has the weights needs nothing else.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from rnnlab.data.windows import Windows

FEATURES = ("values", "differences", "both")
"""What a step of a window tells the first layer: the value, its difference to the one before, or both."""


class Scaling(nn.Module):
    """Turns windows of values into features, and the head's outputs into values.

    Differences are divided by their root mean square; a window of w values has w - 1 of them, so that the
    first step is left out wherever differences are used. Values are standardised if that is asked for.

    Args:
        features: one of `FEATURES`.
        standardize: whether values have their mean subtracted and are divided by their standard deviation.
        increments: whether the head's outputs are increments over the last value, divided by the root mean
            square of such increments, instead of values.
        outputs: how many values are predicted.

    Attributes:
        mean, deviation: of the training values, 0 and 1 unless standardised, shape ().
        difference: root mean square of the training stretch's differences, shape ().
        increment: root mean square of its increments by output, shape (outputs,).
    """

    mean: Tensor
    deviation: Tensor
    difference: Tensor
    increment: Tensor

    def __init__(
        self,
        features: str = "values",
        standardize: bool = False,
        increments: bool = False,
        outputs: int = 1,
    ) -> None:
        super().__init__()
        self.features, self.standardize, self.increments = features, standardize, increments
        # A network that scales nothing has nothing to keep: its state is what it was without this class.
        if standardize:
            self.register_buffer("mean", torch.zeros(()))
            self.register_buffer("deviation", torch.ones(()))
        if features != "values":
            self.register_buffer("difference", torch.ones(()))
        if increments:
            self.register_buffer("increment", torch.ones(outputs))

    @property
    def size(self) -> int:
        """The number of features of a step."""
        return 2 if self.features == "both" else 1

    @property
    def unit(self) -> Tensor | None:
        """What errors are counted in while a network is trained, shape (); None for that of the values."""
        return self.deviation if self.standardize else None

    def fit(self, windows: Windows) -> None:
        """Take the scales from training windows; what never changes keeps the scale 1."""
        values = torch.from_numpy(windows.series.values.astype("float64"))
        if self.standardize:
            self.mean.copy_(values.mean())
            self.deviation.copy_(_or_one(values.std(correction=0)))
        if self.features != "values":
            self.difference.copy_(_or_one(_root_mean_square(values, 1)))
        if self.increments:
            for output, ahead in enumerate(windows.ahead):
                self.increment[output] = _or_one(_root_mean_square(values, ahead))

    def inputs(self, windows: Tensor) -> Tensor:
        """Return features (batch, time, size) of windows (batch, window, 1)."""
        values = (windows - self.mean) / self.deviation if self.standardize else windows
        if self.features == "values":
            return values
        differences = windows.diff(dim=1) / self.difference
        if self.features == "differences":
            return differences
        return torch.cat([values[:, 1:], differences], dim=-1)

    def predictions(self, outputs: Tensor, windows: Tensor) -> Tensor:
        """Return values for the head's outputs, both (batch,) or (batch, outputs)."""
        if self.increments:
            last = windows[:, -1] if outputs.ndim > 1 else windows[:, -1, 0]
            scale = self.increment if outputs.ndim > 1 else self.increment[0]
            return last + scale * outputs
        return self.mean + self.deviation * outputs if self.standardize else outputs


def _root_mean_square(values: Tensor, ahead: int) -> Tensor:
    return (values[ahead:] - values[:-ahead]).square().mean().sqrt()


def _or_one(scale: Tensor) -> Tensor:
    return scale if scale > 0 else torch.ones_like(scale)
