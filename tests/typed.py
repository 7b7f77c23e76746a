"""Commands tried for what they take: shown by `--cfg job`, or refused."""

from __future__ import annotations

import re
from typing import Any

import yaml
from helpers import outcome

from rnnlab.cli import dispatch


def shown(capsys: Any, *words: str) -> Any:
    """Return a command's config as `--cfg job` shows it."""
    capsys.readouterr()
    assert dispatch([*words, "--cfg", "job"]) == 0
    return yaml.safe_load(capsys.readouterr().out)


def at(config: Any, key: str) -> Any:
    """Return what stands under a dotted key."""
    for name in key.split("."):
        config = config[name]
    return config


def refusal(capsys: Any, *words: str) -> str:
    """Return the message with which a command line is refused."""
    code, message = outcome(words, capsys)
    assert code == 2, message
    assert "Traceback" not in message
    return message


def suggestion(message: str) -> str | None:
    """Return what a message suggests, as it would be pasted into a shell."""
    found = re.search(r"Did you mean (.*)\?", message)
    return found[1] if found else None
