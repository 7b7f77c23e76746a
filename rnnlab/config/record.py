"""A run's config as it is recorded: plain, flat, hashed, named, and read back."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml
from omegaconf import OmegaConf
from omegaconf._utils import OmegaConfDumper, get_omega_conf_dumper

from rnnlab.config.commands import keys_by_name
from rnnlab.config.quoting import unresolved
from rnnlab.config.schema import RunConfig
from rnnlab.config.targets import is_csv, label
from rnnlab.config.yaml_texts import read_yaml

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
        return file_label(config.data.path)
    return label(config.function)


def file_label(path: str) -> str:
    """Return the name of a file so that it can be part of a folder's name."""
    return re.sub(r"[^\w.+-]", "_", Path(path).name)[-LONGEST_FILE_NAME:].lstrip(".")


def facets(config: RunConfig) -> dict[str, Any]:
    """Return what a run is compared by: function, cell, layers and seed."""
    return {
        "function": curve_label(config),
        "cell": label(config.cell),
        "layers": config.layers,
        "seed": config.seed,
    }


def run_name(config: RunConfig) -> str:
    """Return the run's own name, or what it is: ``cos-lstm-3x128-s0``."""
    if config.name:
        return config.name
    is_ = facets(config)
    return f"{is_['function']}-{is_['cell']}-{is_['layers']}x{config.model.hidden_size}-s{is_['seed']}"


class _ExactDumper(get_omega_conf_dumper()):  # type: ignore[misc]
    """Writes texts so that YAML, and OmegaConf, read each of them back."""


def _represented(dumper: yaml.Dumper, text: str) -> yaml.ScalarNode:
    if text.isprintable():
        return OmegaConfDumper.str_representer(dumper, text)
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style='"')  # with escapes, which no reader folds


_ExactDumper.add_representer(str, _represented)


def save_config(config: RunConfig, path: Path) -> None:
    """Write the config as YAML: values alone, of which none is looked up when they are read again."""
    text = yaml.dump(
        plain(config),
        Dumper=_ExactDumper,
        default_flow_style=False,
        allow_unicode=True,
        sort_keys=False,
    )
    path.write_text(text, encoding="utf-8")


def _unresolved(values: Any) -> Any:
    """Return nested values in which OmegaConf looks nothing up."""
    if isinstance(values, dict):
        return {name: _unresolved(value) for name, value in values.items()}
    if isinstance(values, list):
        return [_unresolved(value) for value in values]
    return unresolved(values) if isinstance(values, str) else values


def load_config(path: Path) -> RunConfig:
    """Read what `save_config` wrote.

    Raises:
        OSError: the file cannot be read.
        OmegaConfBaseException, TypeError: it does not hold a run's config.
    """
    try:
        values = read_yaml(path.read_text(encoding="utf-8"), keys_by_name("train"), name=path.name)
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise TypeError(" ".join(str(error).split())) from error
    if not isinstance(values, dict):
        raise TypeError(f"{path.name} holds no keys")
    merged = OmegaConf.merge(OmegaConf.structured(RunConfig), OmegaConf.create(_unresolved(values)))
    config = OmegaConf.to_object(merged)
    assert isinstance(config, RunConfig)  # noqa: S101 - the schema's type
    return config
