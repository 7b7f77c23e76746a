"""What tells runs apart: the keys in which their configs differ, and the names of their curves."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from pathlib import PurePath
from typing import Any

from rnnlab.config.record import NOT_PART_OF_THE_RESULT, SHOWN_BY_FACETS, file_label
from rnnlab.config.schema import TARGET_SECTIONS
from rnnlab.config.targets import label

Row = Mapping[str, Any]
"""A flattened config: values as they are, or as the texts that a store has of them."""

SHOWN_BY_CURVE = ("data.path", "data.digest")
SETTLED = (*SHOWN_BY_CURVE, "data.standardize", "data.train_samples", "data.test_samples")
"""Keys that a curve or a file decides where they are left open, each after those that it may follow from."""


def differing_keys(rows: Sequence[Row], typed: Collection[str] = ()) -> list[str]:
    """Return the keys in which flattened configs differ, beyond function, cell, layers, seed and name.

    What follows from something else is no difference of its own: that an LSTM has a forget bias and a GRU has none,
    that a file has its number of points, that an MLP's ``cell.window`` is the ``data.window`` that is swept.

    Args:
        rows: the configs.
        typed: the keys that were given several values, each a difference whatever it follows from.
    """
    keys = dict.fromkeys(key for row in rows for key in row)
    differing = [
        key
        for key in keys
        if (key not in SHOWN_BY_FACETS or _is_ambiguous(key, rows))
        and key.partition(".")[0] not in NOT_PART_OF_THE_RESULT
        and _differs(key, rows)
    ]
    following = following_keys(rows, differing, typed)
    return [key for key in differing if key not in following]


def following_keys(rows: Sequence[Row], differing: Sequence[str], typed: Collection[str] = ()) -> set[str]:
    """Return those of the keys in which rows differ that follow from their curve, or from others of the keys.

    These are what a file or a curve decides, and parameters of a section's object that are another key's value
    wherever they are.
    """
    curves = curve_labels(rows)
    settled = [key for key in SETTLED if key in differing and (key in SHOWN_BY_CURVE or key not in typed)]
    kept = [key for key in differing if key.startswith("data.") and key not in settled]
    following = set()
    for key in settled:
        if key in SHOWN_BY_CURVE or _is_decided_by(key, kept, rows, curves):
            following.add(key)
        else:
            kept.append(key)
    sources = ["layers", *(key for key in differing if not _is_parameter(key) and key not in following)]
    for key in filter(_is_parameter, differing):
        if any(_is_the_same(key, source, rows) for source in sources):
            following.add(key)
        else:
            sources.append(key)
    return following


def _is_decided_by(key: str, others: Sequence[str], rows: Sequence[Row], curves: Sequence[str]) -> bool:
    found: dict[tuple[str, ...], str] = {}
    return all(
        found.setdefault((curve, *(repr(row.get(other)) for other in others)), repr(row.get(key)))
        == repr(row.get(key))
        for row, curve in zip(rows, curves, strict=True)
    )


def _is_the_same(key: str, source: str, rows: Sequence[Row]) -> bool:
    return all(repr(row[key]) == repr(row.get(source)) for row in rows if key in row)


def _is_parameter(key: str) -> bool:
    section, _, name = key.partition(".")
    return section in TARGET_SECTIONS and name not in ("", "_target_")


def _is_ambiguous(key: str, rows: Sequence[Row]) -> bool:
    """Return whether objects of one short name, such as two classes ``LSTM``, are behind a facet."""
    if not key.endswith("._target_"):
        return False
    targets = {str(row.get(key)) for row in rows}
    return len({label({"_target_": target}) for target in targets}) < len(targets)


def _differs(key: str, rows: Sequence[Row]) -> bool:
    section = key.partition(".")[0]
    values: dict[Any, set[str]] = {}
    for row in rows:
        target = row.get(f"{section}._target_") if _is_parameter(key) else None
        values.setdefault(target, set()).add(repr(row.get(key)))
    return any(len(found) > 1 for found in values.values())


def curve_labels(rows: Sequence[Row]) -> list[str]:
    """Return the short name of each row's curve; files of the same name and other content are told apart.

    That is by as much of their folders as it takes, or by their digest where one file has changed.
    """
    names = [_curve(row) for row in rows]
    files: dict[str, dict[str, list[str]]] = {}
    for name, row in zip(names, rows, strict=True):
        if path := _path(row):
            paths = files.setdefault(name, {}).setdefault(_content(row), [])
            paths += [path] if path not in paths else []
    told_apart = {name: _told_apart(paths) for name, paths in files.items() if len(paths) > 1}
    return [told_apart.get(name, {}).get(_content(row), name) for name, row in zip(names, rows, strict=True)]


def _curve(row: Row) -> str:
    if path := _path(row):
        return file_label(path)
    return str(row.get("function") or label({"_target_": row.get("function._target_", "")}))


def _path(row: Row) -> str | None:
    """Return the file that a row's curve is, or None; a store has None as a text."""
    path = row.get("data.path")
    return None if path in (None, "", "None") else str(path)


def _content(row: Row) -> str:
    return str(row.get("data.digest") or _path(row))


def _told_apart(files: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """Return a name of each file, given the paths by the digest of what is in them."""
    longest = max(len(PurePath(path).parts) for paths in files.values() for path in paths)
    for parts in range(2, longest + 1):
        names = {content: {_ending(path, parts) for path in paths} for content, paths in files.items()}
        if sum(map(len, names.values())) == len(set().union(*names.values())):
            return {content: _ending(paths[0], parts) for content, paths in files.items()}
    return {content: f"{file_label(paths[0])} ({content[:6]})" for content, paths in files.items()}


def _ending(path: str, parts: int) -> str:
    return "/".join(file_label(part) for part in PurePath(path).parts[-parts:] if part != "/")
