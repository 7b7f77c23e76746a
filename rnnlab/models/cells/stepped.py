"""A layer that steps through time by equations of its own, the part that all steps share computed at once."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

from rnnlab.models.cells.layer import SequenceLayer
from rnnlab.models.initialization import check_initialization, glorot_uniform_


class SteppedLayer(SequenceLayer):
    """Weights as torch's recurrent layers have them, with one bias instead of two.

    Args:
        input_size: features of a step.
        hidden_size: hidden units.
        initialization: ``glorot`` (zero biases) or ``torch`` (all from U(-a, a) with a = 1 / sqrt(hidden_size)).

    Attributes:
        weight_ih: shape (gates * hidden, features).
        weight_hh: shape (gates * hidden, hidden).
        bias: shape (gates * hidden,).
    """

    kernels: tuple[slice, ...]
    """How the gates share kernels: the fan-out of Glorot's bound."""

    def __init__(self, input_size: int, hidden_size: int, initialization: str) -> None:
        check_initialization(initialization)
        super().__init__()
        self.hidden_size = hidden_size
        rows = self.kernels[-1].stop * hidden_size
        self.weight_ih = nn.Parameter(torch.empty(rows, input_size))
        self.weight_hh = nn.Parameter(torch.empty(rows, hidden_size))
        self.bias = nn.Parameter(torch.zeros(rows))
        if initialization == "glorot":
            self._start_glorot()
        else:
            bound = 1 / math.sqrt(hidden_size)
            for weight in (self.weight_ih, self.weight_hh, self.bias):
                nn.init.uniform_(weight, -bound, bound)

    def projected(self, inputs: Tensor) -> tuple[Tensor, ...]:
        """Return what the inputs add to the gates: for each step a tensor (batch, gates * hidden), bias included.

        One product for all steps: inside the loop over time only the products with the state are left.
        """
        return functional.linear(inputs, self.weight_ih, self.bias).unbind(dim=1)

    @torch.no_grad()
    def _start_glorot(self) -> None:
        size = self.hidden_size
        for gates in self.kernels:
            rows = slice(gates.start * size, gates.stop * size)
            glorot_uniform_(
                self.weight_ih[rows],
                self.weight_hh[rows],
                fan_in=self.weight_ih.shape[1] + size,
                fan_out=rows.stop - rows.start,
            )

    @torch.no_grad()
    def _start_bias(self, gates: slice, bias: float) -> None:
        self.bias[gates.start * self.hidden_size : gates.stop * self.hidden_size] = bias
