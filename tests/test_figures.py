"""The figures of a study: complete, legible, and the same bytes every time."""

import hashlib
import itertools
import os
import subprocess
import sys
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from helpers import environment
from matplotlib.colors import to_hex
from PIL import Image

from rnnlab.report import study_figures as draw
from rnnlab.report.layout import above_lines, spread
from rnnlab.report.run_figures import draw_predictions
from rnnlab.report.shapes import Cost, Curves, Dots, Track
from rnnlab.report.style import CELL_COLOURS, OTHER_COLOURS, colour, own_style, png_and_svg, save

LADDER = {
    "persistence": 4.95e-5,
    "linear extrapolation": 5.07e-9,
    "least squares": 1.8e-13,
    "exact recurrence": 3.3e-13,
}
ODD = "$x_1$ <b>&amp;</b> \\frac _a 🎉"


def groups_of(kind, cells=("lstm", "gru"), depths=(1, 3), seeds=5, label="{cell}, {layers} layers"):
    random = np.random.default_rng(1)
    found = []
    for cell, layers in itertools.product(cells, depths):
        facets = (label.format(cell=cell, layers=layers), cell, layers)
        values = 10 ** random.normal(-5, 0.6, seeds)
        times = np.linspace(10, 20, 200)
        if kind is Dots:
            mean = float(np.exp(np.log(values).mean())) if seeds else None
            bounds = (mean / 2, mean * 2) if seeds > 1 else (None, None)
            found.append(Dots(*facets, values, mean, *bounds))
        elif kind is Curves:
            found.append(Curves(*facets, np.arange(7), 10 ** random.normal(-3, 1, (seeds, 7))))
        elif kind is Track:
            found.append(Track(*facets, times, np.sin(times), np.sin(times) + 1e-3 * np.cos(3 * times)))
        else:
            found.append(Cost(*facets, random.uniform(1, 9, seeds), 1000 * layers, values))
    return found


FIGURES = {
    "distribution": (Dots, lambda groups: draw.distribution(groups, LADDER)),
    "depth": (Dots, lambda groups: draw.depth(groups, LADDER)),
    "loss_curves": (Curves, draw.loss_curves),
    "tracks": (Track, draw.tracks),
    "zooms": (Track, draw.zooms),
    "residuals": (Track, draw.residuals),
    "time": (Cost, draw.time),
    "parameters": (Cost, draw.parameters),
}


def drawn(name, **options):
    kind, function = FIGURES[name]
    return function(groups_of(kind, **options))


def dots_in(figure):
    return [found for axes in figure.axes for found in axes.collections if found.get_gid() == "seeds"]


def boxes(figure, gid):
    with own_style():
        figure.canvas.draw()
    return [text.get_window_extent() for axes in figure.axes for text in axes.texts if text.get_gid() == gid]


def digests():
    return {name: [hashlib.sha256(file).hexdigest() for file in png_and_svg(drawn(name))] for name in FIGURES}


def test_figures_are_the_same_bytes_in_processes_with_different_hash_seeds():
    code = "import sys; sys.path.insert(0, sys.argv[1]); import test_figures; print(test_figures.digests())"
    words = [sys.executable, "-c", code, os.path.dirname(__file__)]  # noqa: PTH120
    made = {
        subprocess.run(
            words, env=environment() | {"PYTHONHASHSEED": seed}, capture_output=True, text=True, check=True
        ).stdout
        for seed in ("1", "2")
    }
    assert made == {f"{digests()}\n"}


def test_dots_that_are_too_many_for_a_vector_file_are_the_same_bytes_and_keep_it_small():
    first, second = (png_and_svg(drawn("distribution", seeds=1500)) for _ in range(2))
    assert first == second
    assert len(first[1]) < 1_000_000


def test_saving_writes_a_png_and_an_svg_without_date_or_software(tmp_path):
    save(drawn("time"), tmp_path / "made", "time")
    assert sorted(path.name for path in tmp_path.glob("made/*")) == ["time.png", "time.svg"]
    assert "Software" not in Image.open(tmp_path / "made" / "time.png").info
    assert "date" not in (tmp_path / "made" / "time.svg").read_text(encoding="utf-8")


@pytest.mark.parametrize("seeds", [1, 5, 500])
@pytest.mark.parametrize("name", ["distribution", "depth", "time", "parameters"])
def test_every_seed_is_drawn(name, seeds):
    drawn_dots = dots_in(drawn(name, seeds=seeds))
    assert [len(one.get_offsets()) for one in drawn_dots] == [seeds] * 4


def test_dots_stand_at_their_test_mse():
    groups = groups_of(Dots)
    for group, found in zip(groups, dots_in(draw.distribution(groups, LADDER)), strict=True):
        assert sorted(found.get_offsets()[:, 0]) == pytest.approx(sorted(group.values))


