"""The GRU as the lab's program has it."""

from __future__ import annotations

import torch
from torch import Tensor

from rnnlab.models.cells.stepped import SteppedLayer


class LabGRU(SteppedLayer):
    """Gated recurrent unit, the reset gate before the recurrent product, as first published (Cho et al. 2014).

    TensorFlow 1's ``GRUCell``, which the lab's program uses; torch's GRU resets after the product. With s the
    logistic function and * the elementwise product::

        r_t = s(W_ir x_t + W_hr h_{t-1} + b_r)              reset gate
        z_t = s(W_iz x_t + W_hz h_{t-1} + b_z)              update gate
        n_t = tanh(W_in x_t + W_hn (r_t * h_{t-1}) + b_n)   candidate
        h_t = (1 - z_t) * n_t + z_t * h_{t-1}               hidden state

    Args:
        input_size: features of a step.
        hidden_size: hidden units.
        initialization: ``glorot`` (one kernel for both gates, one for the candidate) or ``torch``.
        gate_bias: what the biases of both gates start at, or None.
    """

    kernels = (slice(0, 2), slice(2, 3))

    def __init__(
        self, input_size: int, hidden_size: int, initialization: str = "glorot", gate_bias: float | None = 1.0
    ) -> None:
        super().__init__(input_size, hidden_size, initialization)
        if gate_bias is not None:
            self._start_bias(slice(0, 2), gate_bias)

    def forward(self, inputs: Tensor) -> Tensor:
        """Return the hidden states of all steps."""
        size = self.hidden_size
        to_gates, to_candidate = self.weight_hh[: 2 * size].t(), self.weight_hh[2 * size :].t()
        hidden = inputs.new_zeros(len(inputs), size)
        steps = []
        for projected in self.projected(inputs):
            gates, candidate = projected.split([2 * size, size], dim=1)
            reset, update = torch.sigmoid(torch.addmm(gates, hidden, to_gates)).chunk(2, dim=1)
            candidate = torch.tanh(torch.addmm(candidate, reset * hidden, to_candidate))
            hidden = torch.lerp(candidate, hidden, update)
            steps.append(hidden)
        return torch.stack(steps, dim=1)
