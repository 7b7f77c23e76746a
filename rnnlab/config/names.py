"""What a run, a study or an experiment may be called."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

from rnnlab.config.schema import RunConfig
from rnnlab.errors import Problem

LONGEST_NAME = 150
"""Bytes of a name that a folder has too."""

NOT_IN_FOLDERS = '/\\:*?"<>|'
UNSEEN = ("Cc", "Cs", "Zl", "Zp")
"""Unicode's categories of control characters, halves of characters, and ends of lines."""

TURNING = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
"""What turns the direction of the text that follows."""

RUN_ID = re.compile(r"[0-9a-f]{32}")


def name_problems(config: RunConfig) -> Iterator[Problem]:
    """Yield what is wrong with the names that a new run is given."""
    for key, name in (("name", config.name), ("study.name", config.study.name)):
        if name is None:
            continue
        if not is_folder_name(name):
            allowed = f"not empty, at most {LONGEST_NAME} bytes, none of {' '.join(NOT_IN_FOLDERS)}"
            yield Problem(key, name, f"must be fit for a folder's name: {allowed}, no control character")
        elif name == "latest" or RUN_ID.fullmatch(name):
            yield Problem(
                key, name, "means the newest or an id where a run or a study is asked for; take another name"
            )
        elif key == "study.name" and name.casefold() == "single":
            yield Problem(key, name, "is the folder of the runs that belong to no study; take another name")
        elif "," in name or name != name.strip():
            allowed = (
                "must have no comma, which separates names where several are asked for, and no space at its ends"
            )
            yield Problem(key, name, allowed)


def is_folder_name(name: str) -> bool:
    """Return whether a name can be that of a folder, on whatever system, and leads nowhere else."""
    fits = not set(name) & set(NOT_IN_FOLDERS) and is_visible(name)
    return bool(name.strip(". ")) and fits and len(name.encode()) <= LONGEST_NAME


def is_visible(name: str) -> bool:
    """Return whether a name holds no control character."""
    return not any(unicodedata.category(char) in UNSEEN or char in TURNING for char in name)
