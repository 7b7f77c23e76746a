"""The lab's series, windows and order, held against plain NumPy."""

from functools import partial

import numpy as np
import pytest
import torch

from rnnlab.analysis.baselines import exact_recurrence, ladder, least_squares, linear_extrapolation, persistence
from rnnlab.data.batches import ShuffledBatches, epoch_order, to_tensors
from rnnlab.data.series import TESTING, TRAINING, Grid, Series, sample, with_noise
from rnnlab.data.signals import angular_frequency, cos, sin
from rnnlab.data.windows import Windows, split_windows

CLASSROOM = Grid(1000, 1000, 0.01, "float32")


def split(signal, grid, window, **options):
    return split_windows(sample(signal, grid.train_times()), sample(signal, grid.test_times()), window, **options)


@pytest.mark.parametrize(("signal", "independent"), [(sin, np.sin), (cos, np.cos)])
def test_classroom_series_is_the_labs_to_the_last_bit(signal, independent):
    train = independent(np.linspace(0, 1000 * 0.01, 1000, dtype=np.float32))
    test = independent(np.linspace(1000 * 0.01, 2000 * 0.01, 1000, dtype=np.float32))
    assert train.dtype == test.dtype == np.float32
    splits = split(signal, CLASSROOM, 10)
    for windows, series in ((splits.train, train), (splits.test, test)):
        rows = [series[start : start + 10] for start in range(990)]
        assert windows.inputs.shape == (990, 10, 1)
        assert np.array_equal(windows.inputs[..., 0], np.array(rows))
        assert np.array_equal(windows.labels, series[10:])


def test_times_in_float64_are_rounded_after_the_function():
    grid = Grid(50, 40, 0.3, "float64")
    series = sample(sin, grid.test_times())
    expected = np.sin(np.linspace(50 * 0.3, 90 * 0.3, 40)).astype(np.float32)
    assert series.values.dtype == np.float32
    assert np.array_equal(series.values, expected)


def test_labels_carry_the_time_of_the_point_after_the_window():
    series = Series(np.arange(20.0), np.arange(20, dtype=np.float32) * 10)
    windows = Windows(series, 6)
    assert len(windows) == 14
    assert windows.times[0] == 6
    assert windows.labels[0] == 60
    assert windows.inputs[0, :, 0].tolist() == [0, 10, 20, 30, 40, 50]


def test_windows_are_a_view_of_the_series():
    series = Series(np.arange(20.0), np.arange(20, dtype=np.float32))
    assert np.shares_memory(Windows(series, 6).inputs, series.values)


def test_batches_of_a_large_epoch_are_gathered_in_parts_and_stay_the_same(monkeypatch):
    windows = split(sin, CLASSROOM, 10).train

    def batches():
        made = ShuffledBatches(windows, 64, 3, torch.device("cpu"))
        return list(made)

    whole = batches()
    monkeypatch.setattr("rnnlab.data.batches.GATHERED_VALUES", 2000)
    parts = batches()
    assert [len(labels) for _, labels in parts] == [len(labels) for _, labels in whole]
    for left, right in zip(whole, parts, strict=True):
        assert torch.equal(left[0], right[0])
        assert torch.equal(left[1], right[1])


def test_tensors_of_windows_are_views_of_one_series():
    windows = Windows(Series(np.arange(20.0), np.arange(20, dtype=np.float32)), 6, 3, "all")
    inputs, labels = to_tensors(windows, torch.device("cpu"))
    assert inputs.untyped_storage().nbytes() == labels.untyped_storage().nbytes() == 20 * 4
    assert np.array_equal(inputs.numpy(), windows.inputs)
    assert np.array_equal(labels.numpy(), windows.labels)


def test_a_horizon_moves_the_label_and_its_time():
    series = Series(np.arange(20.0), np.arange(20, dtype=np.float32) * 10)
    windows = Windows(series, 6, horizon=4)
    assert len(windows) == len(windows.labels) == len(windows.inputs) == 11
    assert (windows.labels[0], windows.labels[-1]) == (90, 190)
    assert (windows.times[0], windows.times[-1]) == (9, 19)
    assert windows.inputs[-1, :, 0].tolist() == [100, 110, 120, 130, 140, 150]


