"""What `rnnlab explain` says of closed loops and the recurrence is what numpy computes and a simulation measures.

The networks are made by hand: a linear layer whose weights are written into its checkpoint.
"""

import json
import math

import numpy as np
import pytest
import torch
from helpers import TINY_DATA, outcome, train

from rnnlab.training.checkpoint_files import read_checkpoint, write_checkpoint

ANGLE = 0.3
"""From a point to the next: the 33 steps of the test are one and a half turns."""
WINDOW, STEPS = 7, 33
TURN = math.ceil(2 * math.pi / ANGLE)
DATA = [*TINY_DATA, "function=sin", "data.endpoint=false", f"data.spacing={ANGLE}", "trainer.max_epochs=1"]


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A folder to work in; pages are made without their figures, which take most of the time."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("rnnlab.explain.make._pictures", lambda _: ())
    return tmp_path


def weights_of(modulus, angle):
    """Return the weights whose companion matrix has one pair of eigenvalues, and zeros."""
    return [0.0] * (WINDOW - 2) + [-(modulus**2), 2 * modulus * math.cos(angle)]


def weights_with(*roots):
    """Return the weights whose companion matrix has these two real eigenvalues, and zeros."""
    return [0.0] * (WINDOW - 2) + [-roots[0] * roots[1], sum(roots)]


def made(capsys, weights, *words, cell="linear", scale=1.0, bias=0.0):
    """Return what is said of a network with these weights, one row an output, in sentences and in explain.json."""
    rows = np.atleast_2d(np.array(weights))
    run = train(*DATA, f"cell={cell}", "layers=1", f"model.hidden_size={len(rows)}", *words)
    content = read_checkpoint(run.best, "run")
    state = {name: torch.zeros_like(value) for name, value in content["state_dict"].items()}
    state["layers.0.weight"] += scale * torch.from_numpy(rows).unsqueeze(1)
    state["head.linear.bias"] += bias
    state["head.linear.weight"] += torch.eye(len(rows)) / scale
    write_checkpoint(run.best, content | {"state_dict": state})
    code, errors = outcome(["explain", f"run={run.path}"], capsys)
    assert code == 0, errors
    said = json.loads((run.path / "explain" / "explain.json").read_text())
    return " ".join(said["notes"]["loop"]), said["numbers"]["closed_loop"][0], said


def curve(count):
    """Return the tested curve from its first window on: the 70 points before it are trained on."""
    return np.sin(ANGLE * (70 + np.arange(count)))


def simulated(weights, bias=0.0):
    """Return horizon and largest error of the linear loop with these weights, by a loop of three lines."""
    truth, values = curve(WINDOW + STEPS), list(curve(WINDOW))
    for _ in range(STEPS):
        values.append(bias + float(np.dot(weights, values[-WINDOW:])))
    errors = np.abs(np.array(values) - truth)[WINDOW:] / (np.ptp(truth) / 2)
    return int(np.argmax(errors > 0.1)) if (errors > 0.1).any() else STEPS, errors.max()


def companion(weights):
    matrix = np.eye(WINDOW, k=1)
    matrix[-1] = weights
    return np.linalg.eigvals(matrix)


def test_exact_weights_are_said_to_have_learned_the_recurrence_with_the_tolerance(here, capsys):
    text, loop, said = made(capsys, weights_of(1, ANGLE))
    assert "It learned the recurrence" in text
    assert "within 1% of the exact ones" in text
    assert "stays within 10% of the amplitude for 33 of 33 steps" in text
    assert "modulus 1.000000 and the angle 0.300000" in text
    assert "an oscillation neither grows nor dies out" in text
    assert "The two agree" in text
    recurrence = loop["recurrence"]
    assert (recurrence["learned"], recurrence["tolerance"], recurrence["needed"]) == (True, 0.01, TURN)
    assert recurrence["within"] == recurrence["windows"] == STEPS
    assert said["rollouts"][0]["horizon"] == STEPS


