"""The schemas, made known to Hydra under the names that the files in ``conf`` use."""

from __future__ import annotations

from hydra.core.config_store import ConfigStore

from rnnlab.config.schema import PredictConfig, RunConfig, RunsConfig, UiConfig

SCHEMAS = {"train": RunConfig, "predict": PredictConfig, "runs": RunsConfig, "ui": UiConfig}
"""The schema of each command that takes a config."""


def register_schemas() -> None:
    """Register every command's schema, ``<command>_schema``."""
    for command, schema in SCHEMAS.items():
        ConfigStore.instance().store(name=f"{command}_schema", node=schema)
