"""Yardsticks without recurrence: a linear layer and an MLP that see the whole window at once.

Both are sequence layers as any other. The first of the stack is a causal convolution as long as the window:
its last step, the one that the head takes, is a map of the whole window, and an earlier step is the same map of
what came before it, zeros where that is nothing. The layers above act on each step by itself.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

from rnnlab.models.cells.layer import SequenceLayer
from rnnlab.models.initialization import check_initialization, glorot_uniform_


class Linear(SequenceLayer):
    """A linear layer on the window.

    With the layers above, each linear too, and the head the whole network is an affine map of the window::

        h_t = b + sum over k from 0 to window - 1 of W_k x_{t-k}     in the first layer
        h_t = b + W_0 x_t                                            in those above

    Args:
        input_size: features of a step.
        hidden_size: hidden units.
        window: steps that the first layer sees: the step itself and those before it.
        index: which layer of the stack this is, counted from 0.
        initialization: ``glorot`` (zero bias) or ``torch`` (torch's own for a convolution).
    """

    def __init__(
        self, input_size: int, hidden_size: int, window: int, index: int = 0, initialization: str = "glorot"
    ) -> None:
        check_initialization(initialization)
        if isinstance(window, bool) or not isinstance(window, int) or window < 1:
            raise ValueError(f"window={window} must be a whole number, at least 1")
        super().__init__()
        seen = window if index == 0 else 1
        self.weight = nn.Parameter(torch.empty(hidden_size, input_size, seen))
        self.bias = nn.Parameter(torch.zeros(hidden_size))
        if initialization == "glorot":
            glorot_uniform_(self.weight, fan_in=seen * input_size, fan_out=hidden_size)
        else:
            bound = 1 / math.sqrt(seen * input_size)
            nn.init.uniform_(self.weight, -bound, bound)
            nn.init.uniform_(self.bias, -bound, bound)

    def forward(self, inputs: Tensor) -> Tensor:
        """Return the hidden states of all steps."""
        before = self.weight.shape[-1] - 1
        return functional.conv1d(functional.pad(inputs.mT, (before, 0)), self.weight, self.bias).mT


class MLP(Linear):
    """Multilayer perceptron on the window: as `Linear`, with tanh behind each layer.

    Args:
        input_size: features of a step.
        hidden_size: hidden units.
        window: steps that the first layer sees: the step itself and those before it.
        index: which layer of the stack this is, counted from 0.
        initialization: ``glorot`` (zero bias) or ``torch`` (torch's own for a convolution).
    """

    def forward(self, inputs: Tensor) -> Tensor:
        """Return the hidden states of all steps."""
        return torch.tanh(super().forward(inputs))
