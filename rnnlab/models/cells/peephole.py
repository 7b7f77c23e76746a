"""The LSTM whose gates see the cell state."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from rnnlab.models.cells.stepped import SteppedLayer
from rnnlab.models.initialization import glorot_uniform_


class PeepholeLSTM(SteppedLayer):
    """LSTM with peephole connections (Gers and Schmidhuber 2000; Gers, Schraudolph and Schmidhuber 2002).

    With s the logistic function and * the elementwise product; the peepholes p are one weight a unit, and the
    output gate looks at the new cell state::

        i_t = s(W_ii x_t + W_hi h_{t-1} + p_i * C_{t-1} + b_i)    input gate
        f_t = s(W_if x_t + W_hf h_{t-1} + p_f * C_{t-1} + b_f)    forget gate
        g_t = tanh(W_ig x_t + W_hg h_{t-1} + b_g)                 candidate
        C_t = f_t * C_{t-1} + i_t * g_t                           cell state
        o_t = s(W_io x_t + W_ho h_{t-1} + p_o * C_t + b_o)        output gate
        h_t = o_t * tanh(C_t)                                     hidden state

    Args:
        input_size: features of a step.
        hidden_size: hidden units.
        initialization: ``glorot`` (all four gates one kernel, zero biases) or ``torch``.
        forget_bias: what the forget gate's bias starts at, or None.

    Attributes:
        peepholes: shape (3, hidden): those of the input, the forget and the output gate.
    """

    kernels = (slice(0, 4),)

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        initialization: str = "glorot",
        forget_bias: float | None = 1.0,
    ) -> None:
        super().__init__(input_size, hidden_size, initialization)
        if forget_bias is not None:
            self._start_bias(slice(1, 2), forget_bias)
        self.peepholes = nn.Parameter(torch.empty(3, hidden_size))
        glorot_uniform_(self.peepholes, fan_in=hidden_size, fan_out=hidden_size)

    def forward(self, inputs: Tensor) -> Tensor:
        """Return the hidden states of all steps."""
        size = self.hidden_size
        into_gates, into_output = self.peepholes[:2], self.peepholes[2]
        recurrent = self.weight_hh.t()
        hidden = cell = inputs.new_zeros(len(inputs), size)
        steps = []
        for projected in self.projected(inputs):
            both, candidate, output = torch.addmm(projected, hidden, recurrent).split([2 * size, size, size], dim=1)
            seen = (cell.unsqueeze(1) * into_gates).flatten(1)
            entering, forget = torch.sigmoid(both + seen).chunk(2, dim=1)
            cell = forget * cell + entering * torch.tanh(candidate)
            hidden = torch.sigmoid(torch.addcmul(output, cell, into_output)) * torch.tanh(cell)
            steps.append(hidden)
        return torch.stack(steps, dim=1)
