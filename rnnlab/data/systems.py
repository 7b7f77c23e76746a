"""Curves that are the path of a system: integrated or drawn from a start, and still pure functions of the time.

A path always begins at the same state with the same steps, so that the training stretch, the test stretch and
whatever follows are parts of one path, whoever asks for which of them first.
"""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.floating]

LEVELS = 24
"""The random walk is a walk down to steps of 2^-24 of a unit of time, and straight below."""


def mackey_glass(
    times: Values,
    *,
    tau: float = 17.0,
    beta: float = 0.2,
    gamma: float = 0.1,
    exponent: float = 10.0,
    start: float = 1.2,
    warmup: float = 1000.0,
    speed: float = 100.0,
) -> Values:
    """Return the Mackey-Glass equation's solution ``x' = beta x(s - tau) / (1 + x(s - tau)^exponent) - gamma x``.

    Fourth-order Runge-Kutta with about ten steps to a unit of s, between them cubic Hermite interpolation.

    Args:
        times: from 0 on.
        tau: the delay; 17 is mildly chaotic, 30 strongly, and below about 4.5 the curve comes to rest.
        beta: how strongly is produced.
        gamma: how fast it decays.
        exponent: how sharply production falls off.
        start: x for all s up to 0.
        warmup: time s that passes before ``times`` begins at 0; it is discarded.
        speed: time s that passes in one unit of ``times``.

    Raises:
        ValueError: the delay is not positive.

    Source: Mackey and Glass 1977, equation 4b; start and warm-up as is usual since Jaeger 2001.
    """
    if tau <= 0:
        raise ValueError(f"tau={tau} must be greater than 0")
    per_delay = max(1, round(tau * 10))
    step = tau / per_delay
    at = _positions(times, warmup, speed, step)
    values, slopes = _mackey_glass_path(
        _steps(at), per_delay=per_delay, step=step, beta=beta, gamma=gamma, exponent=exponent, start=start
    )
    return _hermite(values, slopes, step, at).astype(times.dtype)


def lorenz(
    times: Values,
    *,
    sigma: float = 10.0,
    rho: float = 28.0,
    beta: float = 8 / 3,
    coordinate: str = "x",
    warmup: float = 30.0,
    speed: float = 1.0,
    scale: float = 1.0,
) -> Values:
    """Return one coordinate of ``x' = sigma (y - x), y' = x (rho - z) - y, z' = x y - beta z``.

    Fourth-order Runge-Kutta with 500 steps to a unit of s from (1, 1, 1), between them Hermite interpolation.

    Args:
        times: from 0 on.
        sigma: Prandtl number.
        rho: Rayleigh number over its critical value.
        beta: a geometric factor.
        coordinate: x, y or z.
        warmup: time s that passes before ``times`` begins at 0; it is discarded.
        speed: time s that passes in one unit of ``times``.
        scale: what the coordinate is multiplied by.

    Raises:
        ValueError: there is no such coordinate.

    Source: Lorenz 1963, equations 25 to 27.
    """
    if coordinate not in ("x", "y", "z"):
        raise ValueError(f"coordinate={coordinate} must be one of x, y, z")
    step = 0.002
    at = _positions(times, warmup, speed, step)
    values, slopes = _lorenz_path(_steps(at), step=step, sigma=sigma, rho=rho, beta=beta)
    column = "xyz".index(coordinate)
    return (scale * _hermite(values[:, column], slopes[:, column], step, at)).astype(times.dtype)


def random_walk(times: Values, sigma: float = 1.0, seed: int = 0) -> Values:
    """Return Brownian motion: what comes next is the last value plus noise, and nobody can know more.

    At whole times it is the sum of normal numbers; between them Levy's construction halves the intervals, each
    midpoint the mean of its ends plus a normal number that depends on the seed and the place alone.

    Args:
        times: from 0 on.
        sigma: standard deviation of the change in one unit of time; over a time d it is ``sigma sqrt(d)``.
        seed: which path.

    Source: Levy 1948; Karatzas and Shreve 1991, section 2.3.
    """
    whole = np.floor(times.astype(np.float64))
    inside = times.astype(np.float64) - whole
    steps = np.random.default_rng(seed).normal(size=int(whole.max()) + 1)
    left = np.concatenate([[0.0], np.cumsum(steps)])[whole.astype(int)]
    right = left + steps[whole.astype(int)]
    index = np.zeros(len(times), dtype=np.uint64)
    deviation = 0.5
    for level in range(LEVELS):
        normal = _normal(seed, level, whole.astype(np.uint64), index)
        middle = (left + right) / 2 + deviation * normal
        later = inside >= 0.5  # noqa: PLR2004 - half of the interval
        left, right = np.where(later, middle, left), np.where(later, right, middle)
        index = 2 * index + later
        inside = 2 * inside - later
        deviation /= math.sqrt(2)
    return (sigma * (left + inside * (right - left))).astype(times.dtype)


