"""What a sequence layer is, and the one that unrolls any cell of one step."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn


class SequenceLayer(nn.Module):
    """Maps (batch, time, features) to (batch, time, hidden); subclass it to unroll a cell by yourself."""


class Unrolled(SequenceLayer):
    """Any cell of one step, unrolled over time.

    Args:
        cell: called as ``cell(x, state)`` with x of shape (batch, features); the state is None at the
            first step. It returns the new state: the hidden state of shape (batch, hidden), or a tuple
            that starts with it.
    """

    def __init__(self, cell: nn.Module) -> None:
        super().__init__()
        self.cell = cell

    def forward(self, inputs: Tensor) -> Tensor:
        """Return the hidden states of all steps."""
        return torch.stack(self.hidden_states(inputs), dim=1)

    def hidden_states(self, inputs: Tensor) -> list[Tensor]:
        """Return the hidden state of each step, (batch, hidden), as the next step takes it."""
        state: Any = None
        hidden = []
        for x in inputs.unbind(dim=1):
            state = self.cell(x, state)
            hidden.append(state[0] if isinstance(state, tuple) else state)
        return hidden


def as_sequence_layer(layer: nn.Module) -> SequenceLayer:
    """Return the layer itself if it is a sequence layer, else the layer that unrolls it."""
    return layer if isinstance(layer, SequenceLayer) else Unrolled(layer)
