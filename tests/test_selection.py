"""The best of several groups looks better than it is: by how much, against a simulation and in a report."""

import json

import numpy as np
import pytest
from known_study import fill
from scipy import stats

from rnnlab.analysis.selection import expected_maximum, selection_optimism
from rnnlab.cli import dispatch

NOISE, SHARED, REPEATS = 0.4, 0.6, 1500
"""Standard deviations of log10 MSE of a run, and of what all groups share on a seed; repeats of a simulation."""


def simulated(groups, seeds, spread=0.0):
    """Return the optimism of the best group by the estimate, if all were equal, and in truth: means of log10."""
    dice = np.random.default_rng(20_240_601)
    found = []
    for _ in range(REPEATS):
        truth = spread * dice.normal(size=groups)
        logs = truth[:, None] + NOISE * dice.normal(size=(groups, seeds)) + SHARED * dice.normal(size=seeds)
        best = int(np.argmin(logs.mean(axis=1)))
        fresh = truth[best] + NOISE * dice.normal(size=2000) + SHARED * dice.normal(size=2000)
        selection = selection_optimism(10**logs)
        found.append((np.log10(selection.optimism), np.log10(selection.if_equal), fresh.mean() - logs[best].mean()))
    means = np.mean(found, axis=0)
    return (*means, np.std(found, axis=0)[2] / REPEATS**0.5)


@pytest.mark.parametrize(("groups", "seeds"), [(4, 8), (12, 10), (5, 2)])
def test_of_equal_groups_the_stated_optimism_is_the_bias_on_fresh_seeds(groups, seeds):
    estimated, if_equal, real, error = simulated(groups, seeds)
    assert real > 5 * error, "there is a bias"
    assert estimated == pytest.approx(real, abs=4 * error)
    assert if_equal == pytest.approx(real, abs=4 * error)


def test_of_groups_that_differ_the_stated_optimism_is_a_little_more_than_the_bias():
    estimated, if_equal, real, error = simulated(12, 10, spread=0.15)
    assert real - 3 * error < estimated < 1.3 * real
    assert if_equal > estimated


def test_the_optimism_worked_by_hand():
    """On the first seed alone the second group wins, on the second seed alone the first, on both the first."""
    errors = [[1e-4, 1e-6], [1e-5, 1e-4]]
    selection = selection_optimism(errors)
    assert (selection.groups, selection.seeds, selection.others) == (2, 2, 1)
    # Without the first seed the first group is chosen, without the second the second: each has 1e-4 on that seed.
    assert selection.optimism == pytest.approx(1e-4 / 1e-5)
    residuals = np.array([[0.75, -0.75], [-0.75, 0.75]])
    deviation = np.sqrt((residuals**2).sum())
    assert np.log10(selection.if_equal) == pytest.approx(deviation / np.sqrt(2) * expected_maximum(2))


def test_a_group_that_wins_without_any_seed_shows_no_optimism():
    selection = selection_optimism([[1e-6, 2e-6, 1e-6], [1e-5, 1e-5, 2e-5]])
    assert (selection.others, selection.optimism) == (0, 1.0)


def test_a_factor_on_all_errors_of_a_seed_changes_nothing():
    errors = 10 ** np.random.default_rng(3).normal(size=(5, 6))
    before, after = selection_optimism(errors), selection_optimism(errors * np.geomspace(1e-3, 1e3, 6))
    assert before.others == after.others > 0, "or this shows little"
    assert (after.optimism, after.if_equal) == pytest.approx((before.optimism, before.if_equal))


@pytest.mark.parametrize("shape", [(1, 8), (8, 1)])
def test_without_a_choice_or_with_one_seed_nothing_is_told(shape):
    assert selection_optimism(np.full(shape, 1e-5)) is None


@pytest.mark.parametrize("count", [1, 2, 10, 300])
def test_the_expected_maximum_is_that_of_order_statistics(count):
    quantiles = stats.norm.ppf(stats.beta(count, 1).ppf((np.arange(200_000) + 0.5) / 200_000))
    assert expected_maximum(count) == pytest.approx(quantiles.mean(), abs=1e-3)


def report_of(home, capsys):
    assert dispatch(["report"]) == 0
    report = json.loads((home / "outputs" / "known" / "report" / "report.json").read_text())
    page = (home / "outputs" / "known" / "report" / "report.md").read_text()
    printed = capsys.readouterr().out
    (text,) = report["ladder_verdicts"]
    assert "as the best of 4 by these same errors" in page
    assert " ".join(text.split()) in " ".join(printed.split())
    return report


def test_a_report_says_that_the_best_group_was_chosen_and_by_how_much_that_flatters(home, capsys):
    """A GRU that wins without its last seed, and loses by that one."""
    gru = (0.4, 0.4, 8.0)

    def mse(config):
        is_gru = config.cell["_target_"].endswith("GRU")
        return 1e-6 * (gru[config.seed] if is_gru else 1.0) * (1.0 if config.layers == 1 else 100.0)

    fill(home, seeds=3, mse=mse)
    report = report_of(home, capsys)
    (panel,) = report["panels"]
    assert (panel["selection"]["others"], panel["selection"]["groups"], panel["selection"]["seeds"]) == (1, 4, 3)
    # On the first two seeds left out the LSTM is chosen, which has 1e-6 there; on the last one the GRU: 8e-6.
    assert panel["selection"]["optimism"] == pytest.approx(8 ** (1 / 3))
    (text,) = report["ladder_verdicts"]
    assert "the best group, LSTM, 1 layer (3 runs)" in text
    assert "chosen again with each of 3 seeds left out, it is another one once, and on the seeds left out" in text
    assert "the chosen reach 2.0 times this mean" in text


def test_with_one_seed_a_report_says_that_it_cannot_be_told(home, capsys):
    fill(home, seeds=1)
    report = report_of(home, capsys)
    assert report["panels"][0]["selection"] is None
    assert "by how much takes two seeds that all of them have" in report["ladder_verdicts"][0]
