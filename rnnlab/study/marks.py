"""What a study adds to its jobs, for their workers to read."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rnnlab.config.quoting import quoted
from rnnlab.config.schema import RunConfig

SET_BY_THE_STUDY = ("study.name=", "study.parent=", "study.job=", "study.gpu=", "resume=")


@dataclass(frozen=True)
class Marks:
    """Whose a job is.

    Attributes:
        study: the study's name.
        parent: the parent's run id.
        job: the job's number.
        gpu: the GPU to take, where there are several.
        resume: the folder of the run to go on with.
    """

    study: str
    parent: str
    job: int
    gpu: int | None
    resume: Path | None

    def overrides(self) -> list[str]:
        """Return them as overrides, for a launcher that composes the job's config."""
        found = [f"study.name={quoted(self.study)}", f"study.parent={quoted(self.parent)}", f"study.job={self.job}"]
        found += [f"study.gpu={self.gpu}"] if self.gpu is not None else []
        return found + ([f"resume={quoted(str(self.resume))}"] if self.resume is not None else [])

    def on(self, config: RunConfig) -> RunConfig:
        """Return the job's config with them, as it would be composed."""
        study = dataclasses.replace(
            config.study,
            name=self.study,
            parent=self.parent,
            job=self.job,
            gpu=config.study.gpu if self.gpu is None else self.gpu,
        )
        resume = config.resume if self.resume is None else str(self.resume)
        return dataclasses.replace(config, study=study, resume=resume)


def without_marks(overrides: Sequence[str]) -> list[str]:
    """Return what was given for the job itself."""
    return [override for override in overrides if not override.startswith(SET_BY_THE_STUDY)]
