"""`rnnlab <command>`: help and dispatch. Nothing heavy is imported before a command is known."""

from __future__ import annotations

import importlib
import os
import sys
from dataclasses import dataclass
from pathlib import Path

from rnnlab import __version__
from rnnlab.errors import (
    EXIT_BAD_INPUT,
    EXIT_DONE,
    EXIT_RUN_FAILED,
    BadInputError,
    Problem,
    StoreAwayError,
    listed,
    nearest,
)
from rnnlab.interrupts import Interrupted, interrupts_raised
from rnnlab.memory import collect_less, leave_quickly
from rnnlab.streams import make_lenient


@dataclass(frozen=True)
class Command:
    """One command: the module that has its `main`, and what it does."""

    module: str
    does: str


LONGEST_KEY, SHOWN = 200, 40
"""Bytes of a key on the command line, and characters that a message shows of a longer one."""

COMMANDS = {
    "train": Command("rnnlab.cli.train", "train one network, or with -m a study of many"),
    "predict": Command("rnnlab.cli.predict", "predict with a trained network, without training"),
    "forecast": Command("rnnlab.cli.forecast", "go on after the last row of a file with a trained network"),
    "report": Command("rnnlab.cli.report", "say what is better, by how much and how sure"),
    "compare": Command("rnnlab.cli.compare", "report on two studies, before and after a change"),
    "reproduce": Command("rnnlab.cli.reproduce", "train a recorded run again and say whether it is the same"),
    "explain": Command("rnnlab.cli.explain", "show the gates, derivatives and memory of a trained network"),
    "runs": Command("rnnlab.cli.runs", "list what is in the store, newest first"),
    "sync": Command("rnnlab.cli.sync", "send what a store that was away has missed"),
    "ui": Command("rnnlab.cli.ui", "open MLflow's pages on the store"),
}

EXAMPLES = (
    ("rnnlab train function=sin cell=gru layers=1", "one run"),
    ("rnnlab train experiment=classroom", "the lab's own settings"),
    ("rnnlab train -m cell=lstm,gru layers=1,3 'seed=range(5)'", "a study: 20 runs on all cores"),
    ("rnnlab train -m study=quick", "a ready-made study"),
    ("rnnlab report study=latest", "its report: verdicts, tables, figures"),
    ("rnnlab predict run=latest function=cos", "the newest network on another curve"),
    ("rnnlab forecast data.path=new.csv steps=24", "the newest network goes on after a file's last row"),
    ("rnnlab explain run=latest", "what goes on inside it: gates, derivatives, memory"),
    ("rnnlab reproduce run=latest", "the newest run again, from its record, bit by bit"),
    ("rnnlab train --help", "every key with its meaning"),
)


def main() -> None:
    """Run the command line and leave with its exit code."""
    make_lenient()
    os.environ["MPLBACKEND"] = "agg"  # what rnnlab draws, here and in its workers, it draws into files
    collect_less()
    try:
        _look_here()
        with interrupts_raised():
            code = dispatch(sys.argv[1:])
    except BadInputError as error:
        if os.environ.get("RNNLAB_DEBUG") == "1":
            raise
        print_bad_input(error)
        code = EXIT_BAD_INPUT
    except StoreAwayError as error:
        print(f"rnnlab: {error}", file=sys.stderr)
        code = EXIT_RUN_FAILED
    except Interrupted as error:
        print(f"rnnlab: {error}", file=sys.stderr)
        code = error.exit_code
    leave_quickly()
    sys.exit(code)


def _look_here() -> None:
    """Find modules in the current folder: a user's own cell lies there, and a console script does not look there.

    Raises:
        BadInputError: the folder is gone.
    """
    try:
        here = str(Path.cwd())
    except OSError as error:
        where = os.environ.get("PWD", "the current folder")
        raise BadInputError(Problem(where, None, "is not there any more; change to a folder that is")) from error
    if here not in sys.path:
        sys.path.insert(1, here)


def dispatch(arguments: list[str]) -> int:
    """Run one command and return its exit code.

    Raises:
        BadInputError: what was given cannot be used.
    """
    for word in arguments:
        _check_text(word)
    command, *rest = arguments or ["--help"]
    if command in ("-h", "--help", "help"):
        print(help_text())
        return EXIT_DONE
    if command == "--version":
        print(f"rnnlab {__version__}")
        return EXIT_DONE
    if command not in COMMANDS:
        near = nearest(command, COMMANDS)
        mend = f"rnnlab {near}" if near else None
        raise BadInputError(Problem(f"rnnlab {command}", None, f"is no command; there is {listed(COMMANDS)}", mend))
    code = int(importlib.import_module(COMMANDS[command].module).main(rest))
    _say_missing_glyphs()
    return code


def _check_text(word: str) -> None:
    """Make sure that a word of the command line can be written into records, which are in UTF-8.

    Raises:
        BadInputError: the system could not read it as text, or its key is longer than the name of a file, by which
            Hydra looks for it, can be.
    """
    key, equals, _ = word.partition("=")
    if equals and not word.startswith("-") and len(key.encode("utf-8", "replace")) > LONGEST_KEY:
        raise BadInputError(Problem(f"{key[:SHOWN]}...", None, "is no key; --help lists them all"))
    if not word.isascii() and word.encode("utf-8", "replace").decode() != word:
        allowed = "holds bytes that are no text here; rename the file, or choose a locale of UTF-8 (LC_ALL=C.UTF-8)"
        raise BadInputError(Problem(word, None, allowed))


def _say_missing_glyphs() -> None:
    """Say what the figures that were drawn here could not show."""
    fonts = sys.modules.get("rnnlab.report.fonts")
    if fonts is not None and (line := fonts.missing_glyphs()):
        print(f"rnnlab: {line}", file=sys.stderr)


def print_bad_input(error: BadInputError) -> None:
    """Print each problem on standard error."""
    for problem in error.problems:
        print(f"rnnlab: {problem}", file=sys.stderr)


def help_text() -> str:
    """Return what `rnnlab` alone prints."""
    lines = ["rnnlab - which recurrent network predicts the next point best?", "", "Commands:"]
    lines += [f"  {name:<9}  {command.does}" for name, command in COMMANDS.items()]
    lines += ["", "Examples:"]
    width = max(len(example) for example, _ in EXAMPLES)
    lines += [f"  {example:<{width}}  {meaning}" for example, meaning in EXAMPLES]
    lines += [
        "",
        "Settings are key=value. Files go below the current folder, or below RNNLAB_HOME where that is set:",
        "a run's folder under outputs/, the MLflow store under mlruns/.",
    ]
    return "\n".join(lines)
