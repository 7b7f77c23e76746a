"""Every cell of ours against a plain NumPy loop over its equations, in float64."""

import numpy as np
import pytest
import torch
from helpers import composed

from rnnlab.models.cells.minimal import scan
from rnnlab.models.cells.window import MLP, Linear
from rnnlab.training.build import build_run_network

FEATURES, HIDDEN, BATCH, TIME = 3, 5, 4, 11


def logistic(x):
    return 1 / (1 + np.exp(-x))


def positive(x):
    return np.where(x >= 0, x + 0.5, logistic(x))


def stepped(x, step, state):
    """Return the first entry of the state after each step."""
    hidden = []
    for t in range(x.shape[1]):
        state = step(x[:, t], *state)
        hidden.append(state[0])
    return np.stack(hidden, axis=1)


def zeros(x):
    return np.zeros((len(x), HIDDEN))


def numpy_lstm(x, w):
    w_ih, w_hh, bias = w["rnn.weight_ih_l0"], w["rnn.weight_hh_l0"], w["rnn.bias_ih_l0"] + w["rnn.bias_hh_l0"]

    def step(x, h, c):
        i, f, g, o = np.split(x @ w_ih.T + h @ w_hh.T + bias, 4, axis=1)
        c = logistic(f) * c + logistic(i) * np.tanh(g)
        return logistic(o) * np.tanh(c), c

    return stepped(x, step, (zeros(x), zeros(x)))


def numpy_gru(x, w):
    def step(x, h):
        r_x, z_x, n_x = np.split(x @ w["rnn.weight_ih_l0"].T + w["rnn.bias_ih_l0"], 3, axis=1)
        r_h, z_h, n_h = np.split(h @ w["rnn.weight_hh_l0"].T + w["rnn.bias_hh_l0"], 3, axis=1)
        z = logistic(z_x + z_h)
        return ((1 - z) * np.tanh(n_x + logistic(r_x + r_h) * n_h) + z * h,)

    return stepped(x, step, (zeros(x),))


def numpy_rnn(x, w):
    bias = w["rnn.bias_ih_l0"] + w["rnn.bias_hh_l0"]
    return stepped(
        x,
        lambda x, h: (np.tanh(x @ w["rnn.weight_ih_l0"].T + h @ w["rnn.weight_hh_l0"].T + bias),),
        (zeros(x),),
    )


def numpy_peephole_lstm(x, w):
    w_i, w_f, w_g, w_o = np.split(w["weight_ih"], 4)
    u_i, u_f, u_g, u_o = np.split(w["weight_hh"], 4)
    b_i, b_f, b_g, b_o = np.split(w["bias"], 4)
    p_i, p_f, p_o = w["peepholes"]

    def step(x, h, c):
        i = logistic(x @ w_i.T + h @ u_i.T + p_i * c + b_i)
        f = logistic(x @ w_f.T + h @ u_f.T + p_f * c + b_f)
        c = f * c + i * np.tanh(x @ w_g.T + h @ u_g.T + b_g)
        o = logistic(x @ w_o.T + h @ u_o.T + p_o * c + b_o)
        return o * np.tanh(c), c

    return stepped(x, step, (zeros(x), zeros(x)))


def numpy_lab_gru(x, w):
    w_r, w_z, w_n = np.split(w["weight_ih"], 3)
    u_r, u_z, u_n = np.split(w["weight_hh"], 3)
    b_r, b_z, b_n = np.split(w["bias"], 3)

    def step(x, h):
        r = logistic(x @ w_r.T + h @ u_r.T + b_r)
        z = logistic(x @ w_z.T + h @ u_z.T + b_z)
        n = np.tanh(x @ w_n.T + (r * h) @ u_n.T + b_n)
        return (z * h + (1 - z) * n,)

    return stepped(x, step, (zeros(x),))


def numpy_min_gru(x, w):
    def step(x, h):
        gate, candidate = np.split(x @ w["linear.weight"].T + w["linear.bias"], 2, axis=1)
        z = logistic(gate)
        return ((1 - z) * h + z * positive(candidate),)

    return stepped(x, step, (zeros(x),))