def test_a_damped_loop_dies_out_by_what_its_modulus_says_and_leaves_the_curve_when_a_simulation_does(here, capsys):
    weights = weights_of(0.95, ANGLE)
    text, loop, _ = made(capsys, weights)
    largest = max(companion(weights), key=lambda value: (abs(value), value.imag))
    assert (loop["pair"]["modulus"], abs(loop["pair"]["angle"])) == pytest.approx(
        (abs(largest), abs(np.angle(largest))), rel=1e-5
    )
    assert "an oscillation dies out by 5% a step" in text
    horizon, error = simulated(weights)
    assert 0 < horizon < 10
    assert f"stays within 10% of the amplitude for {horizon} of 33 steps" in text
    for measures in (loop["measured"], loop["of_mean_derivative"]):
        assert (measures["horizon"], measures["largest_error"]) == pytest.approx((horizon, error), rel=1e-4)
    assert loop["disagree_in"] == []
    assert "did not learn the recurrence" in text
    assert f"the loop stays for {horizon} steps" in text


def test_an_angle_that_is_off_is_said_by_how_much_though_the_modulus_is_1(here, capsys):
    text, loop, said = made(capsys, weights_of(1, 1.2 * ANGLE))
    assert "the angle is 20.00% too large" in text
    assert "neither grows nor dies out" in text
    assert "It did not learn the recurrence" in text
    off = abs(np.exp(1.2j * ANGLE) - np.exp(1j * ANGLE)) / abs(np.exp(1j * ANGLE) - 1)
    assert loop["recurrence"]["pair"] == pytest.approx(off, rel=1e-4)
    plane = np.linalg.qr(np.stack([np.sin(ANGLE * np.arange(7)), np.cos(ANGLE * np.arange(7))], axis=1))[0]
    wrong, exact = (plane.T @ weights_of(1, angle) for angle in (1.2 * ANGLE, ANGLE))
    apart = np.linalg.norm(wrong - exact) / np.linalg.norm(exact)
    assert said["numbers"]["dependence"][0]["apart"] == pytest.approx(apart, rel=1e-4)


def test_real_eigenvalues_are_said_not_to_oscillate(here, capsys):
    text, loop, said = made(capsys, weights_with(0.95, 0.8))
    assert "two largest eigenvalues would be real, 0.950000 and 0.800000, and what is real cannot oscillate" in text
    assert "a small change dies out by 5% a step" in text
    assert "No eigenvalue is complex (the exact recurrence's pair has 1 and 0.300000)" in text
    assert "at all of them the largest eigenvalues are real" in text
    assert "did not learn the recurrence" in text
    assert "there is no pair" in text
    assert (loop["pair"], loop["recurrence"]["pair"]) == (None, None)
    assert [row["kind"] for row in said["eigenvalues"]] == ["real", "real", "complex pair"]
    assert said["eigenvalues"][2]["label"] == "exact recurrence"


def test_a_pair_that_dies_out_beside_larger_real_eigenvalues_is_not_told_as_what_the_loop_does(here, capsys):
    weights = [0.0] * (WINDOW - 4) + list(-np.poly([0.95, 0.8, 0.5j, -0.5j])[:0:-1])
    text, _, said = made(capsys, weights)
    assert "real, 0.950000 and 0.800000" in text
    assert "The largest complex pair has the modulus 0.500000 and the angle 1.570796" in text
    assert said["eigenvalues"][2]["kind"] == "largest complex pair"


def test_a_loop_that_runs_away_is_said_to(here, capsys):
    text, loop, _ = made(capsys, weights_with(2.0, 1.5))
    assert "is 2 times as large after each step" in text
    assert "its largest error is a million amplitudes or more" in text
    assert loop["measured"]["largest_error"] == pytest.approx(1e6)


