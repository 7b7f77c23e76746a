"""What is computed of a network's inside: derivatives, eigenvalues, memory, gates, units."""

import numpy as np
import pytest
import torch
from torch import nn

from rnnlab.analysis.dependence import closed_loop, derivatives, eigenvalues
from rnnlab.analysis.gates import places, saturation, unit_order
from rnnlab.analysis.memory import reach, state_jacobians
from rnnlab.analysis.sinusoids import recurrence, seen
from rnnlab.models.cells import GRU, LSTM, RNN, Unrolled
from rnnlab.models.cells.window import Linear
from rnnlab.models.heads import Direct, Residual
from rnnlab.models.network import build_network
from rnnlab.models.reference import OwnCell, reference

DISTANCE, WINDOW = 0.02, 7


def curve(count, *, phase=0.3, distance=DISTANCE):
    return np.sin(phase + distance * np.arange(count))


def windows_of(values, window=WINDOW):
    return torch.from_numpy(np.lib.stride_tricks.sliding_window_view(values, window).copy()).unsqueeze(-1)


def exact_network(ahead=1):
    """A linear network with the weights of the exact recurrence."""
    network = build_network(
        lambda features, hidden: Linear(features, hidden, window=WINDOW),
        Direct,
        layers=1,
        hidden_size=1,
        seed=0,
        dtype=torch.float64,
    )
    with torch.no_grad():
        # A convolution's weights stand with the oldest value first.
        network.layers[0].weight.copy_(torch.from_numpy(recurrence(WINDOW, DISTANCE, ahead)).view(1, 1, -1))
        network.head.linear.weight.fill_(1)
    return network


@pytest.mark.parametrize("ahead", [1, 4])
def test_a_linear_network_with_the_exact_weights_shows_exactly_these(ahead):
    values = curve(40)
    network = exact_network(ahead)
    inputs = windows_of(values[:-ahead])
    prediction = network(inputs).detach().numpy()
    assert np.allclose(prediction, values[WINDOW - 1 + ahead :], atol=1e-9)
    found = derivatives(network, inputs)
    assert found.shape == (40 - ahead - WINDOW + 1, 1, WINDOW)
    assert np.array_equal(found, np.broadcast_to(recurrence(WINDOW, DISTANCE, ahead), found.shape))
    if ahead == 1:
        assert found[0, 0, :-2].tolist() == [0] * (WINDOW - 2)
        assert found[0, 0, -2] == -1
        assert found[0, 0, -1] == 2 * np.cos(DISTANCE)


