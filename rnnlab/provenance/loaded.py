"""The code that this process runs: a loaded module as it was loaded, not as its file was edited since."""

from __future__ import annotations

import sys
from importlib.machinery import ModuleSpec
from pathlib import Path

from rnnlab.provenance.distributions import Installed

_CONTENTS: dict[str, tuple[ModuleSpec | None, bytes]] = {}
_RELEASES: dict[str, tuple[ModuleSpec, str]] = {}


def content_of(module: str, spec: ModuleSpec) -> bytes:
    """Return a module's source, or its binary, as this process runs it.

    Of a loaded module that is what its file held when it was first looked at since, or last before; of one that
    is not loaded yet, or was loaded anew, what it holds now.

    Args:
        module: its dotted path.
        spec: where it was found.
    """
    seen, content = _CONTENTS.get(module, (None, None))
    loaded = _is_loaded(module, spec)
    if content is None or not loaded or (seen is not None and seen is not spec):
        content = read_content(module, spec)
    _CONTENTS[module] = spec if loaded else None, content
    return content


def release_of(package: Installed, module: str, spec: ModuleSpec) -> str:
    """Return a package's release as it was when this module of it was first looked at after it was loaded.

    Args:
        package: that the module belongs to.
        module: its dotted path.
        spec: where it was found.
    """
    if not _is_loaded(module, spec):
        return package.release
    seen, release = _RELEASES.get(module, (None, ""))
    if seen is not spec:
        release = package.release
        _RELEASES[module] = spec, release
    return release


def read_release(package: Installed, _module: str, _spec: ModuleSpec) -> str:
    """Return a package's release as it is now."""
    return package.release


def _is_loaded(module: str, spec: ModuleSpec) -> bool:
    return getattr(sys.modules.get(module), "__spec__", None) is spec


def read_content(_module: str, spec: ModuleSpec) -> bytes:
    """Return a module's source, or its binary, as it is now; it may lie in an archive."""
    origin = str(spec.origin)
    try:
        return Path(origin).read_bytes()
    except OSError:
        read = getattr(spec.loader, "get_data", lambda path: path.encode())
        content: bytes = read(origin)
        return content
