"""What a piece of Python source imports, wherever in it, found without running it."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

IMPORTERS = {"import_module", "__import__", "find_spec"}
"""Functions that import, or look for, the module that their first argument names."""

COMPUTED = {
    "exec_module",
    "iter_modules",
    "load_module",
    "run_module",
    "run_path",
    "spec_from_file_location",
    "walk_packages",
}
"""Functions that import, or lead to, modules whose names stand nowhere."""

CODE_FILE = re.compile(r"[\w./-]+\.(py|so|pyd|dll|dylib|c|cc|cpp|cu|cuh|h|hpp|pyx|jl)")


@dataclass
class Imports:
    """What a module may import.

    Attributes:
        names: dotted paths; the last part of one may be an attribute and no module.
        wholes: packages of which everything is imported.
        files: texts that may be paths of files with code, from the module's folder on.
        computed: whether it imports modules by names that it computes.
    """

    names: set[str] = field(default_factory=set)
    wholes: set[str] = field(default_factory=set)
    files: set[str] = field(default_factory=set)
    computed: bool = False


def imports_of(source: bytes, package: str) -> Imports:
    """Return what a module's source imports, also inside its functions; nothing where it is no Python.

    Args:
        source: of the module.
        package: what its relative imports begin with; empty where it is in no package.
    """
    found = Imports()
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError):
        return found
    nodes = list(ast.walk(tree))
    renamed = {
        alias.asname: alias.name
        for node in nodes
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
        if alias.asname
    }
    for node in nodes:
        if isinstance(node, ast.Import):
            found.names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            _from(found, node, package)
        elif isinstance(node, ast.Call):
            _call(found, node, package, renamed)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and CODE_FILE.fullmatch(node.value):
            found.files.add(node.value)
    return found


def _from(found: Imports, node: ast.ImportFrom, package: str) -> None:
    base = _absolute("." * node.level + (node.module or ""), package)
    if base is None:
        return
    found.names.add(base)
    for alias in node.names:
        if alias.name == "*":
            found.wholes.add(base)
        else:
            found.names.add(f"{base}.{alias.name}")


def _call(found: Imports, node: ast.Call, package: str, renamed: Mapping[str, str]) -> None:
    function = node.func
    name = (
        renamed.get(function.id, function.id) if isinstance(function, ast.Name) else getattr(function, "attr", "")
    )
    if name in COMPUTED:
        found.computed = True
    elif name in IMPORTERS:
        literals = list(_literals(node))
        base = _absolute(literals[0], package) if literals else None
        if base is None:
            found.computed = True
        else:
            found.names.add(base)


def _literals(node: ast.Call) -> Iterator[str]:
    """Yield the first argument of a call, if it is a text."""
    given = [*node.args[:1], *(word.value for word in node.keywords if word.arg == "name")]
    for value in given[:1]:
        if isinstance(value, ast.Constant) and isinstance(value.value, str):
            yield value.value


def _absolute(name: str, package: str) -> str | None:
    """Return the dotted path that a relative one means, or None where it leads out of the package."""
    rest = name.lstrip(".")
    level = len(name) - len(rest)
    if not level:
        return rest or None
    parts = package.split(".") if package else []
    if level > len(parts):
        return None
    return ".".join([*parts[: len(parts) - level + 1], *([rest] if rest else [])])
