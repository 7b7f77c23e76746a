"""Cells written out gate by gate against torch's fused layers and rnnlab's own."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from rnnlab.models.cells import GRU, LSTM, RNN
from rnnlab.models.cells.labgru import LabGRU
from rnnlab.models.cells.peephole import PeepholeLSTM
from rnnlab.models.heads import Direct
from rnnlab.models.network import build_network
from rnnlab.models.reference import REFERENCES, ReferenceLSTM, parts_of, reference, traces

CELLS = list(REFERENCES)
PRECISION = {torch.float32: 1e-6, torch.float64: 1e-12}


@pytest.mark.parametrize("dtype", PRECISION, ids=str)
@pytest.mark.parametrize("cell", CELLS, ids=lambda cell: cell.__name__)
@settings(max_examples=60, deadline=None)
@given(
    layers=st.integers(1, 3),
    sizes=st.tuples(st.integers(1, 7), st.integers(1, 17), st.integers(1, 33)),
    scale=st.floats(0.1, 5),
    seed=st.integers(0, 2**31),
)
def test_a_reference_returns_what_the_layer_returns(cell, dtype, *, layers, sizes, scale, seed):
    """With random weights, torch's own and larger, biases included, and random inputs."""
    batch, time, hidden = sizes
    network = build_network(cell, Direct, layers=layers, hidden_size=hidden, seed=0, dtype=dtype)
    random = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for weight in network.parameters():
            spread = 2 / hidden**0.5
            weight.copy_((torch.rand(weight.shape, generator=random, dtype=torch.float64) * 2 - 1) * spread)
    values = scale * torch.randn((batch, time, 1), generator=random, dtype=torch.float64).to(dtype)
    with torch.no_grad():
        found = traces(network, values)
        hidden_states = values
        for layer, trace in zip(network.layers, found, strict=True):
            hidden_states = layer(hidden_states)
            assert torch.allclose(trace["h"], hidden_states, rtol=0, atol=PRECISION[dtype])
            assert [part.symbol for part in parts_of(layer)] == list(trace)
            assert all(part.shape == (batch, time, hidden) for part in trace.values())


def test_the_gates_of_an_lstm_are_those_of_its_equations():
    """Against a NumPy loop of its own, one step at a time, f_t and i_t and so on by name."""
    layer = LSTM(2, 3)
    weights = {name: weight.detach().double().numpy() for name, weight in layer.rnn.named_parameters()}
    random = np.random.default_rng(0)
    for name, weight in layer.rnn.named_parameters():
        weights[name] = random.normal(size=weights[name].shape)
        weight.data = torch.from_numpy(weights[name])
    x = random.normal(size=(1, 4, 2))
    trace = reference(layer).trace(torch.from_numpy(x))
    hidden, cell = np.zeros(3), np.zeros(3)
    for t in range(4):
        total = (
            weights["weight_ih_l0"] @ x[0, t]
            + weights["bias_ih_l0"]
            + weights["weight_hh_l0"] @ hidden
            + weights["bias_hh_l0"]
        )
        i, f, o = (1 / (1 + np.exp(-total[3 * gate : 3 * gate + 3])) for gate in (0, 1, 3))
        g = np.tanh(total[6:9])
        cell = f * cell + i * g
        hidden = o * np.tanh(cell)
        for symbol, value in {"f": f, "i": i, "g": g, "C": cell, "o": o, "h": hidden}.items():
            assert np.allclose(trace[symbol][0, t].detach().numpy(), value, atol=1e-12), (symbol, t)


@pytest.mark.parametrize(
    ("cell", "names"),
    [
        (LSTM, ["forget gate", "input gate", "candidate", "cell state", "output gate", "hidden state"]),
        (PeepholeLSTM, ["forget gate", "input gate", "candidate", "cell state", "output gate", "hidden state"]),
        (GRU, ["reset gate", "update gate", "candidate", "hidden state"]),
        (LabGRU, ["reset gate", "update gate", "candidate", "hidden state"]),
        (RNN, ["hidden state"]),
    ],
)
def test_parts_have_the_names_of_the_lab(cell, names):
    assert [part.name for part in parts_of(cell(1, 2))] == names


def test_a_subclass_has_no_reference_for_nobody_knows_what_it_computes():
    class Another(LSTM):
        pass

    assert isinstance(reference(LSTM(1, 2)), ReferenceLSTM)
    assert reference(Another(1, 2)) is None
    assert reference(torch.nn.GRUCell(1, 2)) is None


def test_gates_lie_between_0_and_1_and_gradients_pass():
    layer = GRU(1, 5)
    trace = reference(layer).trace(torch.randn(3, 6, 1))
    assert all(bool(((trace[gate] > 0) & (trace[gate] < 1)).all()) for gate in "rz")
    trace["h"].sum().backward()
    assert all(weight.grad is not None for weight in layer.parameters())