def test_where_a_small_change_dies_out_the_loop_may_come_to_rest_far_away(here, capsys):
    weights, bias = weights_with(0.9, 0.5), 0.15
    text, loop, _ = made(capsys, weights, bias=bias)
    assert "cannot oscillate: a small change dies out by 10% a step" in text
    truth = curve(WINDOW + STEPS)
    rest = abs(bias / ((1 - 0.9) * (1 - 0.5)) - (truth.max() + truth.min()) / 2) / (np.ptp(truth) / 2)
    assert loop["of_mean_derivative"]["rest"] == pytest.approx(rest, rel=1e-4)
    assert f"and come to rest at {100 * rest:.3g}%" in text
    horizon, error = simulated(weights, bias)
    assert (loop["measured"]["horizon"], loop["measured"]["largest_error"]) == pytest.approx(
        (horizon, error), rel=1e-4
    )


def test_derivatives_that_change_from_window_to_window_are_no_recurrence(here, capsys):
    """A tanh around the exact weights, far into its bend, and hardly at all."""
    text, loop, _ = made(capsys, weights_of(1, ANGLE), cell="mlp", scale=0.5)
    moduli = [row["largest_modulus"] for row in loop["by_window"]]
    assert max(moduli) - min(moduli) > 0.05
    assert f"the largest modulus is {min(moduli):.6f} to {max(moduli):.6f}" in text
    assert "did not learn the recurrence" in text
    learned, _, _ = made(capsys, weights_of(1, ANGLE), cell="mlp", scale=0.01)
    assert "It learned the recurrence" in learned


def test_a_loop_of_several_points_a_turn_turns_by_as_many_angles(here, capsys):
    weights = np.zeros((3, WINDOW))
    for ahead in (1, 2, 3):
        weights[ahead - 1, -2:] = np.array([-math.sin(ahead * ANGLE), math.sin((ahead + 1) * ANGLE)]) / math.sin(
            ANGLE
        )
    text, loop, _ = made(capsys, weights, "data.horizon=3", "data.horizon_output=all")
    assert "It learned the recurrence" in text
    assert loop["points_a_turn"] == 3
    assert loop["pair"]["angle"] == pytest.approx(3 * ANGLE, rel=1e-5)


def test_of_a_curve_that_never_changes_no_recurrence_and_no_share_of_its_amplitude_is_said(here, capsys):
    text, loop, said = made(capsys, weights_of(1, ANGLE), "function.amplitude=0")
    assert "in which the truth does not change, the loop's largest error is 0." in text
    assert "%" not in text.split("Measured")[1]
    assert loop["recurrence"] is None
    assert said["numbers"]["dependence"][0]["exact"] is None


def test_noise_is_not_taken_for_windows_in_a_plane(here, capsys):
    _, loop, said = made(capsys, weights_of(1, ANGLE), "data.noise=0.05")
    (text,) = said["notes"]["dependence"]
    assert "of the curve's windows without their noise" in text
    assert "these data tell" not in text
    assert "the best predictor is not the recurrence" in text
    assert loop["recurrence"]["learned"] is None
    assert "whether it learned the recurrence its loop cannot tell" in said["notes"]["loop"][-1].lower()
    assert "starts from a window with noise" in said["notes"]["loop"][-1]


def test_a_run_without_a_rollout_has_its_loop_measured_all_the_same(here, capsys):
    text, loop, _ = made(capsys, weights_of(0.95, ANGLE), "data.rollout_steps=0")
    assert f"for {simulated(weights_of(0.95, ANGLE))[0]} of 33 steps" in text
    assert loop["measured"]["steps"] == STEPS


def test_of_a_curve_without_a_recurrence_the_loop_is_measured_and_nothing_is_learned(here, capsys):
    text, loop, _ = made(capsys, weights_of(1, ANGLE), "function=square")
    assert "recurrence" not in text
    assert "within 10% of the amplitude for" in text
    assert loop["recurrence"] is None
    assert f"{loop['measured']['horizon']:.0f} of 33 steps" in text


def test_less_than_a_turn_is_not_told_in_amplitudes_of_the_curve(here, capsys):
    text, _, _ = made(capsys, weights_of(0.95, 0.01), "data.spacing=0.01")
    assert "within 10% of half of what the curve spans in the test stretch" in text
