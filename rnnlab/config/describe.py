"""A config as a person reads it: YAML with a line of meaning for each key, and the options of each group."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import yaml

from rnnlab.config.groups import Groups
from rnnlab.config.keys import keys_of
from rnnlab.config.record import plain

COMMENT_COLUMN = 44


def described(config: Any, groups: Groups, choices: dict[str, Any]) -> Iterator[str]:
    """Yield the lines of a typed config as YAML, each key with its meaning.

    Args:
        config: a command's config.
        groups: the config groups, for the meanings that stand in their files.
        choices: the option chosen of each group.
    """
    meanings = {key.name: key.meaning for key in keys_of(type(config))}
    for section in plain(config):
        chosen = groups.file(section, str(choices.get(section)))
        if chosen is not None:
            meanings |= {f"{section}.{name}": meaning for name, meaning in chosen.meanings.items()}
            if section not in (key.name for key in keys_of(type(config)) if key.is_section):
                meanings[section] = chosen.meaning
    yield from _lines(plain(config), meanings, "")


def _lines(values: dict[str, Any], meanings: dict[str, str], prefix: str) -> Iterator[str]:
    indent = "  " * prefix.count(".")
    for name, value in values.items():
        meaning = meanings.get(prefix + name, "the Python object" if name == "_target_" else "")
        if isinstance(value, dict) and value:
            yield _commented(f"{indent}{name}:", meaning)
            yield from _lines(value, meanings, f"{prefix}{name}.")
        else:
            yield _commented(f"{indent}{name}: {_scalar(value)}", meaning)


def _commented(line: str, meaning: str) -> str:
    return f"{line:<{COMMENT_COLUMN}}  # {meaning}" if meaning else line


def _scalar(value: Any) -> str:
    return yaml.safe_dump(value, default_flow_style=True, allow_unicode=True, width=1000).splitlines()[0]


def described_groups(groups: Groups, names: list[str]) -> Iterator[str]:
    """Yield the lines that list each group's options with their meanings."""
    for name in names:
        yield f"{name}="
        for option in groups.options(name):
            file = groups.file(name, option)
            yield f"  {option:<12}  {file.meaning if file else ''}".rstrip()
