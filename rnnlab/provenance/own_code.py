"""The user's own code that a run uses: the modules that its config names, and all that these import."""

from __future__ import annotations

import hashlib
import importlib
import sys
import sysconfig
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from importlib.machinery import ModuleSpec, PathFinder
from importlib.util import find_spec
from pathlib import Path

from rnnlab.provenance.defined import digest_of_defined
from rnnlab.provenance.distributions import SITES, Installed, installed, normalized, owner, rnnlabs_own
from rnnlab.provenance.imports import Imports, imports_of
from rnnlab.provenance.loaded import content_of, read_content, read_release, release_of

DIGITS = 16
NEVER_OWN = ("rnnlab", "hydra_plugins", "torch", "numpy")
"""Packages that a config names all the time and that are not the user's."""

SMALL = 100
"""Python files of an installed package up to which it is searched for what it imports and does not require."""

STANDARD_LIBRARY = tuple({sysconfig.get_path(name) for name in ("stdlib", "platstdlib")})
MAIN = "__main__"


@dataclass(frozen=True)
class OwnCode:
    """The user's own code.

    Attributes:
        modules: by its dotted path, a hash of each module's source.
        packages: by its name, the version of each installed package that is not one of rnnlab's own dependencies.
        places: the folders and files that the modules lie in, as one would copy them elsewhere.
    """

    modules: Mapping[str, str] = field(default_factory=dict)
    packages: Mapping[str, str] = field(default_factory=dict)
    places: tuple[Path, ...] = ()

    def parts(self) -> list[str]:
        """Return what decides, in an order of its own."""
        return [f"{name} {value}" for part in (self.modules, self.packages) for name, value in part.items()]


def own_code(names: Iterable[str]) -> OwnCode:
    """Return the user's own code behind the dotted paths that a config holds.

    That is each module on the way to a named object, all that it imports and so on, lazily or not; modules that
    come with an installed package count by its version. Where a module lies changes nothing.
    """
    return _found(names, as_loaded=False)


def running_code(names: Iterable[str]) -> OwnCode:
    """Return the user's own code that a run in this process uses: of loaded modules what was loaded.

    A worker trains run after run with the modules that it loaded for the first, whatever was edited since.
    """
    return _found(names, as_loaded=True)


def _found(names: Iterable[str], *, as_loaded: bool) -> OwnCode:
    search = _Search(as_loaded=as_loaded)
    for name in sorted(names):
        if name.partition(".")[0] in NEVER_OWN:
            continue
        _imported(name)
        search.add(name)
    return search.found()


def _imported(name: str) -> None:
    """Import what a config names, as the run will: a module may change where others are looked for."""
    parts = name.split(".")
    for end in range(1, len(parts)):
        with suppress(Exception):
            importlib.import_module(".".join(parts[:end]))


