"""The schemas, made known to Hydra under the names that the files in ``conf`` use."""

from __future__ import annotations

from pathlib import Path

from hydra.core.config_store import ConfigStore
from omegaconf import OmegaConf

from rnnlab.config.commands import SCHEMAS
from rnnlab.config.groups import COMMANDS_FOLDER, Groups, conf_folder
from rnnlab.config.sources import use_sources


def register_schemas(command: str) -> None:
    """Register the schemas as ``<command>_schema``, and for a command that stands apart the group that it needs.

    Hydra then reads its files as `rnnlab.config.sources` does.
    """
    use_sources(command)
    store = ConfigStore.instance()
    for name, schema in SCHEMAS.items():
        store.store(name=f"{name}_schema", node=schema)
    if config_folder(command) != conf_folder():
        groups = Groups([str(conf_folder())])
        for option in groups.options("tracking"):
            file = groups.file("tracking", option)
            if file is not None:
                store.store(group="tracking", name=option, node=OmegaConf.create(file.values))


def config_folder(command: str) -> Path:
    """Return the folder of a command's config.

    Commands that take names of functions and cells for filters stand apart from the groups of those names:
    Hydra would load the group.
    """
    apart = conf_folder() / COMMANDS_FOLDER
    return apart if (apart / f"{command}.yaml").is_file() else conf_folder()
