"""The YAML files of the config groups, found along Hydra's search path."""

from __future__ import annotations

import copy
import importlib
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from rnnlab.config.commands import keys_by_name
from rnnlab.config.yaml_texts import read_yaml

COMMANDS_FOLDER = "commands"
"""A folder in ``conf`` that is no group: the configs of commands that stand apart from the groups."""


def conf_folder() -> Path:
    """Return the folder of rnnlab's own configs: inside the installed package, or beside it in a clone."""
    package = Path(__file__).parents[1]
    shipped = package / "conf"
    return shipped if shipped.is_dir() else package.parent / "conf"


@dataclass(frozen=True)
class GroupFile:
    """One option of a config group.

    Attributes:
        meaning: its first comment line.
        values: its keys and values.
        meanings: the comment behind each key.
    """

    meaning: str
    values: dict[str, Any]
    meanings: dict[str, str]


class Groups:
    """The config groups along a search path.

    Args:
        sources: folders with groups in them, the first found wins; ``pkg://a.b`` names a package.
    """

    def __init__(self, sources: Sequence[str]) -> None:
        self.folders = [folder for source in sources for folder in _folders(source)]

    def names(self) -> list[str]:
        """Return the names of the groups, sorted."""
        places = (place for folder in self.folders for place in folder.iterdir() if place.is_dir())
        return sorted({place.name for place in places} - {COMMANDS_FOLDER})

    def options(self, group: str) -> list[str]:
        """Return the names of a group's options, sorted."""
        return sorted({file.stem for folder in self.folders for file in (folder / group).glob("*.yaml")})

    def file(self, group: str, option: str) -> GroupFile | None:
        """Return the option's file, or None if no folder has it."""
        for folder in self.folders:
            path = folder / group / f"{option}.yaml"
            if path.is_file():
                return copy.deepcopy(_read(path, path.stat().st_mtime_ns))
        return None


def groups_along(sources: Iterable[Any]) -> Groups:
    """Return the config groups along Hydra's search path, as its `runtime.config_sources` has it."""
    return Groups(
        [
            f"{source.schema}://{source.path}"
            for source in sources
            if source.schema in ("file", "pkg") and source.provider != "hydra"
        ]
    )


def _folders(source: str) -> Iterator[Path]:
    scheme, _, place = source.rpartition("://")
    if scheme == "pkg":
        yield from map(Path, importlib.import_module(place).__path__)
    elif scheme in ("", "file"):
        yield Path(place)


@cache
def _read(path: Path, _changed: int) -> GroupFile:
    text = path.read_text(encoding="utf-8")
    comments = [line.lstrip("# ") for line in text.splitlines() if line.startswith("#")]
    meaning = next((comment for comment in comments if not comment.startswith("@package")), "")
    meanings = dict(re.findall(r"^(\w+):.*?\s#\s*(.+)$", text, flags=re.MULTILINE))
    values = read_yaml(text, keys_by_name("train"), path.parent.name, str(path))
    return GroupFile(meaning, values if isinstance(values, dict) else {}, meanings)
