"""Fixtures shared by all tests."""

from __future__ import annotations

import pytest


@pytest.fixture
def home(tmp_path, monkeypatch):
    """A folder of its own below which everything is written, and which is the current one."""
    monkeypatch.delenv("RNNLAB_HOME", raising=False)
    monkeypatch.delenv("RNNLAB_DEBUG", raising=False)
    monkeypatch.chdir(tmp_path)
    return tmp_path
