"""The numbers behind the figures, as plain values for `explain.json`."""

from __future__ import annotations

from typing import Any

import numpy as np

from rnnlab.report.inside.shapes import Dependence, Growth, Inside, Loop, Reach


def numbers(inside: Inside) -> dict[str, Any]:
    """Return what was measured, by part and network; a complex number is its real and its imaginary part."""
    return {
        "windows": [
            {"label": film.label, "window": film.window, "place": film.place, "prediction": film.prediction}
            for film in inside.films
        ],
        "dependence": [_dependence(one) for one in inside.dependences],
        "memory": [_reach(one) for one in inside.reaches],
        "closed_loop": [_loop(one) for one in inside.loops],
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
    }


def _reach(one: Reach) -> dict[str, Any]:
    return {
        "label": one.label,
        "trained": one.trained,
        "lags": one.lags.tolist(),
        "norms": {str(layer): values.tolist() for layer, values in one.norms.items()},
        "cell_norms": {str(layer): values.tolist() for layer, values in one.cell_norms.items()},
    }


def _loop(one: Loop) -> dict[str, Any]:
    return {"label": one.label, "eigenvalues": _pairs(one.of_mean), "exact": _pairs(one.exact)}


def _growth(one: Growth) -> dict[str, Any]:
    rows = [{"epoch": s.epoch, "test_mse": s.mse, **_dependence(s.dependence)} for s in one.snapshots]
    return {"label": one.label, "after": rows}


def _listed(values: Any) -> list[float] | None:
    return None if values is None else np.asarray(values).tolist()


def _pairs(values: Any) -> list[list[float]] | None:
    return None if values is None else np.column_stack([values.real, values.imag]).tolist()