def test_a_test_mse_of_zero_is_drawn_at_the_end_of_the_axis():
    group = Dots("exact", "gru", 1, np.array([0.0, 1e-9]), 1e-12, 0.0, 1e-9)
    figure = draw.distribution([group], {"persistence": 0.0})
    (found,) = dots_in(figure)
    assert found.get_offsets()[:, 0].min() == figure.axes[0].get_xlim()[0]


@pytest.mark.parametrize("name", ["distribution", "depth", "time", "parameters"])
def test_a_cell_has_its_colour_whatever_else_is_in_the_figure(name):
    for cells in (("gru",), ("mine", "lstm", "gru"), ("gru", "rnn", "yours")):
        colours = [to_hex(one.get_facecolor()[0]) for one in dots_in(drawn(name, cells=cells))]
        assert [one for one, _ in itertools.groupby(colours)] == [colour(cell) for cell in cells]


def test_predictions_have_the_colour_of_their_cell():
    for name, gid in (("tracks", "prediction"), ("zooms", "prediction"), ("residuals", "residual")):
        lines = [line for axes in drawn(name).axes for line in axes.lines if line.get_gid() == gid]
        assert [line.get_color() for line in lines] == [colour(cell) for cell in ("lstm", "lstm", "gru", "gru")]


# Machado, Oliveira and Fernandes 2009, severity 1, on linear RGB.
VISIONS = {
    "protan": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deutan": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
    "tritan": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]],
    "full": np.eye(3),
}
TO_XYZ = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])