@pytest.mark.parametrize("features", ["values", "differences", "both"])
@pytest.mark.parametrize("head", [Direct, Residual])
@pytest.mark.parametrize("cell", [LSTM, GRU, RNN])
@pytest.mark.parametrize("outputs", [1, 3])
def test_derivatives_agree_with_finite_differences(cell, head, features, outputs):
    network = build_network(
        cell,
        head,
        layers=2,
        hidden_size=5,
        seed=3,
        features=features,
        outputs=outputs,
        dtype=torch.float64,
    )
    inputs = torch.randn(4, WINDOW, 1, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    found = derivatives(network, inputs)
    assert found.shape == (4, outputs, WINDOW)
    small = 1e-6
    with torch.no_grad():
        for place in range(WINDOW):
            moved = torch.zeros_like(inputs)
            moved[:, place] = small
            slope = (network(inputs + moved) - network(inputs - moved)) / (2 * small)
            assert np.allclose(found[:, :, place], slope.reshape(4, outputs).numpy(), atol=1e-8)


def test_what_the_data_can_tell_of_weights_is_what_they_predict():
    """Adding what no window of the sinusoid sees changes no prediction, and not the part that is seen."""
    weights = recurrence(WINDOW, DISTANCE)
    random = np.random.default_rng(0).normal(size=WINDOW)
    unseen = random - seen(random, DISTANCE)
    windows = windows_of(curve(50))[..., 0].numpy()
    assert np.linalg.norm(unseen) > 0.5
    assert np.allclose(windows @ unseen, 0, atol=1e-12)
    assert np.allclose(seen(weights + unseen, DISTANCE), seen(weights, DISTANCE), atol=1e-12)
    assert np.allclose(windows @ seen(weights, DISTANCE), windows @ weights, atol=1e-12)


def test_the_exact_recurrence_turns_on_the_unit_circle():
    found = eigenvalues(recurrence(WINDOW, DISTANCE)[np.newaxis])
    assert found.shape == (WINDOW,)
    assert np.allclose(found[:2], [np.exp(1j * DISTANCE), np.exp(-1j * DISTANCE)])
    assert np.allclose(found[2:], 0)


def test_the_closed_loop_takes_all_that_is_predicted():
    """Two points at a time turn twice as far; a window is moved on by what a step of the loop does to it."""
    weights = np.array([recurrence(WINDOW, DISTANCE, ahead) for ahead in (1, 2)])
    assert np.allclose(eigenvalues(weights)[:2], [np.exp(2j * DISTANCE), np.exp(-2j * DISTANCE)])
    values = curve(WINDOW + 2)
    assert np.allclose(closed_loop(weights) @ values[:WINDOW], values[2:])


def test_more_outputs_than_the_window_is_long_fill_it():
    weights = np.array([recurrence(3, DISTANCE, ahead) for ahead in range(1, 6)])
    values = curve(8)
    assert closed_loop(weights).shape == (3, 3)
    assert np.allclose(closed_loop(weights) @ values[:3], values[5:])


@pytest.mark.parametrize("cell", [LSTM, GRU, RNN])
def test_state_jacobians_agree_with_finite_differences(cell):
    """A step's hidden state is moved a little, the rest of what it hands on stays."""
    layer = cell(2, 4).double()
    one = reference(layer)
    inputs = torch.randn(6, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    found = state_jacobians(one, inputs, [0, 1, 3, 5])
    assert set(found) == set(one.states)
    assert torch.allclose(found["h"][0], torch.eye(4, dtype=torch.float64))
    small = 1e-6
    for row, lag in enumerate([1, 3, 5], start=1):
        for symbol in one.states:
            for unit in range(4):
                ends = [last_hidden(one, inputs, 5 - lag, (symbol, unit, step)) for step in (small, -small)]
                slope = (ends[0] - ends[1]) / (2 * small)
                assert torch.allclose(found[symbol][row][:, unit], slope, atol=1e-8), (lag, symbol, unit)


@torch.no_grad()
def last_hidden(cell, inputs, at, moved):
    """Return h_T where one unit of a state was moved after step ``at``; C_t is seen in h_t too."""
    symbol, unit, step = moved
    state = cell.start(1, inputs)
    for t, x in enumerate(inputs):
        parts = cell.step(x.unsqueeze(0), state)
        if t == at:
            parts[symbol][0, unit] += step
            if symbol == "C":
                parts["h"] = parts["o"] * torch.tanh(parts["C"])
        state = {name: parts[name] for name in cell.states}
    return parts["h"][0]


def test_a_plain_rnn_forgets_as_its_weight_says():
    """One unit near 0 is linear: dh_T/dh_t is w to the power of the lag."""
    layer = RNN(1, 1).double()
    with torch.no_grad():
        layer.rnn.weight_hh_l0.fill_(0.8)
        layer.rnn.weight_ih_l0.fill_(0)
    found = reach(reference(layer), torch.zeros(3, 12, 1, dtype=torch.float64), [0, 1, 5, 11])
    assert np.allclose(found["h"].numpy(), [1, 0.8, 0.8**5, 0.8**11])


def test_a_forget_gate_that_is_open_keeps_the_cell_state():
    layer = LSTM(1, 3).double()
    with torch.no_grad():
        for weight in layer.parameters():
            weight.zero_()
        layer.rnn.bias_ih_l0[3:6] = 50
    found = reach(reference(layer), torch.zeros(2, 12, 1, dtype=torch.float64), [0, 11])
    assert np.allclose(found["C"].numpy(), [0.5, 0.5])  # the output gate, half open
    assert found["h"][1] < 1e-100  # without recurrent weights nothing goes through h


def test_the_memory_of_a_users_own_cell_can_be_followed():
    cell = nn.GRUCell(2, 4).double()
    layer = Unrolled(cell)
    inputs = torch.randn(5, 9, 2, dtype=torch.float64)
    own = reach(OwnCell(layer, 4), inputs, [0, 2, 7])["h"]
    fused = GRU(2, 4).double()
    fused.rnn.load_state_dict({f"{name}_l0": value for name, value in cell.state_dict().items()})
    assert torch.allclose(own, reach(reference(fused), inputs, [0, 2, 7])["h"])


class Aside(nn.Module):
    """Hands on a state of its own; what others see of it is not used again."""

    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.tensor(0.5))

    def forward(self, x, states):
        own = self.weight * ((0 if states is None else states[1]) + x)
        return 2 * own, own


def test_a_cell_that_hands_no_hidden_state_on_forgets_it_at_once():
    found = reach(OwnCell(Unrolled(Aside()), 1), torch.randn(2, 6, 1), [0, 1, 4])["h"]
    assert found.tolist() == [1, 0, 0]


def test_a_memory_that_explodes_is_large_but_finite():
    class Exploding(Aside):
        def forward(self, x, state):
            return (x if state is None else state) * self.weight * 1e10

    found = reach(OwnCell(Unrolled(Exploding()), 1), torch.ones(2, 9, 1), [0, 2, 8])["h"]
    assert found[2] > 1e38
    assert found.isfinite().all()


def test_saturation_counts_what_is_nearly_closed_and_nearly_open():
    assert saturation(torch.tensor([[0.05, 0.5], [0.95, 0.99], [0.2, 0.8]])) == pytest.approx((1 / 6, 2 / 6))


def test_units_are_sorted_by_the_phase_that_they_answer_to():
    phases = np.array([2.5, 0.4, -1.2, 1.5, -2.8, -0.3])
    times = np.linspace(0, 20 * np.pi, 3000, endpoint=False)
    hidden = torch.from_numpy(np.cos(times[:, None] - phases) + 0.3)
    order = phases[unit_order(hidden)]
    # Sorted by phase up to where the circle is cut and to its direction.
    steps = np.angle(np.exp(1j * np.diff([*order, order[0]])))
    assert (steps > 0).all() or (steps < 0).all()


def test_units_have_an_order_where_there_is_one_of_them_or_one_window():
    assert unit_order(torch.zeros(5, 1)).tolist() == [0]
    assert sorted(unit_order(torch.ones(1, 4)).tolist()) == [0, 1, 2, 3]
    assert sorted(unit_order(torch.ones(6, 4)).tolist()) == [0, 1, 2, 3]


def test_places_are_a_peak_a_zero_crossing_and_one_at_random():
    values = windows_of(curve(700, phase=0))[..., 0].numpy()
    found = places(values)
    assert list(found) == ["at a peak", "at a zero crossing", "at random"]
    middle = values[:, WINDOW // 2]
    assert middle[found["at a peak"]] == pytest.approx(1, abs=1e-3)
    assert abs(middle[found["at a zero crossing"]]) < 0.1
    assert found == places(values)


def test_a_square_wave_is_shown_where_it_jumps():
    values = windows_of(np.repeat([1.0, -1.0, 1.0], 30))[..., 0].numpy()
    place = places(values)["at a zero crossing"]
    assert {1.0, -1.0} == set(values[place])


def test_of_a_curve_that_never_passes_0_a_window_at_the_mean_is_shown():
    values = windows_of(5 + curve(700, phase=0))[..., 0].numpy()
    found = places(values)
    assert list(found) == ["at a peak", "at the mean", "at random"]
    assert values[found["at the mean"], WINDOW // 2] == pytest.approx(values[:, WINDOW // 2].mean(), abs=0.02)


def test_a_stretch_that_only_falls_has_no_peak_and_a_curve_that_is_0_throughout_passes_it_nowhere():
    falling = windows_of(np.linspace(2, 1, 60))[..., 0].numpy()
    assert places(falling)["at its highest"] == 0
    assert list(places(windows_of(np.zeros(60))[..., 0].numpy())) == ["at its highest", "at the mean", "at random"]
