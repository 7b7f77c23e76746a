"""How far a layer's memory reaches: how much of a change of its state is left some steps later.

That gradients vanish or explode with the distance is why plain recurrent networks forget (Bengio, Simard and
Frasconi 1994; Pascanu, Mikolov and Bengio 2013, section 2.1), and what gates are there to prevent.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from rnnlab.models.reference import ReferenceCell


def state_jacobians(cell: ReferenceCell, inputs: Tensor, lags: Sequence[int]) -> dict[str, Tensor]:
    """Return how the last hidden state h_T depends on the states before it, while the inputs stay as they are.

    The derivative by h_t follows what step t hands on as its hidden state alone, that by C_t (of an LSTM) what it
    has in its cell state, be it handed on as it is or seen in h_t. It is 0 where a step hands no hidden state on.

    Args:
        cell: of the layer.
        inputs: of the layer, one sequence, shape (time, features).
        lags: T - t for each t that is asked about, each less than ``time``.

    Returns:
        By the state's symbol dh_T/dh_t and so on, each of shape (lags, hidden, hidden).
    """
    # A copy of the sequence for each unit of h_T: one pass back then gives all rows of all Jacobians.
    copies = inputs.detach().expand(cell.hidden_size, *inputs.shape)
    with torch.enable_grad():
        steps = cell.steps(copies.clone().requires_grad_())
        wanted = [steps[len(steps) - 1 - lag][symbol] for symbol in cell.states for lag in lags]
        last = steps[-1]["h"].diagonal().sum()
        rows = torch.autograd.grad(last, wanted, allow_unused=True, materialize_grads=True)
    return dict(zip(cell.states, torch.stack(rows).split(len(lags)), strict=True))


def reach(cell: ReferenceCell, inputs: Tensor, lags: Sequence[int]) -> dict[str, Tensor]:
    """Return the spectral norm of `state_jacobians`, by the state's symbol, each of shape (lags,), float64.

    That is the factor by which the change of a state that is felt most is felt ``lag`` steps later: 1 is kept,
    0 forgotten. Over several sequences it is the geometric mean.

    Args:
        cell: of the layer.
        inputs: of the layer, several sequences, shape (n, time, features).
        lags: T - t in steps.
    """
    logs: dict[str, list[Tensor]] = {symbol: [] for symbol in cell.states}
    for sequence in inputs:
        for symbol, jacobians in state_jacobians(cell, sequence, lags).items():
            most = torch.finfo(jacobians.dtype).max
            known = jacobians.nan_to_num(nan=most, posinf=most, neginf=-most)  # what explodes is very large
            norms = torch.linalg.matrix_norm(known.double(), ord=2)
            logs[symbol].append(norms.log())
    return {symbol: torch.stack(rows).mean(dim=0).exp() for symbol, rows in logs.items()}
