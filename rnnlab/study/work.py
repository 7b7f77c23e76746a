"""What a run costs, up to a factor that the machine and the cell decide."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

FACTORS = ("layers", "trainer.max_epochs", "data.train_samples", "data.window")
WIDTH = "model.hidden_size"
KNOWN = {*FACTORS, WIDTH}
"""The keys that `work` needs."""


def work(values: Mapping[str, Any]) -> float:
    """Return the multiplications of a run's recurrent layers, up to a factor.

    Args:
        values: the flattened config, or what the store has of it.
    """
    product = float(values[WIDTH]) ** 2
    for factor in FACTORS:
        product *= float(values[factor])
    return product
