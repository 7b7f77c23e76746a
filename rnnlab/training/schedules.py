"""Learning-rate schedules: each maps the part of the run that is done to a factor of the learning rate.

A new one is a function here (or in a module of your own) and a YAML file in ``conf/schedule``. One that has a
parameter ``monitored`` is also told the monitored value of each epoch so far: ``val/mse`` where there is a
validation stretch, else ``train/mse``. It is called at the start of each epoch.
"""

from __future__ import annotations

import math
from collections.abc import Sequence


def constant(progress: float) -> float:  # noqa: ARG001 - every schedule is called with it
    """Return 1 for any ``progress`` in [0, 1]."""
    return 1.0


def cosine(progress: float, final: float = 0.0) -> float:
    """Return half a cosine from 1 at progress 0 down to ``final`` at progress 1.

    Source: Loshchilov and Hutter 2017, equation 5, without restarts.
    """
    return final + (1 - final) * (1 + math.cos(math.pi * progress)) / 2


def onecycle(progress: float, warmup: float = 0.3, first: float = 0.04, final: float = 0.0) -> float:
    """Return half a cosine from ``first`` up to 1 at progress ``warmup``, then one down to ``final`` at progress 1.

    Source: Smith and Topin 2018, with cosines instead of straight lines and the momentum left alone.

    Raises:
        ValueError: ``warmup`` is not between 0 and 1.
    """
    if not 0 < warmup < 1:
        raise ValueError(f"warmup={warmup} must be between 0 and 1")
    if progress < warmup:
        return first + (1 - first) * (1 - math.cos(math.pi * progress / warmup)) / 2
    return cosine((progress - warmup) / (1 - warmup), final)


def plateau(
    progress: float,  # noqa: ARG001 - every schedule is called with it
    monitored: Sequence[float],
    *,
    reduction: float = 0.5,
    patience: int = 5,
    threshold: float = 0.01,
    least: float = 0.001,
) -> float:
    """Return 1, multiplied by ``reduction`` each time the monitored value has stopped falling.

    It has stopped when more than ``patience`` epochs in a row were not better than the best by the fraction
    ``threshold``. The rules are those of ``torch.optim.lr_scheduler.ReduceLROnPlateau``.

    Args:
        progress: in [0, 1].
        monitored: the monitored value of each epoch so far.
        reduction: a reduction's factor.
        patience: epochs that are waited for a better one.
        threshold: the least decrease that counts, as a fraction of the best value.
        least: the factor is not reduced below this.

    Raises:
        ValueError: ``reduction`` is not between 0 and 1, or ``patience`` is negative.
    """
    if not 0 < reduction < 1:
        raise ValueError(f"reduction={reduction} must be between 0 and 1")
    if patience < 0:
        raise ValueError(f"patience={patience} must be at least 0")
    factor, best, waited = 1.0, math.inf, 0
    for value in monitored:
        if value < best * (1 - threshold):
            best, waited = value, 0
        else:
            waited += 1
        if waited > patience:
            factor, waited = max(factor * reduction, least), 0
    return factor
