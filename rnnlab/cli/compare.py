"""`rnnlab compare`: two studies, before and after a change."""

from __future__ import annotations

from functools import partial

from omegaconf import DictConfig

from rnnlab.cli.hydra_app import end, run_command
from rnnlab.cli.report import make_or_check
from rnnlab.config.commands import CompareConfig
from rnnlab.errors import BadInputError, Problem


def main(arguments: list[str]) -> int:
    """Run the command and return its exit code."""
    return run_command("compare", compare, arguments)


def compare(composed: DictConfig) -> None:
    """Compare what the composed config asks for: the task that Hydra calls."""
    end(compare_studies, composed)


def compare_studies(asked: CompareConfig) -> int:
    """Make the comparison, or check the stored one, and return the exit code."""
    from rnnlab.report.make import comparison_report

    names = [name.strip() for name in asked.study.split(",")]
    if len(names) != 2 or not all(names):  # noqa: PLR2004 - before and after
        raise BadInputError(Problem("study", asked.study, "must be two studies with a comma between", "study=A,B"))
    first, second = names
    return make_or_check(partial(comparison_report, first=first, second=second), asked.tracking, check=asked.check)
