"""What each figure of a network's inside shows and its main finding, in words, for those who do not see it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from rnnlab.analysis.dependence import ROUNDING
from rnnlab.report.inside.dependence import seen_text
from rnnlab.report.inside.growth import growing
from rnnlab.report.inside.loop import largest_text
from rnnlab.report.inside.shapes import Dependence, Film, Growth, Loop, Reach, Row, Saturation


def film_alt(film: Film) -> str:
    """Return the alternative text of `film`."""
    depth = f"{len(film.layers)} layer" + ("s" if len(film.layers) != 1 else "")
    names = list(dict.fromkeys(row.name for layer in film.layers for row in layer))
    text = (
        f"{film.label} reading window {film.window}, {film.place}: its {len(film.values)} points above images, "
        f"units by steps, of {_listed(names)} in {depth}. Truth {film.truth:.6g}, prediction {film.prediction:.6g}."
    )
    gates = _by_name([row for layer in film.layers for row in layer if row.is_gate])
    if gates:
        means = [f"{name} {np.mean(np.concatenate(values)):.2f}" for name, values in gates.items()]
        text += f" Mean over all units and steps: {', '.join(means)}."
    signed = _by_name([row for layer in film.layers for row in layer if not row.is_gate])
    largest = [f"{name} {np.abs(np.concatenate(values)).max():.2g}" for name, values in signed.items()]
    return text + (f" Largest absolute value: {', '.join(largest)}." if largest else "")


def _by_name(rows: Sequence[Row]) -> dict[str, list[np.ndarray]]:
    found: dict[str, list[np.ndarray]] = {}
    for row in rows:
        found.setdefault(row.name, []).append(np.ravel(row.values))
    return found


def saturation_alt(groups: Sequence[Saturation]) -> str:
    """Return the alternative text of `saturation`."""
    gated = [group for group in groups if group.shares]
    text = f"Shares of gate values below 0.1 (closed) and above 0.9 (open) of {_networks(len(gated))}."
    for group in gated:
        (closed_at, closed), (open_at, opened) = (
            max(((at, shares[end]) for at, shares in group.shares.items()), key=lambda one: one[1])
            for end in (0, 1)
        )
        text += f" {group.label}: {_most('closed', closed_at, closed)}; {_most('open', open_at, opened)}."
    return text


def _most(end: str, at: tuple[int, str], share: float) -> str:
    """Return which gate is most often at one of its ends."""
    return (
        f"most often {end} is the {at[1]} of layer {at[0]}, {100 * share:.2g}%"
        if share
        else f"no gate is ever {end}"
    )


def dependence_alt(groups: Sequence[Dependence]) -> str:
    """Return the alternative text of `dependence`."""
    text = f"Derivative of the output by each value of the window for {_networks(len(groups))}, mean and deviation."
    for group in groups:
        place = int(np.argmax(np.abs(group.mean)))
        text += f" {group.label}: largest by {input_name(place, len(group.mean))}, {group.mean[place]:.4g}"
        if len(group.mean) > 1:
            text += f"; by the last two values {group.mean[-2]:.4f} and {group.mean[-1]:.4f}"
            if group.exact is not None:
                text += f", of the exact recurrence {group.exact[-2]:.4f} and {group.exact[-1]:.4f}"
        text += "."
        if group.apart is not None:
            what = seen_text(noisy=group.noisy)
            text += f" {what[0].upper()}{what[1:]} is {group.apart:.2g} of the exact one's length away from that."
    return text


def input_name(place: int, window: int) -> str:
    """Return the name of a value of the window, given its place from 0: ``x[t-2]``, the last being ``x[t]``."""
    back = window - 1 - place
    return f"x[t-{back}]" if back else "x[t]"


def reach_alt(groups: Sequence[Reach]) -> str:
    """Return the alternative text of `reach`."""
    groups = [group for group in groups if group.norms]
    text = f"Norm of dh_T/dh_t on a log scale against the lag T - t for {_networks(len(groups))}, a panel a layer."
    for group in groups:
        lag = group.window - 1  # from the first step of a window to its last
        place = int(np.argmin(np.abs(group.lags - lag)))
        values = [f"{norms[place]:.2g} in layer {layer}" for layer, norms in group.norms.items()]
        text += f" {group.label} at lag {int(group.lags[place])}: {', '.join(values)}."
    return text


def loop_alt(groups: Sequence[Loop]) -> str:
    """Return the alternative text of `loop`."""
    text = (
        f"Eigenvalues of the closed loop of {_networks(len(groups))} in the complex plane, with the unit circle, "
        "and zoomed in around 1."
    )
    for group in groups:
        outside = int((np.abs(group.of_mean) > 1 + ROUNDING).sum())
        text += f" {group.label}, {largest_text(group)}; {outside} of {len(group.of_mean)} outside the circle."
    return text.replace("\n", "; ")


def growth_alts(one: Growth) -> tuple[str, str]:
    """Return the alternative texts of `growth_of_dependence` and of `growth_of_predictions`."""
    epochs = [snapshot.epoch for snapshot in one.snapshots]
    after = f"epoch{'s' if len(epochs) > 1 else ''} {_listed(epochs)}"
    lines, exact, seen = growing(one)
    what = f"{seen_text(noisy=one.snapshots[-1].dependence.noisy)} of the derivative" if seen else "Mean derivative"
    dependence = f"{what} of the output by each value of the window after {after} of {one.label}."
    if exact is not None:
        first, last = (
            float(np.linalg.norm(line - exact) / np.linalg.norm(exact)) for line in (lines[0], lines[-1])
        )
        dependence += f" Its relative distance from the exact one goes from {first:.2g} to {last:.2g}."
    first, last = one.snapshots[0].mse, one.snapshots[-1].mse
    predictions = (
        f"Truth and prediction on the test windows after {after} of {one.label}. "
        f"Test MSE {first:.2g} after epoch {epochs[0]}, {last:.2g} after epoch {epochs[-1]}."
    )
    return dependence[0].upper() + dependence[1:], predictions


def _networks(count: int) -> str:
    return f"{count} network" + ("s" if count != 1 else "")


def _listed(items: Sequence[object]) -> str:
    """Return items in a sentence: ``1, 2 and 5``."""
    *first, last = map(str, items)
    return f"{', '.join(first)} and {last}" if first else last
