"""Hydra's config files, in folders and packages, read with texts as they are written and with known keys alone."""

from __future__ import annotations

from importlib import resources
from pathlib import Path

import yaml
from hydra._internal.core_plugins import file_config_source, importlib_resources_config_source
from hydra._internal.sources_registry import SourcesRegistry
from hydra.core.plugins import Plugins
from hydra.plugins.config_source import ConfigLoadError, ConfigResult, ConfigSource
from omegaconf import OmegaConf

from rnnlab.config.commands import keys_by_name
from rnnlab.config.unknown import unknown_in_file
from rnnlab.config.yaml_texts import read_yaml
from rnnlab.errors import BadInputError, Problem


class KnownKeysSource(ConfigSource):
    """What both kinds of files have in common."""

    command = "train"
    """Whose config is composed; set by `use_sources`."""

    def _result(self, config_path: str, file: str, content: bytes) -> ConfigResult:
        """Return what Hydra wants to know of a file.

        Raises:
            BadInputError: it is no text or no YAML, or sets a key that nobody knows.
        """
        keys = keys_by_name(KnownKeysSource.command)
        try:
            text = content.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise BadInputError(Problem(file, None, "must be a text in UTF-8")) from error
        header = self._get_header_dict(text[:512])
        place = header["package"] or config_path.rpartition("/")[0].replace("/", ".")
        place = "" if place == "_global_" else place

        def check(node: yaml.Node) -> None:
            if problems := list(unknown_in_file(node, keys, place, file)):
                raise BadInputError(problems)

        try:
            values = read_yaml(text, keys, place, file, check)
        except yaml.MarkedYAMLError as error:
            line = f", line {error.problem_mark.line + 1}" if error.problem_mark else ""
            raise BadInputError(Problem(f"{file}{line}", None, f"is no YAML: {error.problem}")) from error
        if not isinstance(values, dict | None):
            raise BadInputError(Problem(file, None, "must hold keys with values"))
        address = f"{self.scheme()}://{self.path}"
        return ConfigResult(
            config=OmegaConf.create(values or {}), path=address, provider=self.provider, header=header
        )


# Hydra tells the classes that it reads files with apart by their names: these replace its own.


class FileConfigSource(KnownKeysSource, file_config_source.FileConfigSource):
    """A folder of files."""

    def load_config(self, config_path: str) -> ConfigResult:
        """Return what stands in a file."""
        file = Path(self.path) / self._normalize_file_name(config_path)
        if not file.exists():
            raise ConfigLoadError(f"Config not found : {file}")
        return self._result(config_path, str(file), file.read_bytes())


class ImportlibResourcesConfigSource(
    KnownKeysSource, importlib_resources_config_source.ImportlibResourcesConfigSource
):
    """A package of files."""

    def load_config(self, config_path: str) -> ConfigResult:
        """Return what stands in a file."""
        name = self._normalize_file_name(config_path)
        file = resources.files(self.path).joinpath(name)
        if not file.is_file():
            raise ConfigLoadError(f"Config not found : {name}")
        return self._result(config_path, f"{self.path}/{name}", file.read_bytes())


def use_sources(command: str) -> None:
    """Make Hydra read the files of a command's config through these."""
    KnownKeysSource.command = command
    Plugins.instance()  # it registers Hydra's own
    for kind in (FileConfigSource, ImportlibResourcesConfigSource):
        SourcesRegistry.instance().types[kind.scheme()] = kind