def test_all_points_up_to_the_horizon_can_be_labels():
    series = Series(np.arange(20.0), np.arange(20, dtype=np.float32) * 10)
    windows = Windows(series, 6, 4, "all")
    assert windows.labels.shape == (11, 4)
    assert windows.labels[0].tolist() == [60, 70, 80, 90]
    assert windows.labels[-1].tolist() == [160, 170, 180, 190]
    assert windows.times[-1] == 19
    one = Windows(series, 6, 1, "all")
    assert np.array_equal(one.labels, Windows(series, 6).labels)


def test_without_endpoints_points_are_exactly_the_spacing_apart():
    grid = Grid(50, 40, 0.25, "float64", endpoint=False)
    times = np.concatenate([grid.train_times(), grid.test_times(more=7)])
    assert np.allclose(times, 0.25 * np.arange(97), atol=1e-12)


@pytest.mark.parametrize("endpoint", [True, False])
def test_more_points_go_on_after_the_test_stretch_and_leave_it_as_it_is(endpoint):
    grid = Grid(50, 40, 0.25, "float64", endpoint)
    test, longer = grid.test_times(), grid.test_times(more=9)
    assert np.array_equal(longer[:40], test)
    assert np.allclose(np.diff(longer), test[1] - test[0], atol=1e-12)


def test_noise_is_a_function_of_its_seed_and_stretch_and_longer_series_keep_it():
    series = sample(sin, np.linspace(0, 9, 500))
    noisy = with_noise(series, 0.1, 5, TESTING)
    assert np.array_equal(with_noise(series, 0.1, 5, TESTING).values, noisy.values)
    assert not np.array_equal(with_noise(series, 0.1, 6, TESTING).values, noisy.values)
    assert not np.array_equal(with_noise(series, 0.1, 5, TRAINING).values, noisy.values)
    assert np.array_equal(with_noise(series.part(0, 300), 0.1, 5, TESTING).values, noisy.values[:300])
    assert (noisy.values - series.values).std() == pytest.approx(0.1, rel=0.1)
    assert np.array_equal(noisy.noise_free, series.values)
    assert with_noise(series, 0.0, 5, TESTING) is series


def test_the_ladder_ends_at_the_noise_floor():
    train, test = (with_noise(sample(sin, CLASSROOM.train_times()), 0.1, 0, stretch) for stretch in (0, 1))
    found = ladder(Windows(train, 10), Windows(test, 10), 1.0)
    assert list(found)[-1] == "noise floor"
    assert found["noise floor"] == pytest.approx(0.01, rel=0.1)
    assert found["noise floor"] < min(value for name, value in found.items() if name != "noise floor")


def test_a_window_needs_a_point_after_it():
    series = Series(np.arange(6.0), np.arange(6, dtype=np.float32))
    assert len(Windows(series, 5)) == 1
    with pytest.raises(ValueError, match="at least 7 points"):
        Windows(series, 6)


def test_validation_windows_share_no_label_with_training():
    splits = split(sin, CLASSROOM, 10, val_fraction=0.2)
    assert len(splits.train) == 790
    assert len(splits.val) == 190
    assert splits.train.times[-1] < splits.val.times[0]
    assert splits.val.inputs[0, 0, 0] == sample(sin, CLASSROOM.train_times()).values[800]


def test_a_signal_that_is_not_finite_is_refused():
    with pytest.raises(ValueError, match="not finite"):
        sample(lambda times: np.where(times > 2, np.inf, times), np.arange(4.0))


def test_order_depends_on_seed_and_epoch_alone():
    first = epoch_order(97, seed=3, epoch=5)
    torch.manual_seed(0)
    np.random.seed(0)  # noqa: NPY002 - the global state is the point
    assert torch.equal(first, epoch_order(97, seed=3, epoch=5))
    assert not torch.equal(first, epoch_order(97, seed=3, epoch=6))
    assert not torch.equal(first, epoch_order(97, seed=4, epoch=5))
    assert sorted(first.tolist()) == list(range(97))


def test_batches_hold_every_window_once_and_the_last_is_smaller():
    windows = split(sin, CLASSROOM, 10).train
    batches = ShuffledBatches(windows, 64, 0, torch.device("cpu"))
    batches.set_epoch(2)
    seen = list(batches)
    assert len(batches) == len(seen) == 16
    assert [len(labels) for _, labels in seen] == [64] * 15 + [30]
    labels = torch.cat([labels for _, labels in seen])
    assert np.array_equal(np.sort(labels.numpy()), np.sort(windows.labels))
    order = epoch_order(990, 0, 2)
    assert torch.equal(torch.cat([inputs for inputs, _ in seen]), torch.from_numpy(windows.inputs.copy())[order])