def _positions(times: Values, warmup: float, speed: float, step: float) -> NDArray[np.float64]:
    """Return the times in steps of the integration since its start.

    Raises:
        ValueError: a time lies before 0.
    """
    if len(times) and times.min() < 0:
        raise ValueError("the path begins at time 0")
    return (warmup + speed * times.astype(np.float64)) / step


def _steps(at: NDArray[np.float64]) -> int:
    """Return how many steps are needed, rounded up so that stretches of the same path share one computation."""
    return 1 << math.ceil(math.log2(at.max() + 2))


@lru_cache(maxsize=4)
def _mackey_glass_path(
    steps: int, *, per_delay: int, step: float, beta: float, gamma: float, exponent: float, start: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return values and slopes at 0, 1, ... steps."""

    def production(delayed: float) -> float:
        return beta * delayed / (1 + delayed**exponent)

    past = [start] * (per_delay + 1)  # x at -tau, ..., 0
    made = [production(start)] * (per_delay + 1)
    slopes = [made[0] - gamma * start]
    x = start
    for number in range(steps):
        first, last = made[number], made[number + 1]
        # Half a step on, the delayed value is interpolated: a Hermite cubic keeps the order of the method.
        moving = number >= per_delay
        earlier, later = slopes[number - per_delay : number - per_delay + 2] if moving else (0.0, 0.0)
        between = (past[number] + past[number + 1]) / 2 + step * (earlier - later) / 8
        middle = production(between)
        k1 = first - gamma * x
        k2 = middle - gamma * (x + step * k1 / 2)
        k3 = middle - gamma * (x + step * k2 / 2)
        k4 = last - gamma * (x + step * k3)
        x += step * (k1 + 2 * k2 + 2 * k3 + k4) / 6
        past.append(x)
        made.append(production(x))
        slopes.append(last - gamma * x)
    return np.array(past[per_delay:]), np.array(slopes)


@lru_cache(maxsize=4)
def _lorenz_path(
    steps: int, *, step: float, sigma: float, rho: float, beta: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return states and slopes, both of shape (steps + 1, 3)."""

    def slope(x: float, y: float, z: float) -> tuple[float, float, float]:
        return sigma * (y - x), x * (rho - z) - y, x * y - beta * z

    state = (1.0, 1.0, 1.0)
    states, slopes = [state], [slope(*state)]
    for _ in range(steps):
        x, y, z = state
        a = slopes[-1]
        b = slope(x + step * a[0] / 2, y + step * a[1] / 2, z + step * a[2] / 2)
        c = slope(x + step * b[0] / 2, y + step * b[1] / 2, z + step * b[2] / 2)
        d = slope(x + step * c[0], y + step * c[1], z + step * c[2])
        state = (
            x + step * (a[0] + 2 * b[0] + 2 * c[0] + d[0]) / 6,
            y + step * (a[1] + 2 * b[1] + 2 * c[1] + d[1]) / 6,
            z + step * (a[2] + 2 * b[2] + 2 * c[2] + d[2]) / 6,
        )
        states.append(state)
        slopes.append(slope(*state))
    return np.array(states), np.array(slopes)


def _hermite(
    values: NDArray[np.float64], slopes: NDArray[np.float64], step: float, at: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return the cubic through values and slopes at the steps around each position."""
    left = np.floor(at).astype(int)
    s = at - left
    y0, y1 = values[left], values[left + 1]
    m0, m1 = step * slopes[left], step * slopes[left + 1]
    return y0 + s * (m0 + s * (3 * (y1 - y0) - 2 * m0 - m1 + s * (2 * (y0 - y1) + m0 + m1)))


def _normal(seed: int, level: int, whole: NDArray[np.uint64], index: NDArray[np.uint64]) -> NDArray[np.float64]:
    """Return normal numbers that depend on the arguments alone (SplitMix64, then Box and Muller 1958)."""
    key = _mixed(_mixed(_mixed(np.uint64(seed) + whole) ^ np.uint64(level)) ^ index)
    first = ((key >> np.uint64(11)) + np.uint64(1)).astype(np.float64) / 2.0**53
    second = (_mixed(key) >> np.uint64(11)).astype(np.float64) / 2.0**53
    return np.sqrt(-2 * np.log(first)) * np.cos(2 * np.pi * second)


def _mixed(key: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Return SplitMix64's next output for each state (Steele, Lea and Flood 2014)."""
    with np.errstate(over="ignore"):
        key = key + np.uint64(0x9E3779B97F4A7C15)
        key = (key ^ (key >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        key = (key ^ (key >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return key ^ (key >> np.uint64(31))
