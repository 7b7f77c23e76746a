"""The statistics of a report, each held against an independent computation."""

import importlib.util
import itertools
import math
import warnings
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from rnnlab.analysis import significance
from rnnlab.analysis.statistics import (
    compare_paired,
    geometric_mean,
    holm,
    interquartile_mean,
    sign_flip_p,
)

TEN = np.array([3.1e-6, 4.4e-5, 8.2e-7, 1.9e-5, 6.0e-6, 2.2e-4, 5.5e-6, 1.2e-6, 9.1e-6, 3.3e-5])
OTHER_TEN = np.array([9.8e-6, 3.1e-5, 5.0e-6, 7.7e-5, 2.3e-5, 1.0e-4, 6.1e-5, 4.0e-6, 8.8e-6, 1.2e-4])


@pytest.fixture(autouse=True)
def no_warnings():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


# Estimates of one group


def test_geometric_mean_and_its_interval_worked_by_hand():
    found = geometric_mean([1e-6, 1e-4, 1e-5])  # logs -6, -4, -5: mean -5, standard deviation 1
    half_width = 4.302652729911275 / math.sqrt(3)  # the 97.5% point of t with 2 degrees, from a table
    assert found.value == pytest.approx(1e-5)
    assert found.low == pytest.approx(10 ** (-5 - half_width))
    assert found.high == pytest.approx(10 ** (-5 + half_width))


@pytest.mark.parametrize("confidence", [0.8, 0.95, 0.99])
def test_the_interval_of_the_geometric_mean_is_scipys(confidence):
    found = geometric_mean(TEN, confidence)
    independent = stats.ttest_1samp(np.log10(TEN), 0).confidence_interval(confidence)
    assert found.value == pytest.approx(stats.gmean(TEN))
    assert np.log10([found.low, found.high]) == pytest.approx(list(independent))


def test_interquartile_mean_leaves_a_quarter_out_at_each_end():
    values = [1e-12, 1e-6, 1e-5, 1e-5, 1e-4, 1e-3, 1e-3, 1e9]
    assert interquartile_mean(values).value == pytest.approx(10 ** (-(5 + 5 + 4 + 3) / 4))
    assert interquartile_mean(values[:5]).value == pytest.approx(10 ** (-(6 + 5 + 5) / 3))


@pytest.mark.parametrize("values", [TEN, TEN[:5], np.tile(TEN, 4) * np.linspace(1, 5, 40)])
def test_the_interval_of_the_interquartile_mean_is_the_percentile_bootstraps(values):
    found = interquartile_mean(values)
    logs = np.log10(values)
    independent = stats.bootstrap(
        (logs,),
        lambda sample, axis: stats.trim_mean(sample, 0.25, axis=axis),
        method="percentile",
        n_resamples=20_000,
        rng=np.random.default_rng(99),
    )
    assert found.value == pytest.approx(10 ** stats.trim_mean(logs, 0.25))
    # The 2.5% point of 5,000 normal draws has a standard error of 0.04 of their deviation.
    near = 4 * 0.04 * independent.standard_error
    assert np.log10(found.low) == pytest.approx(independent.confidence_interval.low, abs=near)
    assert np.log10(found.high) == pytest.approx(independent.confidence_interval.high, abs=near)


def test_the_bootstrap_gives_the_same_interval_each_time_and_in_blocks(monkeypatch):
    whole = interquartile_mean(TEN)
    assert interquartile_mean(TEN) == whole
    monkeypatch.setattr("rnnlab.analysis.estimates.BLOCK", 1000)
    assert interquartile_mean(TEN) == whole


@pytest.mark.parametrize("estimate", [geometric_mean, interquartile_mean])
def test_one_value_has_no_interval_and_equal_values_one_of_no_width(estimate):
    alone = estimate([2e-5])
    assert alone.value == pytest.approx(2e-5)
    assert alone.low is alone.high is None
    equal = estimate([1e-5] * 6)
    assert (equal.value, equal.low, equal.high) == pytest.approx((1e-5, 1e-5, 1e-5))


@pytest.mark.parametrize("estimate", [geometric_mean, interquartile_mean])
def test_an_error_of_zero_counts_as_the_smallest_normal_number(estimate):
    tiny = np.finfo(np.float64).tiny
    assert estimate([0.0] * 5).value == pytest.approx(tiny)
    assert estimate([0.0, 1e-5, 1e-6, 1e-7]) == estimate([tiny, 1e-5, 1e-6, 1e-7])


def test_a_bound_beyond_float64_stays_finite():
    found = geometric_mean([0.0, 1e300])
    assert 0 < found.low < found.value < found.high < math.inf


