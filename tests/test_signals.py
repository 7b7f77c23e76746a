"""Curves, held against independent formulas and integrations."""

import numpy as np
import pytest
from helpers import lab_config

from rnnlab.config import targets
from rnnlab.config.groups import Groups, conf_folder
from rnnlab.data import signals, systems
from rnnlab.data.signals import angular_frequency
from rnnlab.training.build import build_splits, series_to_test

GROUPS = Groups([str(conf_folder())])
FUNCTIONS = [option for option in GROUPS.options("function") if option != "csv"]
TIMES = np.linspace(0, 20, 2001)


def signal(option, **changes):
    return targets.factory("function", GROUPS.file("function", option).values | changes)


@pytest.mark.parametrize(
    ("option", "independent"),
    [
        ("sin", np.sin),
        ("cos", np.cos),
        ("sine_sum", lambda t: np.sin(t) + 0.5 * np.sin(2.3 * t) + 0.25 * np.sin(4.1 * t)),
        ("am_sine", lambda t: np.sin(4 * t) + 0.25 * (np.cos(3.4 * t) - np.cos(4.6 * t))),
        ("fm_sine", lambda t: np.imag(np.exp(1j * (3 * t + 2 * np.sin(0.6 * t))))),
        ("chirp", lambda t: np.imag(np.exp(1j * (t + 0.1 * t * t)))),
        ("damped", lambda t: np.real(np.exp((-0.05 + 2j) * t))),
        ("sawtooth", lambda t: t - 1 - 2 * np.floor(t / 2)),
        ("square", lambda t: 1 - 2 * (np.floor(t).astype(int) % 2)),
    ],
)
def test_formulas(option, independent):
    assert np.allclose(signal(option)(TIMES), independent(TIMES), atol=1e-9)


@pytest.mark.parametrize("option", FUNCTIONS)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_every_curve_is_a_pure_function_of_time(option, dtype):
    curve = signal(option)
    times = TIMES.astype(dtype)
    whole = curve(times)
    assert whole.dtype == dtype
    assert np.isfinite(whole).all()
    assert whole.std() > 0.1
    assert np.array_equal(curve(times[1000:]), whole[1000:])
    assert np.array_equal(curve(times[:500]), whole[:500])
    assert np.array_equal(signal(option)(times[::-1]), whole[::-1])


@pytest.mark.parametrize("option", FUNCTIONS)
def test_what_follows_the_test_stretch_belongs_to_the_same_curve(option):
    config = lab_config(function=GROUPS.file("function", option).values)
    config.data.noise = 0.01
    assert np.array_equal(series_to_test(config, more=300).values[:1000], series_to_test(config).values)


def test_sinusoids_know_their_frequency():
    assert angular_frequency(signals.sin) == 1
    assert angular_frequency(signal("cos", angular_frequency=2.5)) == 2.5
    assert angular_frequency(signal("damped")) is None
    assert angular_frequency(signal("damped", damping=0)) == 2
    assert angular_frequency(signal("sine_sum")) is None
    one = signal("sine_sum", amplitudes=[2], angular_frequencies=[3], phases=[0.1])
    assert angular_frequency(one) == 3
    assert np.allclose(one(TIMES), 2 * np.sin(3 * TIMES + 0.1))


def test_sums_of_sines_need_as_many_of_each():
    with pytest.raises(ValueError, match="equally many"):
        signal("sine_sum", amplitudes=[1, 2])(TIMES)


def test_mackey_glass_is_its_equations_solution():
    """Held against the method of steps: on each stretch of one delay an ordinary equation, integrated finely."""
    tau, substeps = 17.0, 1700
    step = tau / substeps
    past = np.full(2 * substeps + 1, 1.2)  # x at half steps over the last delay
    path = [1.2]
    for _ in range(12):
        now = [past[-1]]
        for k in range(substeps):
            made = 0.2 * past[2 * k : 2 * k + 3] / (1 + past[2 * k : 2 * k + 3] ** 10)
            x = now[-1]
            # On half steps too, so that the next stretch finds its midpoints.
            for part in (0, 1):
                early, late = made[part], made[part + 1]
                middle = (early + late) / 2
                k1 = early - 0.1 * x
                k2 = middle - 0.1 * (x + step / 4 * k1)
                k3 = middle - 0.1 * (x + step / 4 * k2)
                k4 = late - 0.1 * (x + step / 2 * k3)
                x += step / 2 * (k1 + 2 * k2 + 2 * k3 + k4) / 6
                now.append(x)
        past = np.array(now)
        path += now[2 * 100 :: 2 * 100]  # every unit of s
    found = systems.mackey_glass(np.arange(len(path), dtype=float), warmup=0.0, speed=1.0)
    assert len(path) > 200
    assert np.abs(found - path).max() < 1e-6


def test_mackey_glass_stays_in_its_known_range_and_rests_for_a_short_delay():
    values = systems.mackey_glass(np.arange(0, 50, 0.01))
    assert 0.2 < values.min() < 0.5
    assert 1.2 < values.max() < 1.4
    resting = systems.mackey_glass(np.arange(10.0), tau=2.0, warmup=3000.0)
    assert np.allclose(resting, 1, atol=1e-6)  # where 0.2 x / (1 + x^10) = 0.1 x
    with pytest.raises(ValueError, match="tau=0"):
        systems.mackey_glass(TIMES, tau=0)


def test_lorenz_obeys_its_equations():
    step = 2e-4
    times = np.arange(0, 5, step)
    x, y, z = (systems.lorenz(times, coordinate=coordinate) for coordinate in "xyz")
    slopes = [(curve[2:] - curve[:-2]) / (2 * step) for curve in (x, y, z)]
    x, y, z = x[1:-1], y[1:-1], z[1:-1]
    expected = [10 * (y - x), x * (28 - z) - y, x * y - 8 / 3 * z]
    for slope, right in zip(slopes, expected, strict=True):
        assert np.abs(slope - right).max() < 2e-3  # the third derivative, up to 2e5, times step^2 / 6
    with pytest.raises(ValueError, match="must be one of x, y, z"):
        systems.lorenz(TIMES, coordinate="w")


def test_a_path_begins_at_time_zero():
    with pytest.raises(ValueError, match="begins at time 0"):
        systems.lorenz(np.array([-1.0, 0.0]))


@pytest.mark.parametrize("spacing", [0.001, 0.01, 0.37, 1.0])
def test_a_random_walk_has_independent_steps_at_every_spacing(spacing):
    steps = np.diff(systems.random_walk(np.arange(40_000) * spacing, sigma=2.0))
    assert steps.mean() == pytest.approx(0, abs=4 * steps.std() / 200)
    assert steps.std() == pytest.approx(2 * np.sqrt(spacing), rel=0.02)
    assert abs(np.corrcoef(steps[1:], steps[:-1])[0, 1]) < 0.02
    assert abs(np.corrcoef(steps[1:] ** 2, steps[:-1] ** 2)[0, 1]) < 0.02
    assert np.mean(np.abs(steps) > 1.96 * steps.std()) == pytest.approx(0.05, abs=0.006)


def test_another_seed_is_another_walk_and_noise_does_not_depend_on_the_runs_seed():
    assert not np.array_equal(systems.random_walk(TIMES, seed=1), systems.random_walk(TIMES))
    config = lab_config()
    config.data.noise = 0.1
    first = build_splits(config).train.labels
    config.seed = 5
    assert np.array_equal(build_splits(config).train.labels, first)
    config.data.seed = 5
    assert not np.array_equal(build_splits(config).train.labels, first)
