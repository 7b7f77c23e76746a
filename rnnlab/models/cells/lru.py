"""The linear recurrent unit: a diagonal complex recurrence, computed for all steps in log2(time) rounds."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

from rnnlab.errors import listed
from rnnlab.models.cells.layer import SequenceLayer
from rnnlab.models.initialization import glorot_uniform_

OUTPUTS = ("glu", "linear")


class LRU(SequenceLayer):
    """Linear recurrent unit (Orvieto et al. 2023, "Resurrecting recurrent neural networks for long sequences").

    The state S is complex, one eigenvalue a unit, and stable whatever the parameters are (section 3)::

        lambda = exp(-exp(nu) + i exp(theta))                    eigenvalues, inside the unit circle
        S_t    = lambda * S_{t-1} + exp(gamma) * (B x_t)         state, S_0 = 0
        y_t    = Re(C S_t) + D x_t                               output
        h_t    = (W y_t + b) * s(V y_t + c)                      hidden state, for output=glu
        h_t    = y_t                                             hidden state, for output=linear

    with s the logistic function and * the elementwise product. Without a nonlinearity between the layers the whole
    network is a linear filter of the window; the gated linear unit (Dauphin et al. 2017) is the one of the paper's
    figure 1, here without its normalisation and skip connection.

    Args:
        input_size: features of a step.
        hidden_size: hidden units, and eigenvalues.
        output: ``glu`` or ``linear``.
        r_min: the least modulus that an eigenvalue starts at.
        r_max: the largest.
        max_phase: the largest angle that an eigenvalue starts at, in radians.
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        *,
        output: str = "glu",
        r_min: float = 0.0,
        r_max: float = 1.0,
        max_phase: float = 2 * math.pi,
    ) -> None:
        if output not in OUTPUTS:
            raise ValueError(f"output={output} must be one of {listed(OUTPUTS)}")
        if not (0 <= r_min < r_max <= 1 and max_phase > 0):
            raise ValueError(
                f"r_min={r_min} and r_max={r_max} must be 0 <= r_min < r_max <= 1, max_phase={max_phase} positive"
            )
        super().__init__()
        # Uniform on the ring (lemma 3.2), a little inside its ends, where the logarithms are infinite.
        inside = torch.rand(hidden_size).clamp(1e-6, 1 - 1e-6)
        modulus_squared = r_min**2 + inside * (r_max**2 - r_min**2)
        phase = max_phase * torch.rand(hidden_size).clamp_min(1e-6)
        self.nu = nn.Parameter(torch.log(-modulus_squared.log() / 2))
        self.theta = nn.Parameter(phase.log())
        self.gamma = nn.Parameter(torch.log1p(-modulus_squared) / 2)
        self.entering = nn.Parameter(torch.randn(2, hidden_size, input_size) / math.sqrt(2 * input_size))
        self.leaving = nn.Parameter(torch.randn(2, hidden_size, hidden_size) / math.sqrt(hidden_size))
        self.direct = nn.Parameter(torch.randn(hidden_size, input_size) / math.sqrt(input_size))
        self.gated = nn.Linear(hidden_size, 2 * hidden_size) if output == "glu" else None
        if self.gated is not None:
            glorot_uniform_(self.gated.weight, fan_in=hidden_size, fan_out=hidden_size)
            nn.init.zeros_(self.gated.bias)

    def forward(self, inputs: Tensor) -> Tensor:
        """Return the hidden states of all steps."""
        scaled = self.entering * self.gamma.exp().unsqueeze(-1)
        real, imaginary = functional.linear(inputs, scaled.flatten(0, 1)).chunk(2, dim=-1)
        states = self._scan(torch.complex(real, imaginary))
        # Re((Cr + i Ci)(Sr + i Si)) is one real product.
        both = torch.cat((states.real, states.imag), dim=-1)
        weights = torch.cat((self.leaving[0], -self.leaving[1]), dim=1)
        output = functional.linear(both, weights) + functional.linear(inputs, self.direct)
        return output if self.gated is None else functional.glu(self.gated(output), dim=-1)

    def _scan(self, states: Tensor) -> Tensor:
        """Return S_t = lambda * S_{t-1} + states_t: after k rounds each step holds the sum over the last 2^k."""
        log_eigenvalue = torch.complex(-self.nu.exp(), self.theta.exp())
        reach = 1
        while reach < states.shape[1]:
            earlier = torch.exp(reach * log_eigenvalue) * states[:, :-reach]
            states = states + functional.pad(earlier, (0, 0, reach, 0))
            reach *= 2
        return states
