"""A run's config as it is recorded: plain, flat, hashed, named, and read back."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from omegaconf import OmegaConf

from rnnlab.config.schema import TARGET_SECTIONS, RunConfig
from rnnlab.config.targets import is_csv, label

NOT_PART_OF_THE_RESULT = ("name", "resume", "allow_targets", "tracking", "study", "cluster")
"""Sections that change nothing in what a run computes; the hash leaves them out."""

WITHOUT_EFFECT: dict[str, tuple[Any, ...]] = {"skip_lines": (0,), "missing": (None, [])}
"""Keys of ``data`` that came later, with the values that change nothing: those leave earlier runs their hash."""

SHOWN_BY_FACETS = ("function", "cell", "layers", "seed", "function._target_", "cell._target_")
"""Flattened keys that say what the facets say already."""
LONGEST_FILE_NAME = 60


def plain(config: Any) -> dict[str, Any]:
    """Return a typed config as nested dicts of plain values."""
    return dataclasses.asdict(config)


def flat(values: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Yield dotted keys and values of nested dicts."""
    for name, value in values.items():
        if isinstance(value, dict) and value:
            yield from flat(value, f"{prefix}{name}.")
        else:
            yield prefix + name, value


def config_hash(config: RunConfig) -> str:
    """Return the SHA-256, as 16 hexadecimal digits, of all that decides a run's result."""
    values = {name: value for name, value in plain(config).items() if name not in NOT_PART_OF_THE_RESULT}
    if config.data.digest:
        values["data"].pop("path")  # a file is what is in it, wherever it lies
    for key, unchanged in WITHOUT_EFFECT.items():
        if values["data"][key] in unchanged:
            values["data"].pop(key)
    text = json.dumps(values, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def curve_label(config: RunConfig) -> str:
    """Return the short name of the curve that a run is trained on: ``sin``, or the name of its file."""
    if is_csv(config.function) and config.data.path:
        return re.sub(r"[^\w.+-]", "_", Path(config.data.path).name)[-LONGEST_FILE_NAME:].lstrip(".")
    return label(config.function)


def facets(config: RunConfig) -> dict[str, Any]:
    """Return what a run is compared by: function, cell, layers and seed."""
    return {
        "function": curve_label(config),
        "cell": label(config.cell),
        "layers": config.layers,
        "seed": config.seed,
    }


def differing_keys(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return the keys in which flattened configs differ, beyond function, cell, layers, seed and name.

    A parameter of a section's object counts where it differs between configs with the same object: that
    an LSTM has a forget bias and a GRU has none is no difference of its own.
    """
    keys = dict.fromkeys(key for row in rows for key in row)
    return [
        key
        for key in keys
        if (key not in SHOWN_BY_FACETS or _is_ambiguous(key, rows))
        and key.partition(".")[0] not in NOT_PART_OF_THE_RESULT
        and _differs(key, rows)
    ]


def _is_ambiguous(key: str, rows: Sequence[Mapping[str, Any]]) -> bool:
    """Return whether objects of one short name, such as two classes ``LSTM``, are behind a facet."""
    if not key.endswith("._target_"):
        return False
    targets = {str(row.get(key)) for row in rows}
    return len({label({"_target_": target}) for target in targets}) < len(targets)


def _differs(key: str, rows: Sequence[Mapping[str, Any]]) -> bool:
    section = key.partition(".")[0]
    is_parameter = section in TARGET_SECTIONS and not key.endswith("._target_")
    values: dict[Any, set[str]] = {}
    for row in rows:
        target = row.get(f"{section}._target_") if is_parameter else None
        values.setdefault(target, set()).add(repr(row.get(key)))
    return any(len(found) > 1 for found in values.values())


def run_name(config: RunConfig) -> str:
    """Return the run's own name, or what it is: ``cos-lstm-3x128-s0``."""
    if config.name:
        return config.name
    is_ = facets(config)
    return f"{is_['function']}-{is_['cell']}-{is_['layers']}x{config.model.hidden_size}-s{is_['seed']}"


def save_config(config: RunConfig, path: Path) -> None:
    """Write the config as YAML."""
    OmegaConf.save(OmegaConf.create(plain(config)), path)


def load_config(path: Path) -> RunConfig:
    """Read what `save_config` wrote.

    Raises:
        OSError: the file cannot be read.
        OmegaConfBaseException: it does not hold a run's config.
    """
    merged = OmegaConf.merge(OmegaConf.structured(RunConfig), OmegaConf.load(path))
    config = OmegaConf.to_object(merged)
    if not isinstance(config, RunConfig):
        raise TypeError(f"{path} holds no run's config")
    return config
