"""A run's fingerprint: what decides its result, config and code, in one short text."""

from __future__ import annotations

import hashlib

from rnnlab.config.record import config_hash
from rnnlab.config.schema import TARGET_SECTIONS, RunConfig
from rnnlab.provenance.code import code_id, own_code_id

DIGITS = 16
OTHER_CONFIG, OTHER_CODE = "begun with another config", "begun with other code"
"""Fingerprints of runs that went on with another config or code: no new run is like them."""


def fingerprint(config: RunConfig) -> str:
    """Return 16 hexadecimal digits that two runs share if their config and their code are the same.

    The code is rnnlab's, and the source of the user's own modules that the config names.
    """
    parts = [config_hash(config), code_id(), *(own_code_id(module) for module in target_modules(config))]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:DIGITS]


def target_modules(config: RunConfig) -> list[str]:
    """Return the top-level modules of the objects that a config names."""
    sections = [getattr(config, name) for name in TARGET_SECTIONS] + [config.data.test_function or {}]
    return sorted({str(section.get("_target_", "")).partition(".")[0] for section in sections} - {""})
