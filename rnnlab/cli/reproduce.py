"""`rnnlab reproduce`: a run trained again from its record, and judged."""

from __future__ import annotations

import sys
from pathlib import Path

from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig

from rnnlab.cli.hydra_app import end, run_command
from rnnlab.config.commands import ReproduceConfig
from rnnlab.errors import EXIT_DONE, EXIT_RUN_FAILED
from rnnlab.home import as_typed


def main(arguments: list[str]) -> int:
    """Run the command and return its exit code."""
    return run_command("reproduce", reproduce, arguments)


def reproduce(composed: DictConfig) -> None:
    """Reproduce what the composed config says: the task that Hydra calls."""
    end(reproduce_single, composed)


def reproduce_single(asked: ReproduceConfig) -> int:
    """Reproduce a run, print the verdict, and return the exit code: 1 if the two are DIFFERENT."""
    from rnnlab.console import make_console, printable
    from rnnlab.provenance.verdict import DIFFERENT
    from rnnlab.tracking.store import check_places
    from rnnlab.training.reproduce import reproduce as reproduce_run

    console = make_console()
    check_places(asked.tracking)
    done = reproduce_run(
        asked, list(HydraConfig.get().overrides.task), lambda text: console.print(printable(text), markup=False)
    )
    console.print(f"files    {as_typed(Path(done.again.folder))}", markup=False)
    if done.verdict is None:
        print(f"rnnlab: {printable(done.again.name)} failed: {printable(str(done.again.error))}", file=sys.stderr)
        return EXIT_RUN_FAILED
    console.print(f"{printable(done.original.name)}  {done.verdict}", markup=False)
    return EXIT_RUN_FAILED if done.verdict.word == DIFFERENT else EXIT_DONE