def linear_rgb(text):
    parts = np.array([int(text[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    return np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)


def lab(linear):
    x, y, z = np.cbrt(TO_XYZ @ np.clip(linear, 1e-3, 1) / TO_XYZ.sum(axis=1))
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


@pytest.mark.parametrize("vision", VISIONS)
def test_colours_of_cells_differ_for_colour_blind_readers(vision):
    seen = [lab(np.array(VISIONS[vision]) @ linear_rgb(one)) for one in [*CELL_COLOURS.values(), *OTHER_COLOURS]]
    assert min(np.linalg.norm(one - other) for one, other in itertools.combinations(seen, 2)) > 15


def test_colours_of_cells_stand_out_from_white_paper():
    for one in (*CELL_COLOURS.values(), *OTHER_COLOURS):
        assert 1.05 / (0.05 + TO_XYZ[1] @ linear_rgb(one)) >= 3


@pytest.mark.parametrize("name", FIGURES)
def test_odd_names_are_shown_as_text(name):
    figure = drawn(name, cells=("gru", "_$c$ <x>"), label=ODD + " {layers}")
    _, svg = png_and_svg(figure)
    root = ET.fromstring(svg)
    text = "".join("".join(root.itertext()).split())
    assert "_$c$<x>" in text or name == "distribution"
    assert "".join(ODD.split()) in text or name in ("time", "parameters", "depth")


def test_control_characters_leave_a_readable_file():
    figure = draw.distribution(groups_of(Dots, label="a\x00b\x1b\u202e\ud800{layers}"), LADDER)
    text = "".join(ET.fromstring(png_and_svg(figure)[1]).itertext())
    assert "a\ufffdb\ufffd\ufffd3" in text


def test_an_empty_group_is_shown_as_such():
    groups = [*groups_of(Dots), *groups_of(Dots, cells=("rnn",), depths=(2,), seeds=0)]
    figure = draw.distribution(groups, LADDER)
    texts = [text.get_text() for text in figure.axes[0].texts]
    assert texts.count("no finished run") == 1
    assert [text for text in texts if text.startswith("n = ")] == ["n = 5"] * 4 + ["n = 0"]


def test_a_study_without_a_finished_run_or_a_ladder_is_drawn():
    assert png_and_svg(draw.distribution(groups_of(Dots, seeds=0), {}))
    assert draw.depth(groups_of(Dots, seeds=0), LADDER) is None


def test_depth_needs_two_depths():
    assert drawn("depth", depths=(2,)) is None


def test_groups_that_differ_in_more_than_cell_and_depth_have_a_panel_each():
    groups = [
        one for width in (16, 64) for one in groups_of(Dots, label="{cell}, {layers} layers, width=" + str(width))
    ]
    figure = draw.depth(groups, LADDER)
    assert [axes.texts[0].get_text() for axes in figure.axes] == ["width=16", "width=64"]
    assert [len([c for c in axes.collections if c.get_gid() == "seeds"]) for axes in figure.axes] == [4, 4]


LADDERS = [
    LADDER,
    {"a rather long name of a predictor": 1e-5, "another long name, a bit to the right": 1.3e-5, "third": 1.4e-5},
    {"same": 1e-6, "the same": 1e-6, "and again the same": 1e-6},
    {f"predictor {i}": 10.0 ** (-4 - 0.01 * i) for i in range(6)},
]


@pytest.mark.parametrize("ladder", LADDERS)
@pytest.mark.parametrize("name", ["distribution", "depth"])
def test_labels_of_the_ladder_overlap_neither_each_other_nor_the_dots(name, ladder):
    figure = getattr(draw, name)(groups_of(Dots), ladder)
    found = boxes(figure, "rung")
    assert len(found) == len(ladder)
    for one, other in itertools.combinations(found, 2):
        assert not one.padded(-1).overlaps(other.padded(-1))
    (axes,) = figure.axes
    for box in found:
        assert not any(
            box.contains(*axes.transData.transform(dot)) for one in dots_in(figure) for dot in one.get_offsets()
        )
        assert box.x1 <= figure.bbox.x1
        assert box.x0 >= 0


def test_a_label_stands_above_the_lines_that_it_would_cover():
    assert above_lines([1, 1.5, 4], [1, 1, 1], 9) == [(True, 1), (True, 0), (True, 0)]
    assert above_lines([1, 8.5], [1, 1], 9) == [(True, 0), (False, 0)]
    assert above_lines([5, 8.5], [3, 2], 9) == [(True, 1), (False, 0)], "labels cover each other, and no line"


def test_places_are_moved_apart_within_limits():
    assert spread([0, 0, 0.5, 9], 1, 0, 10) == [0, 1, 2, 9]
    assert spread([9, 9.5, 10], 1, 0, 10) == [8, 9, 10]


@pytest.mark.parametrize("cells", [1, 15])
@pytest.mark.parametrize("name", FIGURES)
def test_figures_stay_within_limits(name, cells):
    names = [f"cell{i}" for i in range(cells)]
    long = "{cell} {layers} layers, optimizer.lr=0.001, model.hidden_size=128"
    figure = drawn(name, cells=names, depths=(1, 2, 3, 4), seeds=2, label=long)
    png, _ = png_and_svg(figure)
    width, height = figure.get_size_inches()
    assert width * 160 <= 2500
    assert height <= 60
    assert png.startswith(b"\x89PNG")
    with own_style():
        figure.canvas.draw()
    shown = [text for axes in figure.axes for text in (*axes.texts, *axes.get_yticklabels()) if text.get_text()]
    assert all(text.get_window_extent().x1 <= figure.bbox.x1 and text.get_window_extent().x0 >= 0 for text in shown)
    assert min(text.get_fontsize() for text in shown) >= 8


def test_runs_that_stopped_earlier_do_not_bend_the_median():
    values = np.full((5, 6), 1e-3)
    values[:3, 4:] = np.nan
    (axes,) = draw.loss_curves([Curves("g", "gru", 1, np.arange(6), values)]).axes
    (line,) = [line for line in axes.lines if line.get_gid() == "median"]
    assert np.isfinite(line.get_ydata()).tolist() == [True] * 4 + [False] * 2


def test_a_panel_of_loss_curves_holds_no_more_lines_than_can_be_told_apart():
    figure = drawn("loss_curves", cells=("gru",), depths=range(1, 15))
    counts = [len([line for line in axes.lines if line.get_gid() == "median"]) for axes in figure.axes]
    assert sum(counts) == 14
    assert max(counts) <= 6


def test_a_zoom_goes_nearer_where_the_curves_are_closer():
    times = np.linspace(0, 6, 600)
    for gap, points in ((0.1, 61), (1e-4, 7)):
        track = Track("g", "gru", 1, times, np.sin(times), np.sin(times) + gap)
        (axes,) = draw.zooms([track]).axes
        assert {len(line.get_xdata()) for line in axes.lines} == {points}


def test_alternative_texts_tell_the_finding_in_numbers():
    groups = [Dots("GRU, 1 layer", "gru", 1, np.array([1e-6, 4e-6]), 2e-6, 1e-6, 4e-6)]
    groups.append(Dots("LSTM, 1 layer", "lstm", 1, np.array([1e-5, 1e-5]), 1e-5, None, None))
    assert draw.distribution_alt(groups, {"persistence": 5e-5}) == (
        "Test MSE of 2 groups of 2 seeds on a log scale, a dot a seed. Lowest geometric mean: GRU, 1 layer, 2e-06, "
        "95% interval 1e-06 to 4e-06; highest: LSTM, 1 layer, 1e-05. Trivial predictors: persistence 5e-05."
    )
    assert "GRU, 1 layer" in draw.depth_alt(groups)
    costs = [Cost("GRU, 1 layer", "gru", 1, np.array([2.0, 2.0]), 50049, np.array([1e-6, 4e-6]))]
    assert "GRU, 1 layer, 2e-06 at 2 s" in draw.time_alt(costs)
    assert "GRU, 1 layer, 2e-06 at 50,049" in draw.parameters_alt(costs)


def test_the_figures_of_a_run_are_the_same_bytes_twice(tmp_path):
    times = np.linspace(0, 6, 90)
    for name in ("one.png", "two.png"):
        draw_predictions(tmp_path / name, times, np.sin(times), np.sin(times) + 0.01, ODD)
    assert (tmp_path / "one.png").read_bytes() == (tmp_path / "two.png").read_bytes()
