"""The lab's series, windows and order, held against plain NumPy."""

from functools import partial

import numpy as np
import pytest
import torch

from rnnlab.analysis.baselines import exact_recurrence, ladder
from rnnlab.data.batches import ShuffledBatches, epoch_order
from rnnlab.data.series import Grid, Series, sample
from rnnlab.data.signals import angular_frequency, cos, sin
from rnnlab.data.windows import cut_windows, split_windows

CLASSROOM = Grid(1000, 1000, 0.01, "float32")


@pytest.mark.parametrize(("signal", "independent"), [(sin, np.sin), (cos, np.cos)])
def test_classroom_series_is_the_labs_to_the_last_bit(signal, independent):
    train = independent(np.linspace(0, 1000 * 0.01, 1000, dtype=np.float32))
    test = independent(np.linspace(1000 * 0.01, 2000 * 0.01, 1000, dtype=np.float32))
    assert train.dtype == test.dtype == np.float32
    splits = split_windows(signal, signal, CLASSROOM, 10)
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
    windows = cut_windows(series, 6)
    assert len(windows) == 14
    assert windows.times[0] == 6
    assert windows.labels[0] == 60
    assert windows.inputs[0, :, 0].tolist() == [0, 10, 20, 30, 40, 50]


def test_windows_are_a_view_of_the_series():
    series = Series(np.arange(20.0), np.arange(20, dtype=np.float32))
    assert np.shares_memory(cut_windows(series, 6).inputs, series.values)


def test_a_window_needs_a_point_after_it():
    series = Series(np.arange(6.0), np.arange(6, dtype=np.float32))
    assert len(cut_windows(series, 5)) == 1
    with pytest.raises(ValueError, match="at least 7 points"):
        cut_windows(series, 6)


def test_validation_windows_share_no_label_with_training():
    splits = split_windows(sin, sin, CLASSROOM, 10, val_fraction=0.2)
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
    windows = split_windows(sin, sin, CLASSROOM, 10).train
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
    splits = split_windows(sin, sin, CLASSROOM, 10)
    found = ladder(splits.train, splits.test, angular_frequency(sin))
    assert found["persistence"] == pytest.approx(4.95e-5, rel=0.01)
    assert found["linear extrapolation"] == pytest.approx(5.07e-9, rel=0.01)
    assert found["least squares"] == pytest.approx(1.8e-13, rel=0.1)
    assert found["exact recurrence"] == pytest.approx(3.3e-13, rel=0.1)


def test_baselines_on_times_in_float64_reach_the_floor_of_float32_values():
    splits = split_windows(sin, sin, Grid(1000, 1000, 0.01, "float64"), 10)
    found = ladder(splits.train, splits.test, angular_frequency(partial(sin)))
    assert found["least squares"] == pytest.approx(3e-16, rel=0.2)
    assert found["exact recurrence"] == pytest.approx(1.4e-15, rel=0.2)


def test_the_exact_recurrence_is_for_sinusoids_of_any_frequency():
    grid = Grid(60, 50, 0.1, "float64")
    windows = cut_windows(sample(lambda times: 3 * np.cos(2.5 * times + 1), grid.test_times()), 2)
    assert np.allclose(exact_recurrence(windows, 2.5), windows.labels, atol=1e-6)
    assert not np.allclose(exact_recurrence(windows, 2.4), windows.labels, atol=1e-3)
    assert angular_frequency(lambda times: times) is None
    assert "exact recurrence" not in ladder(windows, windows)


def test_a_window_of_one_point_has_no_line_through_it():
    windows = cut_windows(sample(sin, np.arange(9.0)), 1)
    assert list(ladder(windows, windows, 1.0)) == ["persistence", "least squares"]
