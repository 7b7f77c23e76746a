"""What L-BFGS asks of the rest of a run's config."""

from __future__ import annotations

from collections.abc import Iterator

from rnnlab.config.schema import RunConfig
from rnnlab.config.targets import label
from rnnlab.errors import Problem


def full_batch_problems(config: RunConfig) -> Iterator[Problem]:
    """Yield what does not go with an optimiser that compares losses and gradients from step to step."""
    if label(config.optimizer) != "lbfgs":
        return
    if config.data.batch_size is not None:
        yield Problem(
            "data.batch_size",
            config.data.batch_size,
            "must be null, all windows at once, with optimizer=lbfgs",
            "data.batch_size=null",
        )
    if config.trainer.gradient_clip is not None:
        yield Problem(
            "trainer.gradient_clip",
            config.trainer.gradient_clip,
            "must be null with optimizer=lbfgs: its line search needs the gradients as they are",
            "trainer.gradient_clip=null",
        )
