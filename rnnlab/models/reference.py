"""Recurrent cells written out after their equations, with the weights of the layers that networks are made of.

torch's fused layers return hidden states alone. A reference cell takes the weights of such a layer as they are,
computes the same hidden states step by step, and returns every gate on the way.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor, nn

from rnnlab.models.cells.fused import GRU, LSTM, RNN, FusedLayer
from rnnlab.models.cells.labgru import LabGRU
from rnnlab.models.cells.layer import Unrolled
from rnnlab.models.cells.peephole import PeepholeLSTM
from rnnlab.models.network import SequenceNetwork


@dataclass(frozen=True)
class Part:
    """A gate, a candidate or a state of a cell.

    Attributes:
        symbol: as in the equations: ``f`` for f_t.
        name: in words.
        is_gate: whether it lies between 0 and 1.
    """

    symbol: str
    name: str
    is_gate: bool = False


HIDDEN = Part("h", "hidden state")
CELL = Part("C", "cell state")

Trace = dict[str, Tensor]
"""By symbol a cell's parts at all steps, each of shape (batch, time, hidden)."""


class ReferenceCell:
    """One step of a cell, every part of it by name.

    Attributes:
        parts: what a step returns, in the order of the equations; the hidden state comes last.
        states: symbols of the parts that the next step takes, the hidden state first.
        hidden_size: hidden units.
    """

    parts: ClassVar[tuple[Part, ...]]
    states: ClassVar[tuple[str, ...]] = ("h",)
    hidden_size: int

    def step(self, x: Tensor, state: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Return the parts by symbol, each (batch, hidden), for x (batch, features) and the states before."""
        raise NotImplementedError

    def start(self, batch: int, like: Tensor) -> dict[str, Tensor]:
        """Return the states before the first step: zeros, of the precision of ``like``."""
        return {symbol: like.new_zeros(batch, self.hidden_size) for symbol in self.states}

    def steps(self, inputs: Tensor) -> list[dict[str, Tensor]]:
        """Return the parts of each step for inputs (batch, time, features)."""
        state = self.start(len(inputs), inputs)
        found = []
        for x in inputs.unbind(dim=1):
            found.append(parts := self.step(x, state))
            state = {symbol: parts[symbol] for symbol in self.states}
        return found

    def trace(self, inputs: Tensor) -> Trace:
        """Return every part at every step for inputs (batch, time, features)."""
        steps = self.steps(inputs)
        return {part.symbol: torch.stack([step[part.symbol] for step in steps], dim=1) for part in self.parts}


class _TwoBiases(ReferenceCell):
    """A cell with the weights of one of torch's fused layers, which has two biases a gate."""

    def __init__(self, layer: FusedLayer) -> None:
        self.weight_ih, self.weight_hh, self.bias_ih, self.bias_hh = layer.rnn.all_weights[0]
        self.hidden_size = layer.rnn.hidden_size

    def _from_input(self, x: Tensor) -> Tensor:
        return nn.functional.linear(x, self.weight_ih, self.bias_ih)

    def _from_hidden(self, state: Mapping[str, Tensor]) -> Tensor:
        return nn.functional.linear(state["h"], self.weight_hh, self.bias_hh)


class ReferenceLSTM(_TwoBiases):
    """Long short-term memory (Hochreiter and Schmidhuber 1997; Gers et al. 2000), see `LSTM` for the equations."""

    parts = (
        Part("f", "forget gate", is_gate=True),
        Part("i", "input gate", is_gate=True),
        Part("g", "candidate"),
        CELL,
        Part("o", "output gate", is_gate=True),
        HIDDEN,
    )
    states = ("h", "C")

    def step(self, x: Tensor, state: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Return forget gate, input gate, candidate, cell state, output gate and hidden state."""
        i, f, g, o = (self._from_input(x) + self._from_hidden(state)).chunk(4, dim=1)
        f, i, g, o = torch.sigmoid(f), torch.sigmoid(i), torch.tanh(g), torch.sigmoid(o)
        cell = f * state["C"] + i * g
        return {"f": f, "i": i, "g": g, "C": cell, "o": o, "h": o * torch.tanh(cell)}


class ReferenceGRU(_TwoBiases):
    """Gated recurrent unit (Cho et al. 2014), the reset gate after the product; see `GRU` for the equations."""

    parts = (
        Part("r", "reset gate", is_gate=True),
        Part("z", "update gate", is_gate=True),
        Part("n", "candidate"),
        HIDDEN,
    )

    def step(self, x: Tensor, state: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Return reset gate, update gate, candidate and hidden state."""
        from_input, from_hidden = self._from_input(x).chunk(3, dim=1), self._from_hidden(state).chunk(3, dim=1)
        r, z = (torch.sigmoid(from_input[gate] + from_hidden[gate]) for gate in range(2))
        n = torch.tanh(from_input[2] + r * from_hidden[2])
        return {"r": r, "z": z, "n": n, "h": (1 - z) * n + z * state["h"]}


class ReferenceRNN(_TwoBiases):
    """Plain recurrent network with tanh (Elman 1990), see `RNN` for the equation."""

    parts = (HIDDEN,)

    def step(self, x: Tensor, state: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Return the hidden state."""
        return {"h": torch.tanh(self._from_input(x) + self._from_hidden(state))}


class ReferenceLabGRU(ReferenceCell):
    """The GRU of the lab's program, the reset gate before the product; see `LabGRU` for the equations."""

    parts = ReferenceGRU.parts

    def __init__(self, layer: LabGRU) -> None:
        self.weight_ih, self.weight_hh, self.bias = layer.weight_ih, layer.weight_hh, layer.bias
        self.hidden_size = layer.hidden_size

    def step(self, x: Tensor, state: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Return reset gate, update gate, candidate and hidden state."""
        hidden, from_input = state["h"], nn.functional.linear(x, self.weight_ih, self.bias).chunk(3, dim=1)
        to_reset, to_update, to_candidate = self.weight_hh.chunk(3)
        r = torch.sigmoid(from_input[0] + nn.functional.linear(hidden, to_reset))
        z = torch.sigmoid(from_input[1] + nn.functional.linear(hidden, to_update))
        n = torch.tanh(from_input[2] + nn.functional.linear(r * hidden, to_candidate))
        return {"r": r, "z": z, "n": n, "h": (1 - z) * n + z * hidden}


class ReferencePeepholeLSTM(ReferenceCell):
    """The LSTM whose gates see the cell state (Gers et al. 2002); see `PeepholeLSTM` for the equations."""

    parts = ReferenceLSTM.parts
    states = ReferenceLSTM.states

    def __init__(self, layer: PeepholeLSTM) -> None:
        self.weight_ih, self.weight_hh, self.bias = layer.weight_ih, layer.weight_hh, layer.bias
        self.peepholes = layer.peepholes
        self.hidden_size = layer.hidden_size

    def step(self, x: Tensor, state: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Return forget gate, input gate, candidate, cell state, output gate and hidden state."""
        from_input = nn.functional.linear(x, self.weight_ih, self.bias)
        i, f, g, o = (from_input + nn.functional.linear(state["h"], self.weight_hh)).chunk(4, dim=1)
        f = torch.sigmoid(f + self.peepholes[1] * state["C"])
        i = torch.sigmoid(i + self.peepholes[0] * state["C"])
        g = torch.tanh(g)
        cell = f * state["C"] + i * g
        o = torch.sigmoid(o + self.peepholes[2] * cell)
        return {"f": f, "i": i, "g": g, "C": cell, "o": o, "h": o * torch.tanh(cell)}


class OwnCell(ReferenceCell):
    """Any cell of one step: its hidden state can be seen, its gates cannot.

    Args:
        layer: the layer that unrolls it.
        hidden_size: its hidden units.
    """

    parts = (HIDDEN,)

    def __init__(self, layer: Unrolled, hidden_size: int) -> None:
        self._layer = layer
        self.hidden_size = hidden_size

    def steps(self, inputs: Tensor) -> list[dict[str, Tensor]]:
        """Return the hidden state of each step for inputs (batch, time, features)."""
        return [{"h": hidden} for hidden in self._layer.hidden_states(inputs)]


REFERENCES: Mapping[type[nn.Module], Callable[..., ReferenceCell]] = {
    LSTM: ReferenceLSTM,
    GRU: ReferenceGRU,
    RNN: ReferenceRNN,
    LabGRU: ReferenceLabGRU,
    PeepholeLSTM: ReferencePeepholeLSTM,
}


def reference(layer: nn.Module) -> ReferenceCell | None:
    """Return the reference cell with a layer's weights, or None where the layer has none.

    A subclass has none: nobody knows what it computes.
    """
    found = REFERENCES.get(type(layer))
    return found(layer) if found is not None else None


def traces(network: SequenceNetwork, windows: Tensor) -> list[Trace]:
    """Return for each layer its parts at every step; of one without a reference cell the hidden state alone.

    Args:
        network: whose layers they are.
        windows: values, shape (batch, window, 1). Where steps are differences there is one step less than points.
    """
    found: list[Trace] = []
    hidden = network.scaling.inputs(windows)
    for layer in network.layers:
        cell = reference(layer)
        inputs, hidden = hidden, layer(hidden)
        found.append(cell.trace(inputs) if cell is not None else {"h": hidden})
    return found


def parts_of(layer: nn.Module) -> tuple[Part, ...]:
    """Return what `traces` has of a layer, in the order of the equations."""
    cell = reference(layer)
    return cell.parts if cell is not None else (HIDDEN,)
