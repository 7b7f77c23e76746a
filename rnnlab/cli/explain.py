"""`rnnlab explain`: what goes on inside a trained network."""

from __future__ import annotations

import sys

from omegaconf import DictConfig

from rnnlab.cli.hydra_app import end, run_command
from rnnlab.config.commands import ExplainConfig
from rnnlab.errors import EXIT_DONE
from rnnlab.home import as_typed


def main(arguments: list[str]) -> int:
    """Run the command and return its exit code."""
    return run_command("explain", explain, arguments)


def explain(composed: DictConfig) -> None:
    """Explain what the composed config asks for: the task that Hydra calls."""
    end(explain_runs, composed)


def explain_runs(asked: ExplainConfig) -> int:
    """Make the page, log it to its runs, and return the exit code.

    A network without a reference cell gets a page without gates, and a line that says so.
    """
    from rich.markup import escape

    from rnnlab.console import make_console, printable
    from rnnlab.explain.make import explain as make
    from rnnlab.tracking.tell import add_pages_where_recorded

    done = make(asked)
    name = "explain" if len(done.subjects) == 1 else f"explain-{done.folder.parent.name}"
    for subject in done.subjects:
        why = add_pages_where_recorded(subject.run.config.tracking, subject.run_id, done.folder, name)
        if why is not None:
            print(f"rnnlab: the page is not among the artifacts of {subject.label}: {why}", file=sys.stderr)
    console = make_console()
    console.print(f"[bold]inside[/]   {escape(printable(', '.join(one.label for one in done.subjects)))}")
    for text in done.findings:
        console.print(f"  {printable(text)}", markup=False)
    console.print(f"page     {as_typed(done.folder / 'index.html')}", markup=False)
    for text in done.missing:
        print(f"rnnlab: {printable(text)}; the rest of the page was made", file=sys.stderr)
    return EXIT_DONE
