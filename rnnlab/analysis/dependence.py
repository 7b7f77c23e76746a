"""What a prediction depends on: its derivative by each value of the window, and what follows in the closed loop."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from rnnlab.models.network import PREDICTION_BATCH, SequenceNetwork

Floats = NDArray[np.float64]
Complex = NDArray[np.complexfloating]

ROUNDING = 1e-6
"""An eigenvalue whose angle to the real axis is less, in radians, is taken for real: rounding parts equal real ones
into a pair that is so far apart."""


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


def largest(values: Complex) -> Complex:
    """Return the two eigenvalues of the largest modulus, which decide how a loop goes on; a pair's upper one first.

    Args:
        values: shape (window,).
    """
    first = values[np.argsort(-np.abs(values).round(12), kind="stable")][:2]
    if oscillating(first).all():
        first = first[np.argsort(-first.imag, kind="stable")]
    return first


def oscillating(values: Complex) -> NDArray[np.bool_]:
    """Return which eigenvalues are no real ones, and so turn: a real one grows or dies out without oscillating."""
    turning: NDArray[np.bool_] = np.abs(values.imag) > ROUNDING * np.abs(values)
    return turning


def dominant_pair(values: Complex) -> complex | None:
    """Return of the complex pair with the largest modulus the one above the real axis, None where there is no pair.

    Args:
        values: shape (window,).
    """
    upper = values[oscillating(values) & (values.imag > 0)]
    return complex(upper[np.argmax(np.abs(upper))]) if len(upper) else None


def relative_distance(value: complex | None, exact: complex) -> float | None:
    """Return how far an eigenvalue is from the exact one, over the distance of the exact one to 1: to no change.

    Args:
        value: None where there is none.
        exact: exp(id).
    """
    return None if value is None else abs(value - exact) / abs(exact - 1)


def affine_loop(window: Floats, weights: Floats, offset: Floats, steps: int) -> Floats:
    """Return the values of a loop of which each turn is ``offset + weights @ window``; inf where it overflows.

    Args:
        window: what it starts from, shape (window,).
        weights: shape (outputs, window).
        offset: shape (outputs,).
        steps: how many values.
    """
    size, outputs = len(window), len(weights)
    values = np.empty(size + -(-steps // outputs) * outputs)
    values[:size] = window
    with np.errstate(over="ignore", invalid="ignore"):
        for at in range(0, steps, outputs):
            values[at + size : at + size + outputs] = offset + weights @ values[at : at + size]
    return values[size : size + steps]
