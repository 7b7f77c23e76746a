"""Networks against independent NumPy implementations of their equations."""

import functools

import numpy as np
import pytest
import torch
from torch import nn

from rnnlab.models.cells import GRU, LSTM, RNN, SequenceLayer, Unrolled
from rnnlab.models.heads import Direct
from rnnlab.models.network import build_network, parameter_count, predict

HIDDEN, BATCH, TIME = 5, 4, 11


def logistic(x):
    return 1 / (1 + np.exp(-x))


def numpy_lstm(x, weights):
    w_ih, w_hh, b_ih, b_hh = weights
    h = c = np.zeros((len(x), HIDDEN))
    steps = []
    for t in range(x.shape[1]):
        i, f, g, o = np.split(x[:, t] @ w_ih.T + b_ih + h @ w_hh.T + b_hh, 4, axis=1)
        c = logistic(f) * c + logistic(i) * np.tanh(g)
        h = logistic(o) * np.tanh(c)
        steps.append(h)
    return np.stack(steps, axis=1)


def numpy_gru(x, weights):
    w_ih, w_hh, b_ih, b_hh = weights
    h = np.zeros((len(x), HIDDEN))
    steps = []
    for t in range(x.shape[1]):
        r_x, z_x, n_x = np.split(x[:, t] @ w_ih.T + b_ih, 3, axis=1)
        r_h, z_h, n_h = np.split(h @ w_hh.T + b_hh, 3, axis=1)
        r, z = logistic(r_x + r_h), logistic(z_x + z_h)
        h = (1 - z) * np.tanh(n_x + r * n_h) + z * h
        steps.append(h)
    return np.stack(steps, axis=1)


def numpy_rnn(x, weights):
    w_ih, w_hh, b_ih, b_hh = weights
    h = np.zeros((len(x), HIDDEN))
    steps = []
    for t in range(x.shape[1]):
        h = np.tanh(x[:, t] @ w_ih.T + b_ih + h @ w_hh.T + b_hh)
        steps.append(h)
    return np.stack(steps, axis=1)


@pytest.mark.parametrize("layers", [1, 3])
@pytest.mark.parametrize(("cell", "reference"), [(LSTM, numpy_lstm), (GRU, numpy_gru), (RNN, numpy_rnn)])
@pytest.mark.parametrize("initialization", ["glorot", "torch"])
def test_forward_agrees_with_numpy(cell, reference, layers, initialization):
    network = build_network(
        lambda features, hidden: cell(features, hidden, initialization=initialization),
        Direct,
        layers=layers,
        hidden_size=HIDDEN,
        seed=1,
    )
    inputs = torch.randn(BATCH, TIME, 1, generator=torch.Generator().manual_seed(2))
    hidden = inputs.double().numpy()
    for layer in network.layers:
        hidden = reference(hidden, [weight.detach().double().numpy() for weight in layer.rnn.all_weights[0]])
    linear = network.head.linear
    expected = hidden[:, -1] @ linear.weight.detach().double().numpy()[0] + linear.bias.item()
    assert np.abs(predict(network, inputs) - expected).max() < 1e-6


@pytest.mark.parametrize(
    ("cell", "gates", "kernels"), [(LSTM, 4, [(0, 4)]), (GRU, 3, [(0, 2), (2, 3)]), (RNN, 1, [(0, 1)])]
)
def test_glorot_fills_the_labs_kernels_to_their_bounds(cell, gates, kernels):
    features, hidden = 3, 400
    torch.manual_seed(0)
    weight_ih, weight_hh, *_ = cell(features, hidden).rnn.all_weights[0]
    assert weight_ih.shape == (gates * hidden, features)
    for first, last in kernels:
        bound = np.sqrt(6 / (features + hidden + (last - first) * hidden))
        largest = weight_hh[first * hidden : last * hidden].abs().max().item()
        assert 0.999 * bound < largest <= bound
        assert weight_ih[first * hidden : last * hidden].abs().max().item() <= bound


