"""Heads: from the last hidden state to the prediction."""

from __future__ import annotations

from torch import Tensor, nn

from rnnlab.models.initialization import check_initialization, glorot_uniform_


class Direct(nn.Module):
    """One linear layer from the last hidden state to the next value, the lab's head.

    Args:
        hidden_size: features of the last hidden state.
        initialization: ``glorot`` (zero bias) or ``torch``.
        outputs: how many values are predicted.
    """

    predicts_increments = False
    """Whether the outputs are increments over the window's last value, in units that the network fits."""

    def __init__(self, hidden_size: int, initialization: str = "glorot", outputs: int = 1) -> None:
        check_initialization(initialization)
        super().__init__()
        self.linear = nn.Linear(hidden_size, outputs)
        if initialization == "glorot":
            glorot_uniform_(self.linear.weight, fan_in=hidden_size, fan_out=outputs)
            nn.init.zeros_(self.linear.bias)

    def forward(self, last_hidden: Tensor) -> Tensor:
        """Return outputs for last hidden states (batch, hidden): shape (batch,) for one, else (batch, outputs)."""
        outputs = self.linear(last_hidden)
        return outputs.squeeze(-1) if outputs.shape[-1] == 1 else outputs


class Residual(Direct):
    """One linear layer to the scaled increment over the window's last value.

    The curve is smooth: its next value is near the last one, and an error of the same relative size in the
    increment is one of a much smaller size in the value.
    """

    predicts_increments = True
