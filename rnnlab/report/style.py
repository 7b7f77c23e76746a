"""How the figures look: colours, sizes, and files that are the same bytes every time."""

from __future__ import annotations

import functools
import io
import warnings
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal, ParamSpec, TypeVar

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_hex, to_rgb
from matplotlib.figure import Figure

from rnnlab.report.fonts import fit_fonts

P = ParamSpec("P")
T = TypeVar("T")

WIDTH = 7.2
"""Inches. A page shows it at about 700 pixels, where a point is a pixel and a third."""
DPI = 160
MOST_PIXELS = 30_000
"""Agg draws no more than 65,536 pixels in a row or column, and no one looks at half of that."""
TEXT, SMALL = 9.0, 8.0
"""Type sizes in points."""

INK, RUNG, FAINT = "#222222", "#555555", "#999999"
CELL_COLOURS = {
    "lstm": "#0072b2",
    "gru": "#d67f00",
    "rnn": "#009e73",
    "labgru": "#cc79a7",
    "peepholelstm": "#332288",
    "minlstm": "#661100",
    "mingru": "#8c510a",
    "lru": "#c03048",
    "mlp": "#604860",
    "linear": "#9000d8",
}
OTHER_COLOURS = ("#480048", "#181818")
"""Of the user's own cells. Blue, orange and green after Okabe and Ito (2008), the orange darker for white paper;
then four of Tol's and ColorBrewer's; the rest were searched for: they stay far from all others, and from each
other, for colour-blind readers."""

MARKERS = "osD^vPX*hp"
"""By depth, from 1 layer on."""
Dashes = Literal["-"] | tuple[float, Sequence[float]]
LINES: tuple[Dashes, ...] = (
    "-",
    (0, (4, 1.5)),
    (0, (1.2, 1.2)),
    (0, (5, 1.5, 1.2, 1.5)),
    (0, (8, 2)),
    (0, (2, 1, 1, 1, 1, 1)),
)

PARAMETERS: dict[Any, Any] = {
    "font.size": TEXT,
    "axes.titlesize": TEXT,
    "axes.labelsize": TEXT,
    "xtick.labelsize": SMALL,
    "ytick.labelsize": SMALL,
    "legend.fontsize": SMALL,
    "legend.frameon": False,
    "axes.edgecolor": FAINT,
    "axes.labelcolor": INK,
    "text.color": INK,
    "xtick.color": FAINT,
    "ytick.color": FAINT,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "text.parse_math": False,  # names may hold $
    "svg.fonttype": "none",  # text stays text: small, found by a search, and emoji are left to the reader's fonts
    "svg.hashsalt": "rnnlab",
}


PLAIN: dict[Any, Any] = {}
"""The style of the pictures of one run: matplotlib's own."""


@contextmanager
def own_style(parameters: Mapping[Any, Any] = PARAMETERS) -> Iterator[None]:
    """Draw with rnnlab's settings whatever the user's matplotlibrc says, and without a word on missing glyphs."""
    defaults = mpl.rcParamsDefault.items()
    settings: dict[Any, Any] = {key: value for key, value in defaults if not key.startswith("backend")}
    with mpl.rc_context({**settings, **parameters}), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing from", category=UserWarning)
        yield


def styled(draw: Callable[P, T]) -> Callable[P, T]:
    """Make a function draw in `own_style`."""

    @functools.wraps(draw)
    def drawn(*args: P.args, **kwargs: P.kwargs) -> T:
        with own_style():
            return draw(*args, **kwargs)

    return drawn


def plainly_styled(draw: Callable[P, T]) -> Callable[P, T]:
    """Make a function draw in the style of the pictures of one run."""

    @functools.wraps(draw)
    def drawn(*args: P.args, **kwargs: P.kwargs) -> T:
        with own_style(PLAIN):
            return draw(*args, **kwargs)

    return drawn


def colour(cell: str) -> str:
    """Return a cell's colour: a function of its name alone, so that it is the same in every figure."""
    name = cell.lower()
    chosen = zlib.crc32(name.encode("utf-8", "replace")) % len(OTHER_COLOURS)
    return CELL_COLOURS.get(name) or OTHER_COLOURS[chosen]


def shade(cell: str, position: float) -> str:
    """Return a shade of a cell's colour, from light (0) over the colour itself (0.5) to dark (1)."""
    towards, share = (1.0, 0.5 - position) if position < 0.5 else (0.0, position - 0.5)  # noqa: PLR2004
    red, green, blue = (part * (1 - 0.9 * share) + towards * 0.9 * share for part in to_rgb(colour(cell)))
    return to_hex((red, green, blue))


def marker(layers: int) -> str:
    """Return the marker of a depth."""
    return MARKERS[(layers - 1) % len(MARKERS)]


def new_figure(height: float, width: float = WIDTH) -> Figure:
    """Return an empty figure of a size in inches, without pyplot's global state."""
    figure = Figure(figsize=(width, height))
    FigureCanvasAgg(figure)
    return figure


def add_axes(figure: Figure, left: float, top: float, width: float, height: float) -> Axes:
    """Add axes whose place is given in inches from the figure's upper left corner."""
    across, down = figure.get_size_inches()
    axes = figure.add_axes((left / across, 1 - (top + height) / down, width / across, height / down))
    tidy(axes)
    return axes


def tidy(axes: Axes) -> None:
    """Leave what carries information: two spines and a faint grid."""
    axes.grid(color="#e4e4e4", linewidth=0.7)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)


def png_and_svg(figure: Figure) -> tuple[bytes, bytes]:
    """Return a figure as the bytes of a PNG and of an SVG file: the same for the same figure, in any process."""
    files = io.BytesIO(), io.BytesIO()
    dpi = min(DPI, MOST_PIXELS / max(figure.get_size_inches()))
    with own_style():
        fit_fonts(figure)
        figure.savefig(files[0], format="png", dpi=dpi, metadata={"Software": None})
        figure.savefig(files[1], format="svg", dpi=dpi, metadata={"Date": None, "Creator": None})
    return files[0].getvalue(), files[1].getvalue()


def save(figure: Figure, folder: Path, name: str) -> None:
    """Write ``<name>.png`` and ``<name>.svg`` to a folder, which is made if need be."""
    folder.mkdir(parents=True, exist_ok=True)
    for ending, content in zip(("png", "svg"), png_and_svg(figure), strict=True):
        (folder / f"{name}.{ending}").write_bytes(content)
