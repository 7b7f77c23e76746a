"""The figures of a study and what they show in words, in one place; drawn from `rnnlab.report.shapes`."""

from rnnlab.report.alt_texts import (
    depth_alt,
    distribution_alt,
    loss_curves_alt,
    parameters_alt,
    residuals_alt,
    time_alt,
    tracks_alt,
    zooms_alt,
)
from rnnlab.report.cost_figures import parameters, time
from rnnlab.report.curve_figures import loss_curves, residuals, tracks, zooms
from rnnlab.report.error_figures import depth, distribution

__all__ = [
    "depth",
    "depth_alt",
    "distribution",
    "distribution_alt",
    "loss_curves",
    "loss_curves_alt",
    "parameters",
    "parameters_alt",
    "residuals",
    "residuals_alt",
    "time",
    "time_alt",
    "tracks",
    "tracks_alt",
    "zooms",
    "zooms_alt",
]
