"""Made-up shapes of networks' insides, whose sizes all differ."""

from __future__ import annotations

import numpy as np

from rnnlab.report.inside.shapes import (
    Dependence,
    Film,
    Growth,
    Loop,
    Reach,
    Row,
    Saturation,
    Snapshot,
)

OWN_CELL = """
import torch

class Mine(torch.nn.Module):
    def __init__(self, input_size, hidden_size):
        super().__init__()
        self.into = torch.nn.Linear(input_size + hidden_size, hidden_size)
        self.hidden_size = hidden_size

    def forward(self, x, h):
        h = x.new_zeros(len(x), self.hidden_size) if h is None else h
        return torch.tanh(self.into(torch.cat([x, h], dim=1)))
"""
"""A cell of the user's own, as the text of a module."""

ANGLE = 0.01
"""Between two points of the sinusoid."""
GATES = {
    "lstm": {"i": "input gate", "f": "forget gate", "o": "output gate"},
    "gru": {"r": "reset gate", "z": "update gate"},
    "rnn": {},
}
ROWS = {
    "lstm": ["i", "f", "g", "C", "o", "h"],
    "gru": ["r", "z", "n", "h"],
    "rnn": ["h"],
}
SIGNED = {"g": "candidate", "n": "candidate", "C": "cell state", "h": "hidden state"}


def row(cell: str, symbol: str, units: int, steps: int, layer: int) -> Row:
    shares = np.linspace(0.01 + 0.001 * layer, 0.99, units * steps).reshape(units, steps)
    if symbol in GATES[cell]:
        return Row(symbol, GATES[cell][symbol], True, shares)
    return Row(symbol, SIGNED[symbol], False, (2 * shares - 1) * (3.7 if symbol == "C" else 0.9))


def film_of(cell="lstm", layers=3, units=5, window=9, *, steps=None, label=None, horizon=1) -> Film:
    times = 12 + ANGLE * np.arange(window)
    states = [[row(cell, one, units, steps or window, layer) for one in ROWS[cell]] for layer in range(layers)]
    return Film(label or cell, cell, 4, "at a peak", horizon, times, np.sin(times), 0.625, 0.6265, states)


def saturation_of(cell="lstm", layers=3, label=None) -> Saturation:
    keys = [(layer, name) for layer in range(1, layers + 1) for name in GATES[cell].values()]
    return Saturation(label or cell, {key: (0.05 * i, 0.3 - 0.02 * i) for i, key in enumerate(keys)})


def exact_weights(window: int) -> np.ndarray:
    weights = np.zeros(window)
    weights[-2:] = -1, 2 * np.cos(ANGLE)
    return weights


def dependence_of(cell="lstm", window=9, label=None, mean=None, exact=True) -> Dependence:
    mean = np.linspace(-0.21, 0.4, window) if mean is None else mean
    deviation = np.linspace(0.01, 0.02, window)
    if not exact:
        return Dependence(label or cell, cell, mean, deviation)
    weights, angles = exact_weights(window), ANGLE * np.arange(window)
    plane, _ = np.linalg.qr(np.stack([np.cos(angles), np.sin(angles)], axis=1))
    seen, exact_seen = (plane @ (plane.T @ one) for one in (mean, weights))
    apart = float(np.linalg.norm(seen - exact_seen) / np.linalg.norm(exact_seen))
    return Dependence(label or cell, cell, mean, deviation, weights, seen, exact_seen, apart)


def reach_of(cell="lstm", layers=3, label=None, trained=True, window=9) -> Reach:
    lags = np.arange(23)
    norms = {layer: 0.9 ** (layer * lags) for layer in range(1, layers + 1)}
    cell_norms = {layer: 0.5 * one for layer, one in norms.items()} if cell == "lstm" else {}
    return Reach(label or cell, cell, trained, window, lags, norms, cell_norms)


def eigenvalues(weights: np.ndarray) -> np.ndarray:
    jacobian = np.eye(len(weights), k=1)
    jacobian[-1] = weights
    return np.linalg.eigvals(jacobian).astype(complex)


def loop_of(cell="lstm", window=9, label=None, exact=True, weights=None) -> Loop:
    mean = np.linspace(-0.2, 0.42, window) if weights is None else weights
    by_window = np.array([eigenvalues(mean + shift) for shift in (-0.01, 0.003, 0.01)])
    known = eigenvalues(exact_weights(window)) if exact else None
    return Loop(label or cell, cell, eigenvalues(mean), by_window, known)


def growth_of(cell="lstm", epochs=(1, 2, 5, 10), label=None, exact=True) -> Growth:
    times = 12 + ANGLE * np.arange(70)
    truth = np.sin(9 * times)
    snapshots = [
        Snapshot(
            epoch,
            dependence_of(cell, mean=np.linspace(-1, 1, 9) * (1 - 1 / epoch), exact=exact),
            truth + 0.3 / epoch,
            (0.3 / epoch) ** 2,
        )
        for epoch in epochs
    ]
    return Growth(label or cell, cell, times, truth, snapshots)
