"""What the figures of a network's inside are drawn from. matplotlib is not needed to make one.

Networks that are shown side by side have one entry each, in the same order everywhere; ``label`` is a run's name.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating]


@dataclass(frozen=True)
class Row:
    """One gate, candidate or state of one layer.

    Attributes:
        symbol: as in the equations: ``f`` for f_t.
        name: in words: forget gate.
        is_gate: whether it lies between 0 and 1; else it has a sign.
        values: shape (units, steps), the units in the order that they are shown in.
    """

    symbol: str
    name: str
    is_gate: bool
    values: Floats


@dataclass(frozen=True)
class Film:
    """What goes on in one network while it reads one window.

    Attributes:
        label: the network.
        cell: decides the colour.
        window: the number of the window among the test windows, from 0.
        place: why this one, in words: at a peak.
        horizon: how many steps after the window's last point the predicted one lies.
        times: shape (window,), of the points that go in.
        values: shape (window,), the points that go in.
        truth, prediction: of the point that is predicted.
        layers: for each layer its rows, in the order of the equations; the hidden state comes last. All have the
            same number of steps, the window's last ones: one less than its points where steps are differences.
    """

    label: str
    cell: str
    window: int
    place: str
    horizon: int
    times: Floats
    values: Floats
    truth: float
    prediction: float
    layers: Sequence[Sequence[Row]]


@dataclass(frozen=True)
class Saturation:
    """How often the gates of one network are closed or open, over all test windows, steps and units.

    Attributes:
        label: the network.
        shares: by layer from 1 and by the gate's name, the share below 0.1 and the share above 0.9.
    """

    label: str
    shares: Mapping[tuple[int, str], tuple[float, float]]


@dataclass(frozen=True)
class Dependence:
    """The derivative of one network's output by each value of the window.

    Attributes:
        label: the network.
        cell: decides the colour.
        mean: shape (window,), over the test windows, the oldest value first.
        deviation: shape (window,), the standard deviation over them.
        exact: shape (window,), of the exact recurrence, or None where there is none.
        seen: shape (window,), the part of ``mean`` that the data can tell: its projection on the plane that the
            windows of a sinusoid of this frequency span. None where there is none.
        exact_seen: shape (window,), the same part of ``exact``.
        apart: the length of the difference of ``seen`` and ``exact_seen`` over the length of the latter.
        noisy: whether the windows hold noise: the plane is that of the curve without it, and the data tell more.
    """

    label: str
    cell: str
    mean: Floats
    deviation: Floats
    exact: Floats | None = None
    seen: Floats | None = None
    exact_seen: Floats | None = None
    apart: float | None = None
    noisy: bool = False


@dataclass(frozen=True)
class Reach:
    """How far the memory of one network reaches.

    Attributes:
        label: the network; of one that was not trained: ``LSTM, untrained``.
        cell: decides the colour.
        trained: whether it was.
        window: steps that it was trained to look back.
        lags: shape (n,), T - t in steps, from 0.
        norms: by layer from 1, the spectral norm of dh_T/dh_t, shape (n,); geometric means over some windows.
        cell_norms: the same of dh_T/dC_t for cells that have a cell state; else empty.
    """

    label: str
    cell: str
    trained: bool
    window: int
    lags: NDArray[np.integer]
    norms: Mapping[int, Floats]
    cell_norms: Mapping[int, Floats]


@dataclass(frozen=True)
class Loop:
    """One network's closed loop: its eigenvalues, linearised, and what was measured of it.

    Attributes:
        label: the network.
        cell: decides the colour.
        of_mean: shape (window,), complex: of the Jacobian made of the mean derivative.
        by_window: shape (n, window), complex: of the Jacobians at some windows.
        exact: shape (window,), complex: of the exact recurrence, or None where there is none with a pair.
        points: how many points a turn of the loop predicts: one, or all up to the horizon.
        period: steps of a whole turn of the curve where it is a sinusoid, else None.
        measured: of the network's rollout what `rnnlab.analysis.rollout.Rollout.measures` returns, and besides the
            ``amplitude``, half of what the tested curve spans or 0, ``largest_absolute_error``, and, where there is
            an amplitude, ``extent``: the largest distance from the middle of that span in the second half of the
            steps, in amplitudes. None where nothing was measured.
        linear: the same of the loop that has the mean derivative at each turn, from the same window; and, where it
            comes to rest, ``rest``: how far from the middle, in amplitudes.
        swings: whether the tested curve goes up and down, so that half of its span is an amplitude.
    """

    label: str
    cell: str
    of_mean: NDArray[np.complexfloating]
    by_window: NDArray[np.complexfloating]
    exact: NDArray[np.complexfloating] | None = None
    points: int = 1
    period: int | None = None
    measured: Mapping[str, float] | None = None
    linear: Mapping[str, float] | None = None
    swings: bool = False


@dataclass(frozen=True)
class Snapshot:
    """One network after an epoch.

    Attributes:
        epoch: counted from 1; or the best one's, which is what the other figures show.
        dependence: its derivatives then.
        prediction: shape (n,), for the windows that are shown: the first of several outputs.
        mse: of all outputs for all test windows.
    """

    epoch: int
    dependence: Dependence
    prediction: Floats
    mse: float


@dataclass(frozen=True)
class Growth:
    """How one network got to where it is.

    Attributes:
        label: the network.
        cell: decides the colour.
        times: shape (n,), of the points that are predicted: the first of several.
        truth: shape (n,).
        snapshots: in the order of the epochs.
        diverged: epochs after which the network computed no finite numbers.
    """

    label: str
    cell: str
    times: Floats
    truth: Floats
    snapshots: Sequence[Snapshot]
    diverged: Sequence[int] = ()


@dataclass(frozen=True)
class Inside:
    """All that is shown of networks.

    Attributes:
        films: window by window, and of each the networks in their order.
        saturations: of each network.
        dependences: of each network.
        loops: of those that predict the next point.
        reaches: of those whose hidden states can be seen, then of untrained ones.
        growths: of those whose runs kept snapshots.
    """

    films: Sequence[Film]
    saturations: Sequence[Saturation]
    dependences: Sequence[Dependence]
    loops: Sequence[Loop]
    reaches: Sequence[Reach]
    growths: Sequence[Growth]
