"""Hydra's plugin for studies."""
