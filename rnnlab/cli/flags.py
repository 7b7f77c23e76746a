"""The flags of a command line: those that Hydra knows and that do something here; any other is refused."""

from __future__ import annotations

import argparse
import shlex
from collections.abc import Iterator
from pathlib import Path

from rnnlab.errors import BadInputError, Problem, listed

SWITCHES = {
    "-h": "help",
    "--help": "help",
    "-m": "multirun",
    "--multirun": "multirun",
    **dict.fromkeys(("-r", "--run", "--resolve", "--hydra-help", "--version"), ""),
}
"""Flags that stand alone, with what they are called in what `asked_by` returns; empty for those left to Hydra."""

WITH_A_VALUE = {
    "-c": "cfg",
    "--cfg": "cfg",
    "-cd": "config_dir",
    "--config-dir": "config_dir",
    **dict.fromkeys(("-i", "--info"), ""),
}
"""Flags that take a value, in the same way."""

CHOICES = {
    "cfg": ("job", "hydra", "all"),
    "": ("all", "config", "defaults", "defaults-tree", "plugins", "searchpath"),
}
"""The values of those that take one of a few."""

TOLD = ("--help", "-m", "--cfg job", "--config-dir=<folder>")


def flags_and_overrides(arguments: list[str]) -> tuple[list[str], list[str]]:
    """Return the flags of a command line and its overrides: Hydra reads no override after a flag.

    With a flag that nobody knows goes the bare word behind it, which is no override.
    """
    flags, overrides = [], []
    rest = list(arguments)
    while rest:
        word = rest.pop(0)
        if not word.startswith("-"):
            overrides.append(word)
            continue
        flags.append(word)
        takes = word in WITH_A_VALUE or (word not in SWITCHES and "=" not in word and _is_bare(rest[:1]))
        flags += [rest.pop(0)] if takes and rest else []
    return flags, overrides


def _is_bare(words: list[str]) -> bool:
    return all("=" not in word and not word.startswith(("-", "~")) for word in words)


def asked_by(flags: list[str], overrides: list[str]) -> argparse.Namespace:
    """Return the overrides with what the flags ask of rnnlab: `help`, `multirun`, `cfg` and `config_dir`."""
    asked = argparse.Namespace(help=False, multirun=False, cfg=None, config_dir=None, overrides=overrides)
    rest = iter(flags)
    for word in rest:
        name, equals, value = word.partition("=")
        if word in SWITCHES:
            setattr(asked, SWITCHES[word], True)
        elif name in WITH_A_VALUE:
            setattr(asked, WITH_A_VALUE[name], value if equals else next(rest, None))
    return asked


def check_flags(flags: list[str]) -> None:
    """Make sure that every flag is known and has the value that it needs.

    Raises:
        BadInputError: with each that is not or has not.
    """
    if problems := list(_problems(flags)):
        raise BadInputError(problems)


def _problems(flags: list[str]) -> Iterator[Problem]:
    rest = list(flags)
    while rest:
        word = rest.pop(0)
        name, equals, value = word.partition("=")
        if word in SWITCHES:
            continue
        if name not in WITH_A_VALUE:
            yield _unknown(word, rest.pop(0) if rest and not rest[0].startswith("-") else None)
            continue
        given = value if equals else rest.pop(0) if rest else None
        legal = CHOICES.get(WITH_A_VALUE[name])
        if legal is not None and given not in legal:
            yield Problem(name, given, f"must be one of {listed(legal)}")
        elif legal is None and not (given and Path(given).is_dir()):
            yield Problem(name, given, "must be a folder that is there, with config files of your own")


def _unknown(word: str, behind: str | None) -> Problem:
    allowed = f"is no flag; there is {listed(TOLD)}; all else is written key=value"
    setting = word.lstrip("-") if behind is None else f"{word.lstrip('-')}={behind}"
    given = word if behind is None else f"{word} {behind}"
    return Problem(given, None, allowed, shlex.quote(setting) if "=" in setting else None)
