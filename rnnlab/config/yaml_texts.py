"""YAML in which a text stays the characters that were written.

YAML, and more so the dialect that OmegaConf reads, takes 1.10 for the number 1.1, ``1e3`` for 1000.0 and ``yes``
for true. Where the schema says that a key holds a text, it is what stands in the file.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import yaml
from omegaconf._utils import get_yaml_loader

from rnnlab.config.keys import Key, holder

TEXT, NULL, BOOL, INT, MERGE = (f"tag:yaml.org,2002:{kind}" for kind in ("str", "null", "bool", "int", "merge"))
SWEPT = "hydra.sweeper.params"
"""The section of a study's preset that holds values as they are written on the command line."""
SBATCH = "cluster.sbatch"
ABOVE_SWEPT = ("hydra", "hydra.sweeper", SWEPT)


def read_yaml(
    text: str,
    keys: Mapping[str, Key],
    place: str = "",
    name: str = "config",
    check: Callable[[yaml.Node], None] | None = None,
) -> Any:
    """Return what stands in a YAML file, as nested dicts, lists and scalars.

    Args:
        text: of the file.
        keys: of the schema, by their dotted names.
        place: the section that the file belongs to; empty for the whole config.
        name: of the file, for an error's place in it.
        check: looks at the file's nodes first.

    Raises:
        yaml.YAMLError: it is no YAML.
    """
    loader = get_yaml_loader()(text)
    loader.name = name
    try:
        node = loader.get_single_node()
        if node is None:
            return None
        if check is not None:
            check(node)
        return loader.construct_document(_typed(node, place, keys))
    finally:
        loader.dispose()


def joined(place: str, name: str) -> str:
    """Return the dotted name of a key in a section."""
    return f"{place}.{name}" if place else name


def _typed(node: yaml.Node, path: str, keys: Mapping[str, Key]) -> yaml.Node:
    """Return a node in which each plain scalar that is meant as a text is one."""
    known = holder(path, keys)
    if isinstance(node, yaml.ScalarNode):
        as_text = node.style is None and _is_text(node, path, known)
        return yaml.ScalarNode(TEXT, node.value, node.start_mark, node.end_mark) if as_text else node
    if isinstance(node, yaml.SequenceNode) and known is not None and known.kind is list:
        items = [_typed(item, path, keys) if isinstance(item, yaml.ScalarNode) else item for item in node.value]
        return yaml.SequenceNode(node.tag, items, node.start_mark, node.end_mark)
    is_section = not path or path == SBATCH or path in ABOVE_SWEPT or (known is not None and known.is_section)
    if not isinstance(node, yaml.MappingNode) or not is_section:
        return node
    pairs = [
        (key, _typed(value, path if key.tag == MERGE else joined(path, str(key.value)), keys))
        for key, value in node.value
    ]
    return yaml.MappingNode(node.tag, pairs, node.start_mark, node.end_mark)


def _is_text(node: yaml.ScalarNode, path: str, known: Key | None) -> bool:
    if path.startswith(f"{SWEPT}."):
        return True
    if known is None or node.tag == NULL:
        return False
    if path.startswith(f"{SBATCH}."):
        return not is_switch_or_count(node.value)
    return known.name == path and known.kind in (str, list, Any)


def is_switch_or_count(text: str) -> bool:
    """Return whether an option of sbatch is on or off, or a whole number that is shown as it was written."""
    return text in ("true", "false") or (text.isascii() and text.isdigit() and text == str(int(text)))