def test_baselines_reach_what_is_known_of_the_labs_grid():
    splits = split(sin, CLASSROOM, 10)
    found = ladder(splits.train, splits.test, angular_frequency(sin))
    assert found["persistence"] == pytest.approx(4.95e-5, rel=0.01)
    assert found["linear extrapolation"] == pytest.approx(5.07e-9, rel=0.01)
    assert found["least squares"] == pytest.approx(1.8e-13, rel=0.1)
    assert found["exact recurrence"] == pytest.approx(3.3e-13, rel=0.1)


def test_baselines_on_times_in_float64_reach_the_floor_of_float32_values():
    splits = split(sin, Grid(1000, 1000, 0.01, "float64"), 10)
    found = ladder(splits.train, splits.test, angular_frequency(partial(sin)))
    assert found["least squares"] == pytest.approx(3e-16, rel=0.2)
    assert found["exact recurrence"] == pytest.approx(1.4e-15, rel=0.2)


def test_the_exact_recurrence_is_for_sinusoids_of_any_frequency():
    grid = Grid(60, 50, 0.1, "float64")
    windows = Windows(sample(lambda times: 3 * np.cos(2.5 * times + 1), grid.test_times()), 2)
    assert np.allclose(exact_recurrence(windows, 2.5), windows.labels, atol=1e-6)
    assert not np.allclose(exact_recurrence(windows, 2.4), windows.labels, atol=1e-3)
    assert angular_frequency(lambda times: times) is None
    assert "exact recurrence" not in ladder(windows, windows)


@pytest.mark.parametrize("horizon", [1, 2, 7])
def test_baselines_follow_the_horizon(horizon):
    grid = Grid(300, 200, 0.05, "float64")
    series = sample(lambda times: 2 * np.sin(1.5 * times + 0.3), grid.test_times())
    windows = Windows(series, 4, horizon)
    now, truth = series.values[3:-horizon], series.values[3 + horizon :]
    before = series.values[2 : -horizon - 1]
    assert np.array_equal(windows.labels, truth)
    assert np.array_equal(persistence(windows, horizon), now)
    assert np.allclose(linear_extrapolation(windows, horizon), now + horizon * (now - before), atol=1e-6)
    assert np.abs(exact_recurrence(windows, 1.5, horizon) - truth).max() < 1e-5
    assert np.abs(least_squares(windows, windows, horizon) - truth).max() < 1e-5


def test_where_all_points_are_predicted_the_ladder_is_their_mean():
    grid = Grid(300, 200, 0.05, "float64")
    train, test = sample(sin, grid.train_times()), sample(sin, grid.test_times())
    found = ladder(Windows(train, 4, 3, "all"), Windows(test, 4, 3, "all"), 1.0)
    # The same windows, one horizon after the other.
    single = []
    for ahead in (1, 2, 3):
        cut = (test.part(0, 200 - 3 + ahead), 4, ahead)
        single.append(ladder(Windows(train.part(0, 300 - 3 + ahead), 4, ahead), Windows(*cut), 1.0))
    for name, value in found.items():
        assert value == pytest.approx(np.mean([one[name] for one in single]), rel=1e-3), name


def test_least_squares_in_parts_are_the_least_squares(monkeypatch):
    rng = np.random.default_rng(0)
    series = Series(np.arange(500.0), rng.normal(size=500).astype(np.float32))
    windows = Windows(series, 6)
    inputs = windows.inputs[..., 0].astype(np.float64)
    weights, *_ = np.linalg.lstsq(inputs, windows.labels.astype(np.float64), rcond=None)
    monkeypatch.setattr("rnnlab.analysis.baselines.ROWS_AT_ONCE", 64)
    assert np.allclose(least_squares(windows, windows), inputs @ weights, atol=1e-12)


def test_a_window_of_one_point_has_no_line_through_it():
    windows = Windows(sample(sin, np.arange(9.0)), 1)
    assert list(ladder(windows, windows, 1.0)) == ["persistence", "least squares"]