@pytest.mark.parametrize("estimate", [geometric_mean, interquartile_mean])
@pytest.mark.parametrize(
    ("values", "message"),
    [([], "at least one"), ([[1.0]], "shape"), ([1.0, math.nan], "nan"), ([1.0, math.inf], "inf"), ([-1.0], "-1")],
)
def test_what_is_no_list_of_errors_is_refused(estimate, values, message):
    with pytest.raises(ValueError, match=message):
        estimate(values)


# The sign-flip test


@pytest.mark.parametrize("pairs", [1, 2, 5, 10, 20])
def test_differences_of_one_sign_reach_the_smallest_p_there_is(pairs):
    differences = np.linspace(0.3, 1.1, pairs)
    assert sign_flip_p(differences) == (2 / 2**pairs, True)
    assert sign_flip_p(-differences) == (2 / 2**pairs, True)


def test_a_p_value_worked_by_hand():
    # The mean of (1, 2, -4) is -1/3. Of |±1 ±2 ±4| = 7, 5, 3, 1, each twice, all are at least 1; of (1, 2, 4, -1),
    # the sum is 6: 16 sums, of which 8, 6 (twice, as the two ones may change places) and their opposites reach it.
    assert sign_flip_p([1.0, 2.0, -4.0]) == (1.0, True)
    assert sign_flip_p([1.0, 2.0, 4.0, -1.0]) == (6 / 16, True)


@pytest.mark.parametrize(
    "differences",
    [
        np.log10(TEN / OTHER_TEN),
        np.array([0.1, 0.2, 0.3, -0.3, 0.6, 0.1, 0.1]),  # ties that rounding would break
        np.array([0.4, 0.0, 0.0, -0.1, 0.7, 0.2]),
        np.array([5.0, -0.01, 0.02, -0.03, 0.04, 0.05, -0.06, 0.07, 0.08, 0.09, 0.1, 0.11]),
    ],
)
def test_exact_p_is_scipys(differences):
    independent = stats.permutation_test(
        (differences,),
        lambda sample, axis: np.abs(np.mean(sample, axis=axis)),
        permutation_type="samples",
        alternative="greater",
        n_resamples=np.inf,
    )
    assert sign_flip_p(differences) == (pytest.approx(independent.pvalue, abs=1e-12), True)


def test_exact_p_counts_ties_as_whole_numbers_do():
    whole = [1, 2, 3, -3, 6, 1, 1, -2]
    sums = [
        abs(sum(s * x for s, x in zip(signs, whole, strict=True))) for signs in itertools.product((1, -1), repeat=8)
    ]
    expected = sum(value >= abs(sum(whole)) for value in sums) / len(sums)
    for unit in (1.0, 0.1, 1e-9, math.pi):
        assert sign_flip_p(np.array(whole) * unit) == (expected, True)


def test_a_mean_of_zero_but_for_rounding_is_no_sign_of_anything():
    assert sign_flip_p([0.1, 0.2, -0.3]) == (1.0, True)
    assert sign_flip_p([0.1, 0.2, -0.3] * 10) == (1.0, False)
    assert sign_flip_p([0.0] * 4) == (1.0, True)


def test_random_signs_come_close_to_all_signs_at_twenty_pairs():
    random = np.random.default_rng(5)
    for shift in (0.0, 0.3, 0.6):
        differences = random.normal(shift, 1, 20)
        exact, is_exact = sign_flip_p(differences)
        seen = abs(differences.sum()) * (1 - 1e-12)
        drawn = significance._share_of_drawn(differences, seen, seed=0)
        assert is_exact
        assert drawn == pytest.approx(exact, abs=4 * math.sqrt(exact * (1 - exact) / significance.RESAMPLES) + 1e-5)


def test_random_signs_repeat_with_their_seed_and_never_give_zero():
    differences = np.random.default_rng(6).normal(0.2, 1, 21)
    first, exact = sign_flip_p(differences)
    assert not exact
    assert sign_flip_p(differences) == (first, False)
    assert sign_flip_p(differences, seed=1)[0] != first
    assert sign_flip_p(np.ones(60)) == (1 / 100_000, False)


@pytest.mark.parametrize("differences", [[], [0.1, math.nan], [[0.1, 0.2]]])
def test_what_is_no_list_of_differences_is_refused(differences):
    with pytest.raises(ValueError, match="finite differences"):
        sign_flip_p(differences)


@pytest.mark.parametrize("tails", ["normal", "t"])
def test_exact_p_is_uniform_on_its_steps_when_nothing_differs(tails):
    pairs, repeats, groups = 9, 4000, 16
    random = np.random.default_rng(17)
    draws = random.normal(size=(repeats, pairs)) if tails == "normal" else random.standard_t(3, (repeats, pairs))
    steps = np.array([sign_flip_p(row)[0] for row in draws]) * 2 ** (pairs - 1)  # 1, 2, ... 256, all as likely
    assert np.array_equal(steps, np.round(steps))
    counts = np.histogram(steps, bins=groups, range=(0.5, 2 ** (pairs - 1) + 0.5))[0]
    assert stats.chisquare(counts).pvalue > 0.001
    assert np.mean(steps <= 12) == pytest.approx(12 / 256, abs=4 * math.sqrt(0.05 * 0.95 / repeats))  # p <= 0.047


