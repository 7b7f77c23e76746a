"""Hydra's plugins for clusters."""
