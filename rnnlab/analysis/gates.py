"""What gates do over many windows: how often they are closed or open, and which units do alike."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

CLOSED, OPEN = 0.1, 0.9
"""A gate below the one lets next to nothing through, above the other next to all; in between it weighs."""


def saturation(gate: Tensor) -> tuple[float, float]:
    """Return the share of a gate's values below `CLOSED` and the share above `OPEN`, whatever its shape."""
    return float((gate < CLOSED).double().mean()), float((gate > OPEN).double().mean())


def unit_order(hidden: Tensor) -> NDArray[np.intp]:
    """Return an order of the units in which neighbours answer to the same, shape (hidden,).

    It is the angle of a unit in the plane of the first two principal components of the hidden state. On a smooth
    curve these two are little else than its value and its slope, and the angle is the phase that a unit answers to.

    Args:
        hidden: the last hidden state for many windows, shape (n, hidden).
    """
    centred = hidden.double() - hidden.double().mean(dim=0)
    _, _, components = torch.linalg.svd(centred, full_matrices=False)
    if len(components) < 2:  # noqa: PLR2004 - a single unit or window
        return np.arange(hidden.shape[1])
    # The sign of a component is nothing that it has of itself: its largest weight is made positive.
    plane = torch.stack([row * row[row.abs().argmax()].sign() for row in components[:2]])
    angle: NDArray[np.intp] = torch.atan2(plane[1], plane[0]).argsort(stable=True).numpy()
    return angle


def places(values: NDArray[np.floating], seed: int = 0) -> dict[str, int]:
    """Return windows that are worth a look, by why.

    Args:
        values: all windows, shape (n, window).
        seed: of the one that is drawn at random.

    Returns:
        The number of the window whose middle is highest (at a peak; at its highest, where that is the first window
        or the last), of the one whose middle is nearest to 0 where it passes 0 (at a zero crossing), or nearest to
        the mean where it never does (at the mean), and of any (at random).
    """
    middle = values[:, values.shape[1] // 2].astype(np.float64)
    passes = np.flatnonzero(middle[:-1] * middle[1:] <= 0)
    if middle.min() < 0 < middle.max():
        beside = np.union1d(passes, passes + 1)
        between, nearest = "at a zero crossing", int(beside[np.argmin(np.abs(middle[beside]))])
    else:
        between, nearest = "at the mean", int(np.argmin(np.abs(middle - middle.mean())))
    drawn = int(np.random.default_rng(seed).integers(len(values)))
    top = int(np.argmax(middle))
    highest = "at a peak" if 0 < top < len(middle) - 1 else "at its highest"
    return {highest: top, between: nearest, "at random": drawn}