def test_drawn_p_is_uniform_when_nothing_differs():
    random = np.random.default_rng(18)
    found = [sign_flip_p(random.normal(size=25))[0] for _ in range(300)]
    assert stats.kstest(found, "uniform").pvalue > 0.001


# Holm's correction


def test_holm_worked_by_hand():
    # Sorted: 0.01 * 3 = 0.03, 0.03 * 2 = 0.06, 0.04 * 1 = 0.04, raised to the 0.06 before it.
    assert holm([0.04, 0.01, 0.03]) == pytest.approx([0.06, 0.03, 0.06])


def test_holm_decides_as_the_step_down_procedure_does():
    random = np.random.default_rng(2)
    for _ in range(50):
        p = random.beta(0.3, 3, 7)
        rejected = np.zeros(7, dtype=bool)
        for step, index in enumerate(np.argsort(p)):
            if p[index] > 0.05 / (7 - step):
                break
            rejected[index] = True
        assert np.array_equal(holm(p) <= 0.05, rejected)


def test_holm_at_the_edges():
    assert holm([]).shape == (0,)
    assert holm([0.2]).tolist() == [0.2]
    assert holm([0.5, 0.5, 1.0]).tolist() == [1.0, 1.0, 1.0]
    for unfit in ([1.2], [-0.1], [math.nan]):
        with pytest.raises(ValueError, match="between 0 and 1"):
            holm(unfit)


# Paired comparisons


def test_the_ratio_and_its_interval_are_those_of_the_paired_t_test():
    found = compare_paired(TEN, OTHER_TEN)
    independent = stats.ttest_rel(np.log10(TEN), np.log10(OTHER_TEN)).confidence_interval(0.95)
    assert found.pairs == 10
    assert found.ratio.value == pytest.approx(stats.gmean(TEN / OTHER_TEN))
    assert [found.ratio.low, found.ratio.high] == pytest.approx([10**independent.low, 10**independent.high])
    assert (found.p, found.exact) == sign_flip_p(np.log10(TEN / OTHER_TEN))


def test_the_probability_of_being_better_is_the_share_of_wins_with_the_exact_binomial_interval():
    found = compare_paired(TEN, OTHER_TEN).better
    wins = int(sum(TEN < OTHER_TEN))
    independent = stats.binomtest(wins, 10).proportion_ci(method="exact")
    assert wins == 7
    assert (found.value, found.low, found.high) == pytest.approx((0.7, independent.low, independent.high))


def test_all_wins_of_five_are_no_decision():
    found = compare_paired([1e-6] * 5, [1e-5, 2e-5, 3e-5, 4e-5, 5e-5])
    assert found.p == 2 / 2**5
    assert found.better.value == found.better.high == 1
    assert found.better.low == pytest.approx(0.025 ** (1 / 5))  # closed form: low^5 = 2.5%
    assert found.better.low < 0.5


def test_a_tie_is_half_a_win():
    found = compare_paired([1e-6, 1e-5, 1e-4, 0.0], [1e-5, 1e-5, 1e-5, 0.0])
    assert found.better.value == 0.5
    assert found.better.low + found.better.high == pytest.approx(1)
    one_tie = compare_paired([1e-6, 1e-5, 1e-4], [1e-5, 1e-5, 1e-3]).better
    assert one_tie.value == pytest.approx(2.5 / 3)
    two, three = (stats.binomtest(wins, 3).proportion_ci(method="exact") for wins in (2, 3))
    assert two.low < one_tie.low < three.low
    assert two.high < one_tie.high < three.high


@pytest.mark.parametrize("pairs", [5, 10, 25])
def test_changing_places_inverts_the_ratio_and_keeps_p(pairs):
    random = np.random.default_rng(pairs)
    a, b = 10 ** random.normal(-5, 1, pairs), 10 ** random.normal(-5.5, 1, pairs)
    one, other = compare_paired(a, b, comparisons=4), compare_paired(b, a, comparisons=4)
    assert other.ratio.value == pytest.approx(1 / one.ratio.value)
    assert (other.ratio.low, other.ratio.high) == pytest.approx((1 / one.ratio.high, 1 / one.ratio.low))
    assert other.better.value == pytest.approx(1 - one.better.value)
    assert (other.better.low, other.better.high) == pytest.approx((1 - one.better.high, 1 - one.better.low))
    assert (other.p, other.exact, other.needed) == (one.p, one.exact, one.needed)


