"""The numbers behind the figures, as plain values for `explain.json`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from rnnlab.analysis.dependence import Complex, dominant_pair, largest, oscillating
from rnnlab.explain.learned import recurrence_of
from rnnlab.explain.loop_words import disagreements
from rnnlab.report.inside.shapes import Dependence, Growth, Inside, Loop, Reach


def numbers(inside: Inside) -> dict[str, Any]:
    """Return what was measured, by part and network; a complex number is its real and its imaginary part."""
    dependences = {one.label: one for one in inside.dependences}
    return {
        "windows": [
            {"label": film.label, "window": film.window, "place": film.place, "prediction": film.prediction}
            for film in inside.films
        ],
        "dependence": [_dependence(one) for one in inside.dependences],
        "memory": [_reach(one) for one in inside.reaches],
        "closed_loop": [_loop(one, dependences[one.label]) for one in inside.loops],
        "snapshots": [_growth(one) for one in inside.growths],
    }


def _dependence(one: Dependence) -> dict[str, Any]:
    return {
        "label": one.label,
        "mean": one.mean.tolist(),
        "deviation": one.deviation.tolist(),
        "exact": _listed(one.exact),
        "seen": _listed(one.seen),
        "exact_seen": _listed(one.exact_seen),
        "apart": one.apart,
        "noisy": one.noisy,
    }


def _reach(one: Reach) -> dict[str, Any]:
    return {
        "label": one.label,
        "trained": one.trained,
        "lags": one.lags.tolist(),
        "norms": {str(layer): values.tolist() for layer, values in one.norms.items()},
        "cell_norms": {str(layer): values.tolist() for layer, values in one.cell_norms.items()},
    }


def _loop(one: Loop, dependence: Dependence) -> dict[str, Any]:
    recurrence = recurrence_of(dependence, one)
    return {
        "label": one.label,
        "points_a_turn": one.points,
        "eigenvalues": _pairs(one.of_mean),
        "exact": _pairs(one.exact),
        "pair": _polar(dominant_pair(one.of_mean)),
        "by_window": [_at_window(values) for values in one.by_window],
        "measured": one.measured,
        "of_mean_derivative": one.linear,
        "disagree_in": disagreements(one),
        "recurrence": None if recurrence is None else asdict(recurrence) | {"learned": recurrence.learned},
    }


def _at_window(values: Complex) -> dict[str, Any]:
    first = largest(values)
    turning = bool(oscillating(first).any())
    return {
        "largest_modulus": float(np.abs(first).max()),
        "pair": _polar(dominant_pair(values)),
        "turning": turning,
    }


def _polar(value: complex | None) -> dict[str, float] | None:
    return None if value is None else {"modulus": abs(value), "angle": float(np.angle(value))}


def eigenvalue_rows(loops: Sequence[Loop]) -> list[dict[str, Any]]:
    """Return the eigenvalues that decide how each network's closed loop goes on, and those of the exact recurrence.

    Each is a row of label, kind in words, modulus and angle: of the mean derivative the two largest, and the
    largest complex pair where it is not these.
    """
    rows: list[dict[str, Any]] = []
    for loop in loops:
        first, pair = largest(loop.of_mean), dominant_pair(loop.of_mean)
        rows += [
            _row(loop.label, "complex" if turns else "real", value)
            for turns, value in zip(oscillating(first), first, strict=True)
        ]
        if pair is not None and pair not in first:
            rows.append(_row(loop.label, "largest complex pair", pair))
    exact = next((dominant_pair(loop.exact) for loop in loops if loop.exact is not None), None)
    return rows if exact is None else [*rows, _row("exact recurrence", "complex pair", exact)]


def _row(label: str, kind: str, value: complex) -> dict[str, Any]:
    return {"label": label, "kind": kind, "modulus": float(abs(value)), "angle": float(np.angle(value))}


def loop_rows(loops: Sequence[Loop]) -> list[dict[str, Any]]:
    """Return how far each network's closed loop stays with the curve, measured and with the mean derivative."""
    return [
        {"label": loop.label, "loop": name, **measures}
        for loop in loops
        for name, measures in (("measured", loop.measured), ("with the mean derivative", loop.linear))
        if measures is not None and measures["amplitude"] > 0
    ]


def _growth(one: Growth) -> dict[str, Any]:
    rows = [{"epoch": s.epoch, "test_mse": s.mse, **_dependence(s.dependence)} for s in one.snapshots]
    return {"label": one.label, "after": rows}


def _listed(values: Any) -> list[float] | None:
    return None if values is None else np.asarray(values).tolist()


def _pairs(values: Any) -> list[list[float]] | None:
    return None if values is None else np.column_stack([values.real, values.imag]).tolist()
