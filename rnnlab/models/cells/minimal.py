"""minGRU and minLSTM: gates that see the input alone, so that all steps are computed at once.

Source: Feng, Tung, Ahmed, Bengio and Hajimirsadeghi 2024, "Were RNNs all we needed?", in the log-space form of
its appendix B (the numerically stable one, candidates made positive by g), with the hidden state 0 at the start.
Training and prediction both use the parallel form: the windows are known as a whole.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from rnnlab.models.cells.layer import SequenceLayer
from rnnlab.models.initialization import check_initialization, glorot_uniform_


def scan(log_kept: Tensor, log_added: Tensor) -> Tensor:
    """Return h_t = a_t * h_{t-1} + b_t with h_0 = 0 for all steps, given the logarithms of a and b.

    Args:
        log_kept: log a, shape (batch, time, hidden).
        log_added: log b, of the same shape.

    Source: Heinsen 2023, "Efficient parallelization of a ubiquitous sequential computation".
    """
    decay = log_kept.cumsum(dim=1)
    return torch.exp(decay + torch.logcumsumexp(log_added - decay, dim=1))


def log_positive(x: Tensor) -> Tensor:
    """Return log g(x), g(x) being x + 0.5 from 0 on and the logistic function of x below (appendix B.3)."""
    # The branch that is not taken must have a finite gradient too: hence relu.
    return torch.where(x >= 0, torch.log(functional.relu(x) + 0.5), functional.logsigmoid(x))


class MinimalLayer(SequenceLayer):
    """Gates and candidate made by one linear map of the input.

    Args:
        input_size: features of a step.
        hidden_size: hidden units.
        initialization: ``glorot`` (each gate one kernel, zero biases) or ``torch``.

    Attributes:
        linear: from (batch, time, features) to (batch, time, parts * hidden), the candidate last.
    """

    parts: int
    """Gates and candidate."""

    def __init__(self, input_size: int, hidden_size: int, initialization: str) -> None:
        check_initialization(initialization)
        super().__init__()
        self.linear = nn.Linear(input_size, self.parts * hidden_size)
        if initialization == "glorot":
            glorot_uniform_(self.linear.weight, fan_in=input_size, fan_out=hidden_size)
            nn.init.zeros_(self.linear.bias)

    def _start_bias(self, part: int, bias: float | None) -> None:
        if bias is not None:
            nn.init.constant_(self.linear.bias.data.chunk(self.parts)[part], bias)


class MinGRU(MinimalLayer):
    """Minimal gated recurrent unit (Feng et al. 2024), in parallel.

    With s the logistic function, * the elementwise product and g as in `log_positive`::

        z_t = s(W_z x_t + b_z)                update gate
        n_t = g(W_n x_t + b_n)                candidate
        h_t = (1 - z_t) * h_{t-1} + z_t * n_t hidden state, h_0 = 0

    Args:
        input_size: features of a step.
        hidden_size: hidden units.
        initialization: ``glorot`` or ``torch``.
        gate_bias: what the update gate's bias starts at (a lower one remembers longer), or None.
    """

    parts = 2

    def __init__(
        self, input_size: int, hidden_size: int, initialization: str = "glorot", gate_bias: float | None = None
    ) -> None:
        super().__init__(input_size, hidden_size, initialization)
        self._start_bias(0, gate_bias)

    def forward(self, inputs: Tensor) -> Tensor:
        """Return the hidden states of all steps."""
        gate, candidate = self.linear(inputs).chunk(2, dim=-1)
        return scan(functional.logsigmoid(-gate), functional.logsigmoid(gate) + log_positive(candidate))


class MinLSTM(MinimalLayer):
    """Minimal long short-term memory (Feng et al. 2024), in parallel, with gates that sum to 1.

    With s the logistic function, * the elementwise product and g as in `log_positive`::

        f_t = s(W_f x_t + b_f)                                    forget gate
        i_t = s(W_i x_t + b_i)                                    input gate
        n_t = g(W_n x_t + b_n)                                    candidate
        h_t = (f_t * h_{t-1} + i_t * n_t) / (f_t + i_t)           hidden state, h_0 = 0

    Args:
        input_size: features of a step.
        hidden_size: hidden units.
        initialization: ``glorot`` or ``torch``.
        forget_bias: what the forget gate's bias starts at, or None.
    """

    parts = 3

    def __init__(
        self, input_size: int, hidden_size: int, initialization: str = "glorot", forget_bias: float | None = 1.0
    ) -> None:
        super().__init__(input_size, hidden_size, initialization)
        self._start_bias(0, forget_bias)

    def forward(self, inputs: Tensor) -> Tensor:
        """Return the hidden states of all steps."""
        forget, enter, candidate = self.linear(inputs).chunk(3, dim=-1)
        # f / (f + i) is the logistic function of log f - log i.
        odds = functional.logsigmoid(forget) - functional.logsigmoid(enter)
        return scan(functional.logsigmoid(odds), functional.logsigmoid(-odds) + log_positive(candidate))