def test_lstm_forget_bias_is_what_the_config_says():
    _, _, bias_ih, bias_hh = LSTM(1, HIDDEN, forget_bias=1.5).rnn.all_weights[0]
    total = (bias_ih + bias_hh).detach().numpy().reshape(4, HIDDEN)
    assert total.tolist() == [[0] * HIDDEN, [1.5] * HIDDEN, [0] * HIDDEN, [0] * HIDDEN]


def test_gru_gate_bias_fills_both_gates():
    _, _, bias_ih, bias_hh = GRU(1, HIDDEN).rnn.all_weights[0]
    total = (bias_ih + bias_hh).detach().numpy().reshape(3, HIDDEN)
    assert total.tolist() == [[1] * HIDDEN, [1] * HIDDEN, [0] * HIDDEN]


def test_torch_initialization_is_torchs_own():
    torch.manual_seed(3)
    ours = LSTM(1, HIDDEN, initialization="torch", forget_bias=None)
    torch.manual_seed(3)
    theirs = nn.LSTM(1, HIDDEN, batch_first=True)
    for left, right in zip(ours.rnn.parameters(), theirs.parameters(), strict=True):
        assert torch.equal(left, right)


def test_an_unknown_initialization_names_the_nearest():
    with pytest.raises(ValueError, match="nearest: glorot"):
        LSTM(1, HIDDEN, initialization="gloort")


@pytest.mark.parametrize(("step", "fused"), [(nn.LSTMCell, nn.LSTM), (nn.GRUCell, nn.GRU), (nn.RNNCell, nn.RNN)])
def test_an_unrolled_cell_equals_the_fused_layer(step, fused):
    layer = fused(2, HIDDEN, batch_first=True)
    cell = step(2, HIDDEN)
    for target, source in zip(cell.parameters(), layer.parameters(), strict=True):
        target.data.copy_(source.data)
    inputs = torch.randn(BATCH, TIME, 2)
    assert torch.allclose(Unrolled(cell)(inputs), layer(inputs)[0], atol=1e-6)


def test_the_same_seed_gives_the_same_network_whatever_was_drawn_before():
    def weights(seed):
        torch.randn(3)
        network = build_network(LSTM, Direct, layers=2, hidden_size=HIDDEN, seed=seed)
        return torch.cat([parameter.flatten() for parameter in network.parameters()])

    assert torch.equal(weights(4), weights(4))
    assert not torch.equal(weights(4), weights(5))


def test_building_a_network_leaves_the_random_state_alone():
    torch.manual_seed(8)
    expected = torch.randn(3)
    torch.manual_seed(8)
    build_network(GRU, Direct, layers=1, hidden_size=HIDDEN, seed=0)
    assert torch.equal(torch.randn(3), expected)


def test_a_layer_of_the_wrong_shape_is_named():
    class Wrong(SequenceLayer):
        def __init__(self, input_size, hidden_size):
            super().__init__()

        def forward(self, inputs):
            return inputs[:, -1]

    with pytest.raises(ValueError, match=r"hidden states of shape \(2, 3, 5\) were expected"):
        build_network(Wrong, Direct, layers=1, hidden_size=HIDDEN, seed=0)


def test_a_layer_that_asks_for_its_place_in_the_stack_is_told():
    class Placed(GRU):
        def __init__(self, input_size, hidden_size, index, **parameters):
            super().__init__(input_size, hidden_size, **parameters)
            self.index = index

    factory = functools.partial(Placed, gate_bias=0.5)
    network = build_network(factory, Direct, layers=3, hidden_size=HIDDEN, seed=0)
    assert [layer.index for layer in network.layers] == [0, 1, 2]


def test_parameters_are_counted_as_the_formula_says():
    network = build_network(LSTM, Direct, layers=3, hidden_size=128, seed=0)
    first, later, head = 4 * 128 * (1 + 128 + 2), 4 * 128 * (128 + 128 + 2), 129
    assert parameter_count(network) == first + 2 * later + head
