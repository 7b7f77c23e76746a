"""What a prediction depends on: its derivative by each value of the window, and what follows in the closed loop."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from rnnlab.models.network import PREDICTION_BATCH, SequenceNetwork

Floats = NDArray[np.float64]


def derivatives(network: SequenceNetwork, inputs: Tensor) -> Floats:
    """Return the derivative of each output by each value of its window.

    Args:
        network: in the state that is asked about.
        inputs: windows of values, shape (n, window, 1).

    Returns:
        Shape (n, outputs, window), the oldest value first.
    """
    found = []
    for batch in inputs.split(PREDICTION_BATCH):
        values = batch.detach().clone().requires_grad_()
        outputs = network(values)
        columns = outputs.unsqueeze(-1) if outputs.ndim == 1 else outputs
        gradients = [
            torch.autograd.grad(column.sum(), values, retain_graph=True)[0][..., 0] for column in columns.unbind(1)
        ]
        found.append(torch.stack(gradients, dim=1).double().cpu().numpy())
    return np.concatenate(found)


def closed_loop(weights: Floats) -> Floats:
    """Return the Jacobian of the closed loop, which appends predictions to a window and drops its oldest values.

    Args:
        weights: the derivatives of the outputs by the window's values, shape (..., outputs, window).

    Returns:
        Shape (..., window, window). For one output it is the companion matrix of the weights.
    """
    outputs, window = weights.shape[-2:]
    kept = np.broadcast_to(np.eye(window), (*weights.shape[:-2], window, window))
    return np.concatenate([kept, weights], axis=-2)[..., outputs:, :]


def eigenvalues(weights: Floats) -> NDArray[np.complex128]:
    """Return the eigenvalues of the closed loop's Jacobian, shape (..., window), the largest modulus first.

    Those outside the unit circle make the loop run away, those inside it make it die out; the exact recurrence of
    a sinusoid has exp(id) and exp(-id), on the circle, and zeros.

    Args:
        weights: as in `closed_loop`.
    """
    found = np.linalg.eigvals(closed_loop(weights)).astype(np.complex128)
    # Conjugates have one modulus: rounding must not decide which of the two comes first.
    order = np.lexsort((-found.imag, -np.abs(found).round(12)), axis=-1)
    return np.take_along_axis(found, order, axis=-1)
