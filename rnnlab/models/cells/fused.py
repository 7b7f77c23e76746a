"""torch's fused LSTM, GRU and RNN as sequence layers."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from rnnlab.models.cells.layer import SequenceLayer
from rnnlab.models.initialization import check_initialization, glorot_uniform_


class FusedLayer(SequenceLayer):
    """One of torch's fused recurrent layers, started as the config says.

    Attributes:
        rnn: torch's layer, with one layer in it.
    """

    kernels: tuple[slice, ...]
    """How the gates share kernels where the lab's program makes them: the fan-out of Glorot's bound."""

    def __init__(self, rnn: nn.RNNBase, initialization: str) -> None:
        check_initialization(initialization)
        super().__init__()
        self.rnn = rnn
        if initialization == "glorot":
            self._start_glorot()

    def forward(self, inputs: Tensor) -> Tensor:
        """Return the hidden states of all steps."""
        hidden, _ = self.rnn(inputs)
        return hidden

    @torch.no_grad()
    def _start_glorot(self) -> None:
        weight_ih, weight_hh, bias_ih, bias_hh = self.rnn.all_weights[0]
        size = self.rnn.hidden_size
        for gates in self.kernels:
            rows = slice(gates.start * size, gates.stop * size)
            glorot_uniform_(
                weight_ih[rows],
                weight_hh[rows],
                fan_in=self.rnn.input_size + size,
                fan_out=rows.stop - rows.start,
            )
        nn.init.zeros_(bias_ih)
        nn.init.zeros_(bias_hh)

    @torch.no_grad()
    def _start_bias(self, gates: slice, bias: float) -> None:
        """Make the two biases that torch adds up sum to ``bias`` for the given gates."""
        _, _, bias_ih, bias_hh = self.rnn.all_weights[0]
        size = self.rnn.hidden_size
        rows = slice(gates.start * size, gates.stop * size)
        bias_ih[rows] = bias
        bias_hh[rows] = 0


class LSTM(FusedLayer):
    """Long short-term memory (Hochreiter and Schmidhuber 1997), torch's fused layer.

    In the order of torch's weights, with s the logistic function and * the elementwise product::

        i_t = s(W_ii x_t + b_ii + W_hi h_{t-1} + b_hi)        input gate
        f_t = s(W_if x_t + b_if + W_hf h_{t-1} + b_hf)        forget gate
        g_t = tanh(W_ig x_t + b_ig + W_hg h_{t-1} + b_hg)     candidate
        o_t = s(W_io x_t + b_io + W_ho h_{t-1} + b_ho)        output gate
        C_t = f_t * C_{t-1} + i_t * g_t                       cell state
        h_t = o_t * tanh(C_t)                                 hidden state

    Args:
        input_size: features of a step.
        hidden_size: hidden units.
        initialization: ``glorot`` (all four gates one kernel, zero biases) or ``torch``.
        forget_bias: what the forget gate's bias starts at (Jozefowicz et al. 2015 recommend 1), or None.
    """

    kernels = (slice(0, 4),)

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        initialization: str = "glorot",
        forget_bias: float | None = 1.0,
    ) -> None:
        super().__init__(nn.LSTM(input_size, hidden_size, batch_first=True), initialization)
        if forget_bias is not None:
            self._start_bias(slice(1, 2), forget_bias)


class GRU(FusedLayer):
    """Gated recurrent unit (Cho et al. 2014), torch's fused layer, the reset gate after the product.

    In the order of torch's weights, with s the logistic function and * the elementwise product::

        r_t = s(W_ir x_t + b_ir + W_hr h_{t-1} + b_hr)            reset gate
        z_t = s(W_iz x_t + b_iz + W_hz h_{t-1} + b_hz)            update gate
        n_t = tanh(W_in x_t + b_in + r_t * (W_hn h_{t-1} + b_hn)) candidate
        h_t = (1 - z_t) * n_t + z_t * h_{t-1}                     hidden state

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
        super().__init__(nn.GRU(input_size, hidden_size, batch_first=True), initialization)
        if gate_bias is not None:
            self._start_bias(slice(0, 2), gate_bias)


class RNN(FusedLayer):
    """Plain recurrent network with tanh (Elman 1990), torch's fused layer.

    With torch's weights::

        h_t = tanh(W_ih x_t + b_ih + W_hh h_{t-1} + b_hh)     hidden state

    Args:
        input_size: features of a step.
        hidden_size: hidden units.
        initialization: ``glorot`` or ``torch``.
    """

    kernels = (slice(0, 1),)

    def __init__(self, input_size: int, hidden_size: int, initialization: str = "glorot") -> None:
        super().__init__(nn.RNN(input_size, hidden_size, batch_first=True), initialization)
