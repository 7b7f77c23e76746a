"""Gates at work: what networks do while they read a window, and how often their gates are closed or open."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from rnnlab.analysis.gates import places, saturation, unit_order
from rnnlab.config.record import facets
from rnnlab.data.batches import to_tensors
from rnnlab.errors import BadInputError, Problem
from rnnlab.explain.subject import Subject
from rnnlab.models.cells import Unrolled
from rnnlab.models.network import predict
from rnnlab.models.reference import Trace, parts_of, reference, traces
from rnnlab.report.inside.shapes import Film, Row, Saturation


def shown_windows(subject: Subject, chosen: int | None) -> dict[str, int]:
    """Return the windows to show by why: the one that was asked for first.

    Raises:
        BadInputError: there is no such window.
    """
    last = len(subject.windows) - 1
    if chosen is not None and chosen > last:
        raise BadInputError(Problem("window", chosen, f"must be a whole number, at least 0, at most {last}"))
    found = {why: int(subject.numbers[place]) for why, place in places(subject.inputs[..., 0].numpy()).items()}
    return ({} if chosen is None else {"as asked": chosen}) | found


class Gates:
    """The gates of one network on all its windows.

    Args:
        subject: the network.
    """

    @torch.no_grad()
    def __init__(self, subject: Subject) -> None:
        self._subject = subject
        self._orders: list[NDArray[np.intp]] = []
        shares = {}
        for number, (layer, trace) in enumerate(self._layers(traces(subject.network, subject.inputs)), start=1):
            self._orders.append(unit_order(trace["h"][:, -1]))
            for part in parts_of(layer):
                if part.is_gate:
                    shares[number, part.name] = saturation(trace[part.symbol])
        self.saturation = Saturation(subject.label, shares)

    def _layers(self, found: Sequence[Trace]) -> Iterator[tuple[nn.Module, Trace]]:
        yield from zip(self._subject.network.layers, found, strict=True)

    @torch.no_grad()
    def film(self, window: int, place: str) -> Film:
        """Return what the network does while it reads a window.

        Args:
            window: its number among all that the network is tested on.
            place: why it is shown.
        """
        subject, windows = self._subject, self._subject.windows
        inputs, labels = to_tensors(windows, torch.device("cpu"), subject.network.dtype)
        shown = inputs[window : window + 1]
        layers = [
            [
                Row(part.symbol, part.name, part.is_gate, trace[part.symbol][0].T.numpy()[order])
                for part in parts_of(layer)
            ]
            for (layer, trace), order in zip(
                self._layers(traces(subject.network, shown)), self._orders, strict=True
            )
        ]
        return Film(
            subject.label,
            subject.cell,
            window,
            place,
            windows.ahead[0],
            windows.series.times[window : window + windows.window],
            shown[0, :, 0].numpy(),
            float(np.ravel(labels[window].numpy())[0]),
            float(np.ravel(predict(subject.network, shown)[0])[0]),
            layers,
        )


def without_gates(subjects: Sequence[Subject]) -> list[str]:
    """Return for each network whose gates cannot be shown why that is so."""
    found = []
    for subject in subjects:
        if any(reference(layer) is None for layer in subject.network.layers):
            target = subject.run.config.cell["_target_"]
            found.append(f"{subject.label}: {target} has no reference cell, so that its gates cannot be shown")
    return found


def equations(subjects: Sequence[Subject]) -> list[dict[str, Any]]:
    """Return the equations of the networks' cells, as the cells' own documentation has them."""
    layers: Mapping[str, nn.Module] = {facets(one.run.config)["cell"]: one.network.layers[0] for one in subjects}
    found: list[dict[str, Any]] = []
    for layer in layers.values():
        documented = type(layer.cell) if isinstance(layer, Unrolled) else type(layer)
        lines = _indented(documented.__doc__ or "")
        if reference(layer) is not None and lines:
            found.append({"cell": documented.__name__, "lines": lines})
    return found


def _indented(documentation: str) -> list[str]:
    """Return the lines of the first literal block of a docstring."""
    lines = inspect.cleandoc(documentation).splitlines()
    start = next((number for number, line in enumerate(lines) if line.endswith("::")), len(lines)) + 1
    block = []
    for line in lines[start:]:
        if line and not line.startswith(" "):
            break
        block.append(line[4:])
    return [line for line in block if line]
