"""What weights start as: the lab's Glorot-uniform kernels, or torch's own."""

from __future__ import annotations

import math

from torch import Tensor, nn

from rnnlab.errors import listed, nearest

INITIALIZATIONS = ("glorot", "torch")


def glorot_uniform_(*parts: Tensor, fan_in: int, fan_out: int) -> None:
    """Fill the parts of one kernel from U(-a, a) with a = sqrt(6 / (fan_in + fan_out)), in place.

    Source: Glorot and Bengio 2010, equation 16.
    """
    bound = math.sqrt(6 / (fan_in + fan_out))
    for part in parts:
        nn.init.uniform_(part, -bound, bound)


def check_initialization(initialization: str) -> None:
    """Raise ValueError for a name that is no initialization."""
    if initialization not in INITIALIZATIONS:
        near = nearest(str(initialization), INITIALIZATIONS)
        mend = f" (nearest: {near})" if near else ""
        raise ValueError(f"initialization={initialization} must be one of {listed(INITIALIZATIONS)}{mend}")