def numpy_min_lstm(x, w):
    def step(x, h):
        forget, enter, candidate = np.split(x @ w["linear.weight"].T + w["linear.bias"], 3, axis=1)
        f, i = logistic(forget), logistic(enter)
        return (f / (f + i) * h + i / (f + i) * positive(candidate),)

    return stepped(x, step, (zeros(x),))


def numpy_lru(x, w):
    eigenvalue = np.exp(-np.exp(w["nu"]) + 1j * np.exp(w["theta"]))
    entering = (w["entering"][0] + 1j * w["entering"][1]) * np.exp(w["gamma"])[:, None]
    leaving = w["leaving"][0] + 1j * w["leaving"][1]

    def step(x, _, state):
        state = eigenvalue * state + x @ entering.T
        y = (state @ leaving.T).real + x @ w["direct"].T
        if "gated.weight" in w:
            value, gate = np.split(y @ w["gated.weight"].T + w["gated.bias"], 2, axis=1)
            y = value * logistic(gate)
        return y, state

    return stepped(x, step, (None, zeros(x).astype(complex)))


def numpy_linear(x, w):
    lags = w["weight"].shape[-1]
    padded = np.concatenate([np.zeros((len(x), lags - 1, x.shape[2])), x], axis=1)
    hidden = [np.einsum("blf,hfl->bh", padded[:, t : t + lags], w["weight"]) for t in range(x.shape[1])]
    return np.stack(hidden, axis=1) + w["bias"]


def numpy_mlp(x, w):
    return np.tanh(numpy_linear(x, w))


REFERENCES = {
    "lstm": numpy_lstm,
    "gru": numpy_gru,
    "rnn": numpy_rnn,
    "peepholelstm": numpy_peephole_lstm,
    "labgru": numpy_lab_gru,
    "mingru": numpy_min_gru,
    "minlstm": numpy_min_lstm,
    "lru": numpy_lru,
    "linear": numpy_linear,
    "mlp": numpy_mlp,
}
CASES = [
    *REFERENCES,
    *(f"{cell} cell.initialization=torch" for cell in REFERENCES if cell != "lru"),
    "lru cell.output=linear",
]


def network_of(cell, *overrides):
    config = composed(
        *f"cell={cell}".split(),
        f"model.hidden_size={HIDDEN}",
        "model.dtype=float64",
        f"data.window={TIME}",
        "seed=3",
        *overrides,
    )
    return build_run_network(config)


def shaken(network):
    """Move all weights well away from where they start, zeros included."""
    generator = torch.Generator().manual_seed(7)
    for weight in network.parameters():
        weight.data += 0.3 * torch.randn(weight.shape, generator=generator, dtype=weight.dtype)
    return network


@pytest.mark.parametrize("case", CASES)
def test_three_layers_agree_with_plain_numpy_loops(case):
    reference = REFERENCES[case.split()[0]]
    network = shaken(network_of(case))
    inputs = torch.randn(BATCH, TIME, 1, generator=torch.Generator().manual_seed(2), dtype=torch.float64)
    hidden = inputs.numpy()
    layer_inputs = inputs
    for layer in network.layers:
        weights = {name: value.detach().numpy() for name, value in layer.named_parameters()}
        hidden = reference(hidden, weights)
        layer_inputs = layer(layer_inputs)
        assert np.abs(layer_inputs.detach().numpy() - hidden).max() < 1e-12
    head = {name: value.detach().numpy() for name, value in network.head.named_parameters()}
    expected = hidden[:, -1] @ head["linear.weight"][0] + head["linear.bias"]
    assert np.abs(network(inputs).detach().numpy() - expected).max() < 1e-12


def test_the_scan_in_log_space_keeps_its_digits_over_a_long_sequence():
    generator = torch.Generator().manual_seed(1)
    kept = torch.rand(2, 3000, HIDDEN, generator=generator, dtype=torch.float64)
    added = torch.rand(2, 3000, HIDDEN, generator=generator, dtype=torch.float64)
    expected, h = [], torch.zeros(2, HIDDEN, dtype=torch.float64)
    for t in range(3000):
        h = kept[:, t] * h + added[:, t]
        expected.append(h)
    found = scan(kept.log(), added.log())
    assert (found / torch.stack(expected, dim=1) - 1).abs().max() < 1e-10


