"""The curves that are a formula: each maps an array of times to an array of values, both of shape (n,).

A new one is a function here (or in a module of your own) and a YAML file in ``conf/function``. It is a pure
function of the times, in whatever order and number they come, and computes in their precision. Curves that have
to be integrated are in `rnnlab.data.systems`.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np
from numpy.typing import NDArray

from rnnlab.data.series import Signal

Values = NDArray[np.floating]


def sin(times: Values, amplitude: float = 1.0, angular_frequency: float = 1.0, phase: float = 0.0) -> Values:
    """Return a sine, its frequency in radians per unit of time and its phase in radians."""
    return amplitude * np.sin(angular_frequency * times + phase)


def cos(times: Values, amplitude: float = 1.0, angular_frequency: float = 1.0, phase: float = 0.0) -> Values:
    """Return a cosine, its frequency in radians per unit of time and its phase in radians."""
    return amplitude * np.cos(angular_frequency * times + phase)


def sine_sum(
    times: Values,
    amplitudes: Sequence[float] = (1.0, 0.5, 0.25),
    angular_frequencies: Sequence[float] = (1.0, 2.3, 4.1),
    phases: Sequence[float] = (0.0, 0.0, 0.0),
) -> Values:
    """Return ``sum_k amplitudes[k] * sin(angular_frequencies[k] * t + phases[k])``.

    Raises:
        ValueError: the three are not equally many.
    """
    if not len(amplitudes) == len(angular_frequencies) == len(phases) > 0:
        raise ValueError("amplitudes, angular_frequencies and phases must be equally many, one for each sine")
    values = np.zeros_like(times)
    for amplitude, frequency, phase in zip(amplitudes, angular_frequencies, phases, strict=True):
        values += sin(times, amplitude, frequency, phase)
    return values


def am_sine(times: Values, carrier: float = 4.0, modulation: float = 0.6, depth: float = 0.5) -> Values:
    """Return ``(1 + depth sin(modulation t)) sin(carrier t)``: amplitude modulation, frequencies in radians."""
    return (1 + depth * np.sin(modulation * times)) * np.sin(carrier * times)


def fm_sine(times: Values, carrier: float = 3.0, modulation: float = 0.6, index: float = 2.0) -> Values:
    """Return ``sin(carrier t + index sin(modulation t))``: frequency modulation (Chowning 1973, equation 1)."""
    return np.sin(carrier * times + index * np.sin(modulation * times))


def chirp(times: Values, start: float = 1.0, rate: float = 0.2) -> Values:
    """Return ``sin(start t + rate t^2 / 2)``: a sine whose angular frequency ``start + rate t`` grows linearly."""
    return np.sin(start * times + rate * times**2 / 2)


def damped(times: Values, angular_frequency: float = 2.0, damping: float = 0.05) -> Values:
    """Return ``exp(-damping t) cos(angular_frequency t)``: an oscillator with friction that was let go at 1."""
    return np.exp(-damping * times) * np.cos(angular_frequency * times)


def square(times: Values, period: float = 2.0, duty: float = 0.5) -> Values:
    """Return 1 in the first part ``duty`` of each period and -1 in the rest."""
    return np.where((times / period) % 1 < duty, 1.0, -1.0).astype(times.dtype)


def sawtooth(times: Values, period: float = 2.0) -> Values:
    """Return a line that rises from -1 to 1 in each period and falls back at its end."""
    return 2 * ((times / period) % 1) - 1


def angular_frequency(signal: Signal) -> float | None:
    """Return the radians per unit of time of a curve that is a sinusoid, else None."""
    function, given = (signal.func, signal.keywords) if isinstance(signal, partial) else (signal, {})
    if function in (sin, cos):
        return float(given.get("angular_frequency", 1.0))
    if function is sine_sum and len(given.get("angular_frequencies", ())) == 1:
        return float(given["angular_frequencies"][0])
    if function is damped and given.get("damping") == 0:
        return float(given.get("angular_frequency", 2.0))
    return None
