"""Keys that nobody knows: in a file, or added with a plus."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import yaml

from rnnlab.config.groups import Groups, conf_folder
from rnnlab.config.keys import Key, holder
from rnnlab.config.yaml_texts import ABOVE_SWEPT, MERGE, SWEPT, joined
from rnnlab.errors import Problem, nearest, nearest_few, shell_word

HYDRAS = ("defaults", "hydra")
"""What a file may set for Hydra itself."""


def unknown_in_file(node: yaml.Node, keys: Mapping[str, Key], place: str, file: str) -> Iterator[Problem]:
    """Yield what a file sets that nobody knows.

    Args:
        node: what stands in the file, or in a section of it.
        keys: of the schema, by their dotted names.
        place: the section that it belongs to; empty for the whole config.
        file: its name.
    """
    if not isinstance(node, yaml.MappingNode):
        return
    for key, value in node.value:
        name, path = str(key.value), joined(place, str(key.value))
        known = holder(path, keys)
        if path.startswith(f"{SWEPT}.") and isinstance(value, yaml.SequenceNode):
            listed = ",".join(str(item.value) for item in value.value)
            where = f"{file}, line {key.start_mark.line + 1}"
            yield Problem(path, None, f"is written as on the command line: {name}: {listed} ({where})")
        elif path.startswith(f"{SWEPT}.") and isinstance(value, yaml.MappingNode):
            below = ", ".join(f"{name}.{one.value}" for one, _ in value.value)
            where = f"{file}, line {key.start_mark.line + 1}"
            yield Problem(path, None, f"has dotted keys below it, as on the command line: {below} ({where})")
        elif path in ABOVE_SWEPT:
            yield from unknown_in_file(value, keys, path, file)
        elif key.tag == MERGE or path.partition(".")[0] in HYDRAS:
            continue
        elif known is None or "." in name:
            yield _problem_in_file(key, value, keys, path, file)
        elif path == known.name and _is_one_value(value) and (known.is_section or known.kind is dict):
            yield _one_value(key, value, path, file)
        elif known.is_section:
            yield from unknown_in_file(value, keys, path, file)


def _is_one_value(node: yaml.Node) -> bool:
    return isinstance(node, yaml.ScalarNode) and "${" not in node.value


def _one_value(key: yaml.Node, value: yaml.ScalarNode, path: str, file: str) -> Problem:
    """Return what is wrong with one value where a section of keys belongs."""
    allowed = "is a section: its keys stand below it, indented"
    groups = Groups([str(conf_folder())])
    if value.value in groups.options(path):
        allowed += f"; of the {path}s one is chosen by 'defaults: [override /{path}: {value.value}]'"
    return Problem(path, value.value or None, f"{allowed} ({file}, line {key.start_mark.line + 1})")


def _problem_in_file(key: yaml.Node, value: yaml.Node, keys: Mapping[str, Key], path: str, file: str) -> Problem:
    name, where = str(key.value), f"{file}, line {key.start_mark.line + 1}"
    given = value.value if isinstance(value, yaml.ScalarNode) else None
    if "." in name and holder(name, keys) is not None:
        above, _, last = name.rpartition(".")
        return Problem(
            name, given, f"is nested in a file: {last}: indented below {above.replace('.', ': ')}: ({where})"
        )
    if path != name and holder(name, keys) is not None:
        return Problem(path, given, f"is no key, but {name} is; begin the file with # @package _global_ ({where})")
    near = nearest(path, [one.name for one in keys.values() if not one.is_section])
    return Problem(path, given, "is no key" + (f", the nearest is {near}" if near else "") + f" ({where})")


def unknown_in_config(config: Any, prefix: str = "") -> Iterator[str]:
    """Yield the keys of a typed config that are not its schema's: what was added with a plus."""
    known = {item.name for item in dataclasses.fields(config)}
    for name, value in vars(config).items():
        if name not in known:
            yield prefix + name
        elif dataclasses.is_dataclass(value):
            yield from unknown_in_config(value, f"{prefix}{name}.")


def unknown_key(name: str, keys: Mapping[str, Key], groups: Groups, given: str | None) -> Problem:
    """Return what is wrong with a key that nobody knows, with the spellings that come nearest.

    Args:
        name: the key as it was typed, perhaps with a plus.
        keys: of the command, by their dotted names.
        groups: the config groups, whose files name more keys.
        given: its value as it was typed, or None where that is not known.
    """
    plain = name.lstrip("+")
    section = plain.partition(".")[0]
    legal = [key.name for key in keys.values() if not key.is_section] + groups.names()
    if section not in keys or keys[section].kind is not dict or plain == section:
        spellings = [shell_word(near, given) for near in _nearest_keys(plain, legal)] if given is not None else []
        return _with_spellings(Problem(name, given, "is no key; --help lists them all"), spellings)
    options = {option: groups.file(section, option) for option in groups.options(section)}
    owners: dict[str, list[str]] = {}
    for option, file in options.items():
        for parameter in file.values if file else ():
            owners.setdefault(f"{section}.{parameter}", []).append(option)
    near = [plain] * (plain in owners) + _nearest_keys(plain, [key for key in [*owners, *legal] if key != plain])
    value = "" if given is None else given
    spellings = [shell_word(f"+{plain}", value)] if name == plain else []
    spellings += [shell_word(key, value) for key in near if key != plain]
    spellings += [f"{section}={option} {shell_word(key, value)}" for key in near for option in owners.get(key, ())]
    is_chosen = "cell" in keys and keys["cell"].kind is dict  # as in every run's config
    allowed = f"is no key of this {section}; +{plain}= adds one that its Python object takes"
    if not is_chosen:
        allowed = f"belongs to a {section}, which {section}= chooses"
    return _with_spellings(Problem(name, given, allowed), spellings)


def _with_spellings(problem: Problem, spellings: list[str]) -> Problem:
    if not spellings:
        return problem
    return dataclasses.replace(problem, suggestion=spellings[0], alternatives=tuple(spellings[1:]))


def _nearest_keys(name: str, legal: Iterable[str]) -> list[str]:
    """Return the legal keys spelled most like a name; of those in its section, the rest of the name counts."""
    section, _, rest = name.rpartition(".")
    beside = [key.removeprefix(f"{section}.") for key in legal if section and key.startswith(f"{section}.")]
    near = [f"{section}.{one}" for one in nearest_few(rest, beside)]
    others = [one for one in nearest_few(name, legal) if not (section and one.startswith(f"{section}."))]
    return [*near, *others]
