"""The schema of each command that takes a config."""

from __future__ import annotations

from rnnlab.config.keys import Key, keys_of
from rnnlab.config.schema import (
    CompareConfig,
    ExplainConfig,
    ForecastConfig,
    PredictConfig,
    ReportConfig,
    ReproduceConfig,
    RunConfig,
    RunsConfig,
    SyncConfig,
    UiConfig,
)

SCHEMAS = {
    "train": RunConfig,
    "predict": PredictConfig,
    "forecast": ForecastConfig,
    "report": ReportConfig,
    "compare": CompareConfig,
    "explain": ExplainConfig,
    "reproduce": ReproduceConfig,
    "runs": RunsConfig,
    "sync": SyncConfig,
    "ui": UiConfig,
}


def keys_by_name(command: str) -> dict[str, Key]:
    """Return every key of a command's config by its dotted name."""
    return {key.name: key for key in keys_of(SCHEMAS[command])}
