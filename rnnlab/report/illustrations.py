"""Which figures a report has, and what each is drawn from."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from rnnlab.report import study_figures as draw
from rnnlab.report.entries import MSE
from rnnlab.report.evaluation import Evaluation, GroupSummary, Panel
from rnnlab.report.pages import Picture
from rnnlab.report.shapes import Cost, Curves, Dots, Track
from rnnlab.tracking.store import Store
from rnnlab.tracking.studies import artifact, histories

TRAINING = "train/mse"
MOST_RUNS_IN_CURVES = 2000
"""A group's median and band do not change visibly with more."""


def illustrations(store: Store, evaluation: Evaluation) -> Iterator[tuple[Picture, Figure]]:
    """Yield each figure of a report with its place and its description; panel by panel."""
    for panel in evaluation.panels:
        groups = [evaluation.groups[index] for index in panel.indices]
        where = "" if len(evaluation.panels) == 1 else f", {panel.name}"
        suffix = "" if len(evaluation.panels) == 1 else f"-{_file_name(panel, evaluation.panels)}"
        for section, name, title, figure, alt in _of_panel(store, panel, groups):
            yield Picture(section, name + suffix, title + where, alt), figure


def _of_panel(
    store: Store, panel: Panel, groups: Sequence[GroupSummary]
) -> Iterator[tuple[str, str, str, Figure, str]]:
    dots = [_dots(group) for group in groups]
    title = "Test MSE: a dot a seed, geometric means with 95% intervals, trivial predictors as lines"
    yield (
        "error",
        "distribution",
        title,
        draw.distribution(dots, panel.ladder),
        draw.distribution_alt(dots, panel.ladder),
    )
    depth = draw.depth(dots, panel.ladder)
    if depth is not None:
        yield "depth", "depth", "Test MSE against depth", depth, draw.depth_alt(dots)
    costs = [_cost(group) for group in groups if group.group.finished and group.parameters is not None]
    if costs:
        yield "cost", "time", "Test MSE against fit time", draw.time(costs), draw.time_alt(costs)
        what = "Test MSE against trainable parameters"
        yield "cost", "parameters", what, draw.parameters(costs), draw.parameters_alt(costs)
    curves = [found for group in groups if (found := _curves(store, group)) is not None]
    if curves:
        what = "Training MSE by epoch: median, quartiles and range of the seeds"
        yield "training", "loss", what, draw.loss_curves(curves), draw.loss_curves_alt(curves)
    tracks = [track for group in groups if (track := _track(store, group)) is not None]
    if tracks:
        yield "prediction", "tracks", "Truth and prediction", draw.tracks(tracks), draw.tracks_alt(tracks)
        yield "prediction", "zooms", "The same, zoomed in around a peak", draw.zooms(tracks), draw.zooms_alt(tracks)
        what = "Residuals: prediction minus truth, each on its own scale"
        yield "prediction", "residuals", what, draw.residuals(tracks), draw.residuals_alt(tracks)


def _facets(group: GroupSummary) -> dict[str, Any]:
    factors = group.group.factors
    return {"label": group.label, "cell": str(factors["cell"]), "layers": int(factors["layers"])}


def _dots(group: GroupSummary) -> Dots:
    interval = (group.mean.value, group.mean.low, group.mean.high) if group.mean else (None, None, None)
    facets = _facets(group)
    return Dots(facets["label"], facets["cell"], facets["layers"], np.array(group.group.values(MSE)), *interval)


def _cost(group: GroupSummary) -> Cost:
    seconds, values = (np.array(group.group.values(metric)) for metric in ("time/fit_seconds", MSE))
    return Cost(**_facets(group), seconds=seconds, parameters=group.parameters or 0, values=values)


def _curves(store: Store, group: GroupSummary) -> Curves | None:
    found = histories(store, group.group.run_ids[:MOST_RUNS_IN_CURVES], TRAINING)
    epochs = sorted({epoch for points in found.values() for epoch in points})
    if not epochs:
        return None
    values = [[points.get(epoch, np.nan) for epoch in epochs] for points in found.values()]
    return Curves(**_facets(group), epochs=np.array(epochs), values=np.array(values))


def _track(store: Store, group: GroupSummary) -> Track | None:
    entry = group.median_run
    content = artifact(store, entry.run.run_id, "predictions.csv") if entry and entry.run else None
    if content is None:
        return None
    rows = csv.DictReader(content.decode(errors="replace").splitlines())
    columns = np.array([(row["time"], row["truth"], row["prediction"]) for row in rows], dtype=float)
    if not columns.size:
        return None
    times, truth, prediction = columns.T
    return Track(**_facets(group), times=times, truth=truth, prediction=prediction)


def _file_name(panel: Panel, panels: Sequence[Panel]) -> str:
    """Return a panel's name as part of a file's name, with its number where two would be the same."""
    names = [re.sub(r"[^\w.=+-]+", "_", one.name, flags=re.ASCII).strip("_") or "panel" for one in panels]
    place = panels.index(panel)
    return names[place] if names.count(names[place]) == 1 else f"{names[place]}-{place + 1}"
