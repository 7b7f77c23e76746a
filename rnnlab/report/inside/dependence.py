"""Dependence: the derivative of a network's output by each value of its window, beside the exact recurrence's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedLocator, FuncFormatter, MaxNLocator

from rnnlab.report.inside.shapes import Dependence, Floats
from rnnlab.report.layout import number
from rnnlab.report.panels import Key, columns_for, small_multiples
from rnnlab.report.shapes import cell_name
from rnnlab.report.style import INK, RUNG, colour, styled

FEWEST_DIGITS, MOST_DIGITS = 3, 8
MANY_VALUES = 15
INPUT = "value of the window that the output is differentiated by"


@dataclass(frozen=True)
class Panel:
    """What one panel shows of a network."""

    title: str
    note: str
    values: Floats
    deviation: Floats | None
    exact: Floats | None
    cell: str


@styled
def dependence(groups: Sequence[Dependence]) -> Figure:
    """Draw the derivatives, mean and standard deviation over the test windows, and those of the exact recurrence.

    Where it is known, the part of them that the data can tell stands below, or at the right of more than two
    networks. The last two values are given as numbers.
    """
    full = [_full(group) for group in groups]
    seen = [_seen(group) for group in groups]
    if not any(seen):
        panels: list[Panel | None] = list(full)
        columns = columns_for(len(groups)) if len(groups) != 2 else 2  # noqa: PLR2004
    elif len(groups) <= 2:  # noqa: PLR2004
        panels, columns = [*full, *seen], len(groups)
    else:
        panels, columns = [one for pair in zip(full, seen, strict=True) for one in pair], 2
    figure, found = small_multiples(
        [panel.title if panel else "" for panel in panels],
        "Derivative of the output by each value of the window",
        (INPUT, "derivative"),
        height=1.9 if len(groups) <= 2 else 1.5,  # noqa: PLR2004
        columns=columns,
        keys=_keys(groups),
        notes=[panel.note if panel else "\n" for panel in panels],
    )
    for axes, panel in zip(found, panels, strict=True):
        if panel is None:
            axes.set_axis_off()
        else:
            _draw(axes, panel)
    for kind in (full, [one for one in seen if one]):
        _share_heights([axes for axes, panel in zip(found, panels, strict=True) if panel in kind])
    return figure


def _full(group: Dependence) -> Panel:
    return Panel(
        group.label, _last_two(group.mean, group.exact), group.mean, group.deviation, group.exact, group.cell
    )


def _seen(group: Dependence) -> Panel | None:
    if group.seen is None:
        return None
    title = f"{group.label}: {seen_text(noisy=group.noisy)}"
    note = _last_two(group.seen, group.exact_seen)
    if group.apart is not None:
        note += f"; relative distance {group.apart:.2g}"
    return Panel(title, note, group.seen, None, group.exact_seen, group.cell)


def seen_text(*, noisy: bool) -> str:
    """Return what the projection on the plane of a sinusoid's windows is: noisy windows lie beside that plane."""
    return "the part in the plane of the curve without noise" if noisy else "the part that the data can tell"


def digits_for(exact: Floats | None) -> int:
    """Return how many digits after the point tell the exact recurrence's last two weights from whole numbers."""
    values = [] if exact is None else [float(value) for value in exact[-2:]]
    for digits in range(FEWEST_DIGITS, MOST_DIGITS):
        if all(float(f"{value:.{digits}f}") != round(value) or value == round(value) for value in values):
            return digits
    return MOST_DIGITS


def _last_two(values: Floats, exact: Floats | None) -> str:
    digits = digits_for(exact)

    def text(of: Floats) -> str:
        return ", ".join(f"{value:.{digits}f}" for value in of[-2:])

    names = "by x[t-1], x[t]" if len(values) > 1 else "by x[t]"
    return f"{names}: {text(values)}" + ("" if exact is None else f"\nexact: {text(exact)}")


def _keys(groups: Sequence[Dependence]) -> list[Key]:
    cells = dict.fromkeys(group.cell for group in groups)
    keys = [
        Key(
            Line2D([], [], color=colour(cell), marker="o", markersize=4, linewidth=1.2),
            f"{cell_name(cell) or 'network'}: mean and standard deviation",
        )
        for cell in cells
    ]
    if any(group.exact is not None for group in groups):
        handle = Line2D([], [], **EXACT)  # type: ignore[arg-type]
        keys.append(Key(handle, "exact recurrence"))
    return keys


EXACT = {
    "color": RUNG,
    "marker": "s",
    "markersize": 8,
    "markerfacecolor": "none",
    "markeredgewidth": 1.1,
    "linestyle": (0, (4, 2)),
    "linewidth": 0.8,
}


def _draw(axes: Axes, panel: Panel) -> None:
    places = np.arange(len(panel.values)) - len(panel.values) + 1
    many = len(places) > MANY_VALUES
    axes.axhline(0, color=INK, linewidth=0.7, zorder=1.5)
    if panel.exact is not None:
        style = EXACT | ({"markersize": 5} if many else {})
        axes.plot(places, panel.exact, gid="exact", zorder=2, **style)  # type: ignore[arg-type]
    axes.errorbar(
        places, panel.values, yerr=panel.deviation, color=colour(panel.cell), marker="o", linewidth=1.2,
        markersize=2.2 if many else 4, elinewidth=1, capsize=0 if many else 2.5, zorder=3,
    )[0].set_gid("derivative")  # fmt: skip
    margin = max(0.5, len(places) / 40)
    axes.set_xlim(places[0] - margin, margin)
    name_inputs(axes, len(places))
    axes.margins(y=0.1)
    axes.yaxis.set_major_locator(MaxNLocator(5, steps=[1, 2, 5, 10]))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: number(value)))


def name_inputs(axes: Axes, window: int, most: int = 5) -> None:
    """Name the values of a window on the horizontal axis, 0 being the last: ``x[t-9]`` to ``x[t]``."""
    step = next(step for step in (1, 2, 3, 5, 10, 20, 50, 100, 10**6) if window / step <= most)
    axes.xaxis.set_major_locator(FixedLocator(list(range(0, -window, -step))))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda place, _: f"x[t{place:.0f}]" if place else "x[t]"))


def _share_heights(panels: Sequence[Axes]) -> None:
    """Give panels the same vertical axis where they are of a size."""
    limits = [axes.get_ylim() for axes in panels]
    spans = [high - low for low, high in limits]
    if panels and max(spans) <= 3 * min(spans):
        shared = (min(low for low, _ in limits), max(high for _, high in limits))
        for axes in panels:
            axes.set_ylim(shared)