def test_the_order_of_the_pairs_and_a_common_factor_change_nothing():
    order = np.random.default_rng(1).permutation(10)
    one, other = compare_paired(TEN, OTHER_TEN), compare_paired(1e3 * TEN[order], 1e3 * OTHER_TEN[order])
    assert other.ratio.value == pytest.approx(one.ratio.value)
    assert (other.p, other.better, other.needed) == (one.p, one.better, one.needed)


def test_a_single_pair_has_no_interval_and_decides_nothing():
    found = compare_paired([1e-6], [1e-5])
    assert found.ratio.value == pytest.approx(0.1)
    assert found.better.value == 1
    assert found.ratio.low is found.ratio.high is found.better.low is found.better.high is None
    assert (found.p, found.exact, found.needed) == (1.0, True, None)


@pytest.mark.parametrize("errors", [0.0, 1e-5])
def test_a_network_against_itself_is_no_different(errors):
    found = compare_paired([errors] * 8, [errors] * 8)
    assert (found.ratio.value, found.ratio.low, found.ratio.high) == (1, 1, 1)
    assert (found.p, found.better.value, found.needed) == (1, 0.5, None)


def test_a_constant_factor_is_certain_as_soon_as_the_test_can_say_so():
    found = compare_paired(0.3 * TEN, TEN)
    assert (found.ratio.low, found.ratio.high) == pytest.approx((0.3, 0.3))
    assert (found.p, found.needed) == (2 / 2**10, 6)


def test_what_makes_no_pairs_is_refused():
    with pytest.raises(ValueError, match="at least one"):
        compare_paired([], [])
    with pytest.raises(ValueError, match="3 and 2 do not make pairs"):
        compare_paired([1.0, 2.0, 3.0], [1.0, 2.0])
    with pytest.raises(ValueError, match="comparisons=0"):
        compare_paired([1.0], [1.0], comparisons=0)
    with pytest.raises(ValueError, match="nan"):
        compare_paired([1.0, math.nan], [1.0, 2.0])


# How many pairs would decide


def with_moments(mean, deviation, pairs=10):
    """Return two networks' errors, whose log10 differences have exactly this mean and standard deviation."""
    shape = np.random.default_rng(4).normal(size=pairs)
    differences = mean + deviation * (shape - shape.mean()) / shape.std(ddof=1)
    return 1e-5 * 10**differences, np.full(pairs, 1e-5)


@pytest.mark.parametrize(
    ("effect", "needed"),
    [(0.5, 34), (0.8, 15), (1.0, 10), (0.2, 199)],  # G*Power's tables: paired t test, two-sided, 0.05, 80%
)
def test_needed_pairs_are_those_of_published_tables(effect, needed):
    assert compare_paired(*with_moments(effect, 1)).needed == needed


@pytest.mark.parametrize(("effect", "comparisons"), [(0.9, 1), (-1.2, 6), (0.6, 12)])
def test_needed_pairs_have_the_power_in_a_simulation_and_one_pair_fewer_has_not(effect, comparisons):
    needed = compare_paired(*with_moments(effect, 1), comparisons=comparisons).needed
    repeats = 40_000
    random = np.random.default_rng(8)

    def power(pairs):
        p = stats.ttest_1samp(random.normal(effect, 1, (repeats, pairs)), 0, axis=1).pvalue
        return np.mean(p <= 0.05 / comparisons)

    error = 4 * math.sqrt(0.8 * 0.2 / repeats)
    assert power(needed) >= 0.8 - error
    assert power(needed - 1) < 0.8 + error
    assert power(needed // 2) < 0.6


@pytest.mark.parametrize(("comparisons", "needed"), [(1, 6), (2, 7), (3, 7), (4, 8), (12, 9), (100, 12)])
def test_even_a_clear_difference_needs_as_many_pairs_as_the_smallest_p_does(comparisons, needed):
    assert 2 / 2**needed * comparisons <= 0.05 < 2 / 2 ** (needed - 1) * comparisons
    assert compare_paired(*with_moments(50, 1), comparisons=comparisons).needed == needed


def test_what_ten_thousand_pairs_could_not_decide_has_no_number():
    assert compare_paired(*with_moments(0.03, 1)).needed == 8723
    assert compare_paired(*with_moments(0.02, 1)).needed is None
    assert compare_paired(*with_moments(0, 1)).needed is None


# The table of docs/statistics.md


def test_the_intervals_cover_a_known_ratio_as_often_as_they_should():
    path = Path(__file__).parents[1] / "scripts" / "coverage.py"
    spec = importlib.util.spec_from_file_location("coverage_script", path)
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    shares = script.coverage("normal", 5, repeats=300, seed=3)
    assert 0.91 <= shares["ratio, paired t"] <= 0.985
    assert 0.76 <= shares["ratio, BCa"] <= 0.9
    assert 0.84 <= shares["interquartile mean"] <= 0.95
    assert shares["probability of being better"] >= 0.94
