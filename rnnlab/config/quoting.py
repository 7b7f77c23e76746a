"""Texts as values of overrides, in the grammar that Hydra and OmegaConf read."""

from __future__ import annotations

import re


def quoted(text: str) -> str:
    """Return a text so that it is taken for itself, whatever quotes, commas, backslashes or `${` it holds."""
    escaped = re.sub(r"(\\*)('|$)", lambda found: found[1] * 2 + ("\\'" if found[2] else ""), text)
    return "'" + escaped.replace("${", "\\${") + "'"