class _Search:
    def __init__(self, *, as_loaded: bool) -> None:
        self._content = content_of if as_loaded else read_content
        self._release = release_of if as_loaded else read_release
        self._specs: dict[str, ModuleSpec | None] = {}
        self._modules: dict[str, str] = {}
        self._packages: dict[str, str] = {}
        self._places: set[Path] = set()
        self._closed: set[str] = set()
        self._waiting: list[str] = []

    def add(self, name: str) -> None:
        """Follow a dotted path, and all that it leads to."""
        first, _, rest = name.partition(".")
        if first == MAIN:
            self._main(rest)
        else:
            self._waiting.append(name)
        while self._waiting:
            self._follow(self._waiting.pop())

    def found(self) -> OwnCode:
        modules, packages = (dict(sorted(part.items())) for part in (self._modules, self._packages))
        return OwnCode(modules, packages, tuple(sorted(self._places)))

    def _follow(self, name: str) -> None:
        parts = name.split(".")
        if parts[0] in NEVER_OWN or parts[0] == MAIN:
            return
        for end in range(1, len(parts) + 1):
            module = ".".join(parts[:end])
            if module in self._closed:
                return
            if module not in self._specs:
                self._specs[module] = spec = self._spec(module)
                if spec is not None:
                    self._visit(module, spec)
            if self._specs[module] is None:
                return

    def _spec(self, module: str) -> ModuleSpec | None:
        loaded = getattr(sys.modules.get(module), "__spec__", None)
        if loaded is not None:
            return loaded
        above = self._specs.get(module.rpartition(".")[0])
        with suppress(ImportError, ValueError, AttributeError):
            if "." not in module:
                return find_spec(module)
            if above is not None and above.submodule_search_locations is not None:
                return PathFinder.find_spec(module, list(above.submodule_search_locations))
        return None

    def _visit(self, module: str, spec: ModuleSpec) -> None:
        if spec.origin is None or not spec.has_location:
            if spec.submodule_search_locations is None:
                self._closed.add(module)
            return  # a namespace: what lies in it counts; what is built in does not
        file = Path(spec.origin)
        package = owner(module, file)
        if package is None and _is_standard(file):
            self._closed.add(module)
        elif package is not None:
            self._installed(package, self._release(package, module, spec))
            if package.name in rnnlabs_own() or package.size() > SMALL:
                self._closed.add(module)
            else:
                self._imports(module, spec, self._content(module, spec), file)
        elif _is_a_dependencys(module, file):
            self._closed.add(module)
        else:
            content = self._content(module, spec)
            self._modules[module] = _digest(content)
            self._places.add(_place(module, file))
            imports = self._imports(module, spec, content, file)
            self._waiting += _whole(self._specs, module, file) if imports.computed else []

    def _imports(self, module: str, spec: ModuleSpec, content: bytes, file: Path) -> Imports:
        is_package = spec.submodule_search_locations is not None
        package = module if is_package else module.rpartition(".")[0]
        imports = imports_of(content, package) if file.suffix == ".py" else Imports()
        self._waiting += imports.names
        for whole in imports.wholes:
            self._waiting += self._submodules(whole)
        if module in self._modules:
            for path in imports.files:
                with suppress(OSError):
                    self._modules[f"{module}:{path}"] = _digest((file.parent / path).read_bytes())
        return imports

    def _submodules(self, package: str) -> list[str]:
        self._follow(package)
        spec = self._specs.get(package)
        places = (spec.submodule_search_locations if spec else None) or []
        files = [file for place in places for file in Path(place).glob("*.py")]
        return [] if package in self._closed else [f"{package}.{file.stem}" for file in files]

    def _installed(self, package: Installed, release: str) -> None:
        """Count an installed package by its version, and those that it requires."""
        if package.name in rnnlabs_own() or package.name in self._packages:
            return
        if package.worked_on_in is not None:
            self._waiting += package.modules()
            return
        self._packages[package.name] = release
        for name in package.requirements():
            required = installed(name)
            if required is not None:
                self._installed(required, required.release)

    def _main(self, name: str) -> None:
        """Count what is defined in the script or the session that runs."""
        main = sys.modules[MAIN]
        file = Path(getattr(main, "__file__", None) or "")
        if not file.is_file():
            digest, modules = digest_of_defined(main, name)
            self._modules[f"{MAIN}.{name}"] = digest
            self._waiting += modules
        elif MAIN not in self._modules:
            content = file.read_bytes()
            self._modules[MAIN] = _digest(content)
            imports = imports_of(content, main.__package__ or "")
            self._waiting += imports.names
            self._waiting += _whole(self._specs, file.stem, file) if imports.computed else []


def _is_standard(file: Path) -> bool:
    inside = [place for place in STANDARD_LIBRARY if file.is_relative_to(place)]
    return any(not set(SITES) & set(file.relative_to(place).parts) for place in inside)


def _is_a_dependencys(module: str, file: Path) -> bool:
    """Return whether a module is of a dependency of rnnlab's that is worked on in a folder elsewhere."""
    name = normalized(module.partition(".")[0])
    package = installed(name) if name in rnnlabs_own() else None
    return package is not None and package.worked_on_in is not None and file.is_relative_to(package.worked_on_in)


def _whole(specs: Mapping[str, ModuleSpec | None], module: str, file: Path) -> Iterator[str]:
    """Yield all modules that one may mean which computes the names of those that it imports.

    Those are the modules of its package, however deep; of one that is in no package those beside it.
    """
    top = module.partition(".")[0]
    spec = specs.get(top)
    if spec is not None and spec.has_location and spec.submodule_search_locations is not None:
        for place in spec.submodule_search_locations:
            yield from _inside(Path(place), top)
    elif file.parent.name not in SITES:
        above = module.rpartition(".")[0]
        for path in sorted(file.parent.iterdir()):
            name = f"{above}.{path.stem}".lstrip(".")
            if path.suffix == ".py":
                yield name
            elif (path / "__init__.py").is_file() and path.name not in NEVER_OWN:
                yield from _inside(path, name)


def _inside(folder: Path, package: str) -> Iterator[str]:
    for path in sorted(folder.rglob("*.py")):
        parts = path.relative_to(folder).with_suffix("").parts
        if all(part.isidentifier() for part in parts):
            yield ".".join([package, *parts]).removesuffix(".__init__")


def _place(module: str, file: Path) -> Path:
    above = module.count(".") + (file.name.partition(".")[0] == "__init__")
    return file.parents[above - 1] if above else file


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:DIGITS]
