"""The closed loop: eigenvalues of a network that is fed its own outputs, beside the unit circle."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, MaxNLocator
from numpy.typing import NDArray

from rnnlab.analysis.dependence import dominant_pair, largest, oscillating
from rnnlab.report.inside.shapes import Loop
from rnnlab.report.panels import TICKS_LEFT, Key, small_multiples
from rnnlab.report.shapes import cell_name
from rnnlab.report.style import FAINT, INK, WIDTH, colour, styled

Complex = NDArray[np.complexfloating]

NEAREST, FARTHEST = 1e-3, 0.5
"""Half of what a zoomed panel spans: at least, and at most."""
PARTS_EXACT = 12.0
"""A zoomed panel spans at most so many times the distance of the exact eigenvalues: they must stand apart."""
WHOLE = 1.15
SIDE = (WIDTH - 0.42) / 2 - TICKS_LEFT - 0.06
"""Inches: as high as wide, so that the circle is round."""


@styled
def loop(groups: Sequence[Loop]) -> Figure:
    """Draw the eigenvalues in the complex plane, a row a network: all of them, and those around 1.

    Small dots are the eigenvalues at some windows, large ones those of the mean derivative.
    """
    zooms = [zoom(group) for group in groups]
    names, notes = [], []
    for group, reach in zip(groups, zooms, strict=True):
        names += [group.label, f"zoomed in: within {reach:.2g} of 1"]
        notes += [largest_text(group), _outside_text(group, reach)]
    figure, panels = small_multiples(
        names,
        "Eigenvalues of the closed loop",
        ("real part", "imaginary part"),
        height=SIDE,
        columns=2,
        keys=_keys(groups),
        notes=notes,
    )
    for group, reach, left, right in zip(groups, zooms, panels[::2], panels[1::2], strict=True):
        farthest = max(float(np.abs(values).max(initial=0.0)) for values in _kinds(group))
        whole = max(WHOLE, 1.08 * farthest)
        for axes, centre, half in ((left, 0.0, whole), (right, 1.0, reach)):
            _plane(axes, centre, half)
            _draw(axes, group)
    return figure


def _kinds(group: Loop) -> list[Complex]:
    """Return all eigenvalues that are finite, of the mean, at the windows, and exact."""
    known = [np.ravel(one) for one in (group.of_mean, group.by_window, group.exact) if one is not None]
    return [one[np.isfinite(one)] for one in known]


def zoom(group: Loop) -> float:
    """Return how far around 1 the zoomed panel reaches: to the two nearest eigenvalues, the exact ones apart."""
    reach = 1.4 * _second_nearest(group.of_mean)
    if group.exact is not None and (exact := _second_nearest(group.exact)) > 0:
        reach = min(max(reach, 1.4 * exact), PARTS_EXACT * exact)
    return float(np.clip(reach, NEAREST, FARTHEST))


def _second_nearest(values: Complex) -> float:
    distances = np.sort(np.abs(values - 1))
    return float(distances[:2].max(initial=0.0))


def largest_text(group: Loop) -> str:
    """Return the largest eigenvalue, the largest complex pair where it is another, and the exact pair."""
    first, pair = largest(group.of_mean)[:1], dominant_pair(group.of_mean)
    if oscillating(first).any():
        lines = [f"largest: {_polar(first[0])}"]
    else:
        lines = [f"largest: real, {first[0].real:.5f}"]
        lines += [] if pair is None else [f"largest pair: {_polar(pair)}"]
    exact = None if group.exact is None else dominant_pair(group.exact)
    return "\n".join([*lines, *([] if exact is None else [f"exact: {_polar(exact)}"])])


def _polar(value: complex) -> str:
    return f"modulus {abs(value):.5f}, angle {abs(np.angle(value)):.5f}"


def _outside_text(group: Loop, reach: float) -> str:
    away = np.abs(np.asarray(group.of_mean) - 1)
    outside = int((away > reach).sum())
    return f"{outside} of the {len(away)} are farther away"


def _keys(groups: Sequence[Loop]) -> list[Key]:
    keys = [
        Key(_handle("o", colour(cell), 5), f"{cell_name(cell) or 'network'}: of the mean derivative")
        for cell in dict.fromkeys(group.cell for group in groups)
    ]
    if any(len(group.by_window) for group in groups):
        keys.append(Key(_handle("o", FAINT, 2.2), "at some windows"))
    if any(group.exact is not None for group in groups):
        keys.append(Key(_handle("s", INK, 8, hollow=True), "exact recurrence"))
    return [*keys, Key(Line2D([], [], color=FAINT, linewidth=1.2), "unit circle")]


def _handle(marker: str, ink: str, size: float, *, hollow: bool = False) -> Line2D:
    face = "none" if hollow else ink
    return Line2D([], [], color=ink, marker=marker, markersize=size, markerfacecolor=face, linestyle="")


def _plane(axes: Axes, centre: float, half: float) -> None:
    """Draw a square of the complex plane, and of the unit circle what is in it."""
    angles = np.linspace(-np.pi, np.pi, 721)
    arc = np.linspace(-2 * half, 2 * half, 201) if centre else angles
    axes.plot(np.cos(arc), np.sin(arc), color=FAINT, linewidth=1.2, zorder=1.5, gid="unit circle")
    axes.axhline(0, color="#d0d0d0", linewidth=0.8, zorder=1)
    axes.axvline(centre, color="#d0d0d0", linewidth=0.8, zorder=1)
    axes.set(xlim=(centre - half, centre + half), ylim=(-half, half))
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_locator(MaxNLocator(5, steps=[1, 2, 5, 10]))
        axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:.5g}"))


def _draw(axes: Axes, group: Loop) -> None:
    cloud = np.ravel(group.by_window)
    axes.plot(
        cloud.real, cloud.imag, color=colour(group.cell), marker="o", markersize=2.2, alpha=0.35, linestyle="",
        markeredgewidth=0, zorder=2, gid="by window",
    )  # fmt: skip
    axes.plot(
        group.of_mean.real, group.of_mean.imag, color=colour(group.cell), marker="o", markersize=5, linestyle="",
        markeredgecolor="white", markeredgewidth=0.5, zorder=3, gid="of mean",
    )  # fmt: skip
    if group.exact is not None:
        axes.plot(
            group.exact.real, group.exact.imag, color=INK, marker="s", markersize=8, markerfacecolor="none",
            linestyle="", zorder=4, gid="exact",
        )  # fmt: skip
