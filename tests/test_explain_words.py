"""What is said of loops of every kind, from their numbers alone."""

import math
from dataclasses import replace

import numpy as np
import pytest

from rnnlab.explain.learned import recurrence_of
from rnnlab.explain.loop_words import disagreements, of_mean, of_recurrence, of_rollout, of_windows
from rnnlab.report.inside.shapes import Dependence, Loop

MEASURES = {
    "steps": 990.0,
    "amplitude": 1.0,
    "horizon": 115.0,
    "largest_error": 1.4,
    "largest_absolute_error": 1.4,
    "extent": 0.9,
}


def loop_of(values, *, measured=None, linear=None, by_window=None):
    exact = np.exp(1j * 0.01 * np.array([1, -1]))
    of_mean = np.array(values, dtype=complex)
    windows = of_mean[None] if by_window is None else by_window
    return Loop(
        "mine", "rnn", of_mean, windows, exact, 1, 629, MEASURES | (measured or {}), MEASURES | (linear or {})
    )


@pytest.mark.parametrize(
    ("measured", "linear", "named"),
    [
        ({}, {}, []),
        ({"horizon": 990.0}, {"horizon": 900.0}, ["horizon"]),
        ({"horizon": 40.0}, {"horizon": 81.0}, ["horizon"]),
        ({"horizon": 41.0}, {"horizon": 81.0}, []),
        ({"extent": 2.4}, {"extent": 0.3}, ["extent"]),
        ({"extent": 0.02}, {"extent": 0.0001}, []),
    ],
)
def test_what_is_foretold_and_what_was_measured_disagree_from_a_factor_of_2_on(measured, linear, named):
    one = loop_of([0.999 + 0.01j, 0.999 - 0.01j], measured=measured, linear=linear)
    assert disagreements(one) == named
    assert ("The two agree" in of_rollout(one)) == (named == [])


def test_a_loop_that_should_die_out_and_runs_away_is_said_to_disagree():
    one = loop_of([0.9995, 0.98], measured={"extent": 2.4}, linear={"extent": 0.3})
    assert "cannot oscillate: a small change dies out by 0.05% a step" in of_mean(one)
    assert of_rollout(one).endswith("They disagree: the network goes farther than its mean derivative foretells.")


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ([-0.9, 0.1], "dies out by 10% a step, with another sign each time"),
        ([0.0, 0.0], "a change of the window is forgotten"),
        ([0.5], "eigenvalue would be 0.500000, and what is real cannot oscillate"),
        (
            [1.0, 0.9 + 0.1j, 0.9 - 0.1j],
            "A larger one is real, 1.000000: what does not turn neither grows nor dies out.",
        ),
        ([0.9 + 1e-9j, 0.9 - 1e-9j], "real, 0.900000 and 0.900000"),
    ],
)
def test_every_kind_of_largest_eigenvalue_is_told_as_what_it_is(values, said):
    assert said in of_mean(loop_of(values))


def test_windows_of_both_kinds_are_counted():
    windows = np.array([[0.9 + 0.1j, 0.9 - 0.1j], [0.95, 0.5], [1.02, 0.9]], dtype=complex)
    text = of_windows(loop_of([0.95, 0.5], by_window=windows), None)
    assert "at 3 windows one by one the largest modulus is 0.905539 to 1.020000" in text
    assert "at 2 of them the largest eigenvalues are real" in text


@pytest.mark.parametrize("off", ["derivative", "pair", "window", "loop", None])
def test_learned_takes_derivative_pair_windows_and_loop(off):
    exact = np.exp(1j * 0.01 * np.array([1, -1]))
    wrong = np.exp(1j * 0.0102 * np.array([1, -1]))
    windows = np.array([exact, wrong if off == "window" else exact])
    horizon = {"horizon": 628.0 if off == "loop" else 629.0}
    one = loop_of(wrong if off == "pair" else exact, measured=horizon, by_window=windows)
    weights = np.array([-1.0, 2 * math.cos(0.01)])
    apart = 0.011 if off == "derivative" else 0.009
    dependence = Dependence("mine", "rnn", weights, 0 * weights, weights, weights, weights, apart)
    assert recurrence_of(dependence, one).learned == (off is None)


@pytest.mark.parametrize("measured", [{"amplitude": 0.0}, None])
def test_a_loop_that_was_not_measured_leaves_open_what_was_learned_and_counts_no_steps(measured):
    exact = np.exp(1j * 0.01 * np.array([1, -1]))
    weights = np.array([-1.0, 2 * math.cos(0.01)])
    one = loop_of(exact, measured=measured)
    if measured is None:
        one = replace(one, measured=None, linear=None)
    for apart, said in (
        (0.001, "its loop cannot tell"),
        (0.1, "within 1% of the exact ones: the derivative is 10% off"),
    ):
        dependence = Dependence("mine", "rnn", weights, 0 * weights, weights, weights, weights, apart)
        text = of_recurrence(recurrence_of(dependence, one))
        assert said in text
        assert " 0 steps" not in text
