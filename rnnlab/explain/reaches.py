"""How far memory reaches: the networks' own, and that of an untrained RNN, LSTM and GRU of the same size."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn

from rnnlab.analysis.memory import reach
from rnnlab.explain.subject import Subject, spread
from rnnlab.models.cells import GRU, LSTM, RNN, SequenceLayer, Unrolled
from rnnlab.models.network import build_layer
from rnnlab.models.reference import OwnCell, ReferenceCell, reference
from rnnlab.report.inside.shapes import Reach

LONGER = (12, 15, 20, 25, 30, 40, 50)
"""Lags beyond the window that are asked about, in steps."""
SEQUENCES = 3
"""Stretches of the curve that the norms are averaged over."""
UNTRAINED: tuple[type[SequenceLayer], ...] = (RNN, LSTM, GRU)


def reaches(subjects: Sequence[Subject]) -> list[Reach]:
    """Return the reach of each network whose hidden states can be seen, then of the untrained ones."""
    found = [one for subject in subjects if (one := _of_network(subject)) is not None]
    return [*found, *(_of_untrained(subjects[0], cell) for cell in UNTRAINED)] if found else []


def _lags(subject: Subject) -> list[int]:
    """Return the lags that are asked about: every step of a window, and some beyond it as far as the curve goes."""
    steps = _steps(subject)
    shorter = len(subject.windows.series) - (subject.windows.window - steps)
    return [*range(steps), *(lag for lag in LONGER if steps <= lag < shorter)]


def _steps(subject: Subject) -> int:
    """Return how many steps the first layer sees of a window: one less than points where they are differences."""
    return int(subject.network.scaling.inputs(subject.inputs[:1]).shape[1])


def _of_network(subject: Subject) -> Reach | None:
    size = subject.run.config.model.hidden_size
    cells = [_cell(layer, size) for layer in subject.network.layers]
    known = [cell for cell in cells if cell is not None]
    if len(known) < len(cells):
        return None
    return _reach(subject, known, list(subject.network.layers), subject.label, subject.cell)


def _of_untrained(subject: Subject, factory: type[SequenceLayer]) -> Reach:
    """Return the reach of a network as it is before training, with the subject's sizes and seed."""
    config = subject.run.config
    size, features = config.model.hidden_size, subject.network.scaling.size
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(config.seed)
        layers = [
            build_layer(factory, index, size if index else features, size, subject.network.dtype)
            for index in range(config.layers)
        ]
    cells = [cell for layer in layers if (cell := reference(layer)) is not None]
    name = factory.__name__
    return _reach(subject, cells, layers, f"{name}, untrained", name.lower(), trained=False)


def _cell(layer: nn.Module, hidden_size: int) -> ReferenceCell | None:
    return OwnCell(layer, hidden_size) if isinstance(layer, Unrolled) else reference(layer)


def _reach(
    subject: Subject,
    cells: Sequence[ReferenceCell],
    layers: Sequence[nn.Module],
    label: str,
    cell: str,
    *,
    trained: bool = True,
) -> Reach:
    lags, steps = _lags(subject), _steps(subject)
    hidden = _sequences(subject, max(lags) + 1)
    norms, cell_norms = {}, {}
    for number, (one, layer) in enumerate(zip(cells, layers, strict=True), start=1):
        found = reach(one, hidden, lags)
        norms[number] = found["h"].numpy()
        if "C" in found:
            cell_norms[number] = found["C"].numpy()
        with torch.no_grad():
            hidden = layer(hidden)
    return Reach(label, cell, trained, steps, np.array(lags), norms, cell_norms)


def _sequences(subject: Subject, steps: int) -> Tensor:
    """Return stretches of the tested curve as the first layer sees them, shape (n, steps, features)."""
    lost = subject.windows.window - _steps(subject)
    values = torch.from_numpy(np.array(subject.windows.series.values)).to(subject.network.dtype)
    stretches = values.unfold(0, steps + lost, 1)
    chosen = stretches[spread(len(stretches), SEQUENCES)].unsqueeze(-1)
    with torch.no_grad():
        return subject.network.scaling.inputs(chosen)