@pytest.mark.parametrize("cell", ["mingru", "minlstm"])
def test_extreme_inputs_leave_the_minimal_cells_finite(cell):
    network = network_of(cell, "model.dtype=float32", "layers=1")
    inputs = torch.tensor([-1e4, -30.0, 0.0, 30.0, 1e4]).reshape(1, -1, 1).requires_grad_()
    network(inputs).sum().backward()
    for gradient in (inputs.grad, *(weight.grad for weight in network.parameters())):
        assert gradient.isfinite().all()


def test_the_lru_starts_with_its_eigenvalues_on_the_ring_and_its_inputs_normalised():
    (layer,) = network_of("lru", "layers=1", "cell.r_min=0.5", "cell.r_max=0.9", "cell.max_phase=0.3",
                          "model.hidden_size=500").layers  # fmt: skip
    modulus, phase = (-layer.nu.exp()).exp(), layer.theta.exp()
    assert (modulus.min() > 0.5, modulus.max() < 0.9) == (True, True)
    assert (phase.min() > 0, phase.max() < 0.3) == (True, True)
    assert torch.allclose(layer.gamma.exp(), (1 - modulus**2).sqrt())
    assert modulus.square().mean().item() == pytest.approx((0.25 + 0.81) / 2, abs=0.02)  # uniform in area


@pytest.mark.parametrize("layers", [1, 3])
def test_a_network_of_linear_layers_is_an_affine_map_of_the_window(layers):
    network = shaken(network_of("linear", f"layers={layers}"))
    a, b = torch.randn(2, BATCH, TIME, 1, dtype=torch.float64)
    at_zero = network(torch.zeros_like(a))
    assert torch.allclose(network(2 * a - 3 * b) - at_zero, 2 * (network(a) - at_zero) - 3 * (network(b) - at_zero))
    changed = [(network(a + step) != network(a)).all() for step in torch.eye(TIME, dtype=torch.float64)[..., None]]
    assert all(changed)


def test_an_mlp_is_dense_layers_on_the_window():
    network = shaken(network_of("mlp", "layers=2"))
    window = torch.randn(BATCH, TIME, 1, dtype=torch.float64)
    first, second = network.layers
    hidden = torch.tanh(window[..., 0] @ first.weight[:, 0].T + first.bias)
    hidden = torch.tanh(hidden @ second.weight[..., 0].T + second.bias)
    assert torch.allclose(network(window), network.head(hidden), atol=1e-12)


@pytest.mark.parametrize("layer", [Linear, MLP])
def test_a_layer_that_sees_several_features_sees_them_in_the_whole_window(layer):
    made = layer(FEATURES, HIDDEN, TIME).double()
    inputs = torch.randn(1, TIME, FEATURES, dtype=torch.float64, requires_grad=True)
    made(inputs)[0, -1].sum().backward()
    assert (inputs.grad != 0).all()


def test_peepholes_let_the_gates_see_the_cell_state():
    (layer,) = network_of("peepholelstm", "layers=1").layers
    inputs = torch.randn(BATCH, TIME, 1, dtype=torch.float64)
    with_them = layer(inputs)
    layer.peepholes.data.zero_()
    assert not torch.allclose(layer(inputs), with_them)


def test_gate_biases_start_at_what_the_config_says():
    def bias(cell, key, name):
        (layer,) = network_of(cell, "layers=1", f"cell.{key}=1.5").layers
        return dict(layer.named_parameters())[name].reshape(-1, HIDDEN).mean(dim=1).tolist()

    assert bias("peepholelstm", "forget_bias", "bias") == [0, 1.5, 0, 0]
    assert bias("labgru", "gate_bias", "bias") == [1.5, 1.5, 0]
    assert bias("mingru", "gate_bias", "linear.bias") == [1.5, 0]
    assert bias("minlstm", "forget_bias", "linear.bias") == [1.5, 0, 0]
