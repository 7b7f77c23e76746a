"""Heads: from the last hidden state to the prediction."""

from __future__ import annotations

from torch import Tensor, nn

from rnnlab.models.initialization import check_initialization, glorot_uniform_


class Direct(nn.Module):
    """One linear layer from the last hidden state to the next value, the lab's head.

    Args:
        hidden_size: features of the last hidden state.
        initialization: ``glorot`` (zero bias) or ``torch``.
    """

    def __init__(self, hidden_size: int, initialization: str = "glorot") -> None:
        check_initialization(initialization)
        super().__init__()
        self.linear = nn.Linear(hidden_size, 1)
        if initialization == "glorot":
            glorot_uniform_(self.linear.weight, fan_in=hidden_size, fan_out=1)
            nn.init.zeros_(self.linear.bias)

    def forward(self, last_hidden: Tensor) -> Tensor:
        """Return the predictions, shape (batch,), for last hidden states of shape (batch, hidden)."""
        return self.linear(last_hidden).squeeze(-1)
