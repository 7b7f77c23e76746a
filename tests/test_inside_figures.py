"""The figures of a network's inside: they show what they are given, legibly, and are the same bytes every time."""

import itertools
from dataclasses import replace
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from made_inside import (
    ANGLE,
    GATES,
    ROWS,
    SIGNED,
    dependence_of,
    eigenvalues,
    exact_weights,
    film_of,
    growth_of,
    loop_of,
    reach_of,
    saturation_of,
)
from matplotlib.colors import to_rgb

from rnnlab.report.inside import alt_texts
from rnnlab.report.inside.dependence import dependence, digits_for
from rnnlab.report.inside.film import film
from rnnlab.report.inside.growth import growth_of_dependence, growth_of_predictions
from rnnlab.report.inside.loop import loop, zoom
from rnnlab.report.inside.reach import reach
from rnnlab.report.inside.saturation import saturation
from rnnlab.report.style import colour, own_style, png_and_svg

ODD = "$x_1$ <b>&amp;</b> \\frac _a 🎉"
LONG = "GRU, 3 layers, optimizer.lr=0.001, model.hidden_size=128, data.window=23, and a name of the user's own"

FIGURES = {
    "film": lambda layers, *labels: film(film_of(layers=layers, label=labels[0])),
    "saturation": lambda layers, *labels: saturation([saturation_of("gru", layers, one) for one in labels]),
    "dependence": lambda layers, *labels: dependence([dependence_of(label=one) for one in labels]),
    "reach": lambda layers, *labels: reach([reach_of(layers=layers, label=one) for one in labels]),
    "loop": lambda layers, *labels: loop([loop_of(label=one) for one in labels]),
    "growth_of_dependence": lambda layers, *labels: growth_of_dependence(growth_of(label=labels[0])),
    "growth_of_predictions": lambda layers, *labels: growth_of_predictions(growth_of(label=labels[0])),
}


def words_in(figure):
    return " ".join(ET.fromstring(png_and_svg(figure)[1]).itertext())


def marked(figure, gid):
    return [line for axes in figure.axes for line in axes.lines if line.get_gid() == gid]


def images(figure):
    return [axes.images[0] for axes in figure.axes if axes.images]


@pytest.mark.parametrize("name", FIGURES)
def test_figures_are_the_same_bytes_twice(name):
    assert png_and_svg(FIGURES[name](3, "one", "other")) == png_and_svg(FIGURES[name](3, "one", "other"))


@pytest.mark.parametrize("name", FIGURES)
def test_odd_names_are_shown_as_text(name):
    text = "".join(words_in(FIGURES[name](1, ODD, "other")).split())
    assert "".join(ODD.split()) in text or name == "growth_of_predictions", "its panels are named by the epochs"


@pytest.mark.parametrize(("networks", "layers"), [(1, 1), (2, 6), (3, 2)])
@pytest.mark.parametrize("name", FIGURES)
def test_texts_are_large_enough_and_within_the_figure(name, networks, layers):
    figure = FIGURES[name](layers, *(f"{LONG} {i}" for i in range(networks)))
    with own_style():
        figure.canvas.draw()
    legends = [text for legend in figure.legends for text in legend.get_texts()]
    shown = [*figure.texts, *legends]
    for axes in figure.axes:
        shown += [*axes.texts, axes.xaxis.label, axes.yaxis.label]
        for axis, across in ((axes.xaxis, True), (axes.yaxis, False)):
            limits = sorted(axes.get_xlim() if across else axes.get_ylim())
            shown += [tick.label1 for tick in axis.get_major_ticks() if limits[0] <= tick.get_loc() <= limits[1]]
    shown = [text for text in shown if text.get_text() and text.get_visible()]
    boxes = [text.get_window_extent() for text in shown]
    assert min(text.get_fontsize() for text in shown) >= 8
    assert max(box.x1 for box in boxes) <= figure.bbox.x1
    assert min(box.x0 for box in boxes) >= 0
    assert min(box.y0 for box in boxes) >= 0
    assert max(box.y1 for box in boxes) <= figure.bbox.y1


@pytest.mark.parametrize("layers", [1, 3, 6])
@pytest.mark.parametrize("cell", ROWS)
def test_a_film_has_an_image_for_every_row_of_every_layer(cell, layers):
    one = film_of(cell, layers)
    figure = film(one)
    by_column = itertools.chain(*zip(*one.layers, strict=True))
    for image, row in zip(images(figure), by_column, strict=True):
        assert np.array_equal(image.get_array(), row.values)
        assert image.get_interpolation() == "nearest"
    text = words_in(figure)
    for symbol in ROWS[cell]:
        assert f"{(GATES[cell] | SIGNED)[symbol]} {symbol}_t" in text
    assert [f"units of layer {depth}" in text for depth in range(1, layers + 2)] == [True] * layers + [False]


def test_gates_have_a_scale_from_0_to_1_and_what_has_a_sign_one_about_0():
    scales = [image.get_clim() for image in images(film(film_of(layers=1)))]
    assert scales == [(0, 1), (0, 1), (-1, 1), (-3.7, 3.7), (0, 1), (-1, 1)]


def test_a_cell_state_has_the_same_scale_in_all_layers():
    one = film_of(layers=2)
    larger = [replace(row, values=2 * row.values) if row.symbol == "C" else row for row in one.layers[0]]
    scales = [image.get_clim() for image in images(film(replace(one, layers=[larger, one.layers[1]])))]
    assert scales[6:8] == [(-7.3, 7.3)] * 2


def test_an_image_stands_at_its_steps_of_the_window():
    for image in images(film(film_of(window=9, steps=8, units=5))):
        assert image.get_extent() == [1.5, 9.5, 5.5, 0.5]


@pytest.mark.parametrize(("window", "horizon"), [(1, 1), (9, 1), (60, 4)])
def test_a_film_shows_the_window_and_the_true_and_the_predicted_point_after_it(window, horizon):
    one = film_of(window=window, horizon=horizon)
    figure = film(one)
    (points,), (truth,), (prediction,) = (marked(figure, gid) for gid in ("window", "truth", "prediction"))
    assert np.array_equal(points.get_ydata(), one.values)
    assert list(truth.get_data()) == [[window + horizon], [0.625]]
    assert list(prediction.get_data()) == [[window + horizon], [0.6265]]
    assert prediction.get_color() == colour("lstm")
    assert "0.6265 (+1.5e-03)" in words_in(figure)
    assert ("true next point, 0.625" if horizon == 1 else "true point 4 steps ahead, 0.625") in words_in(figure)


@pytest.mark.parametrize("units", [1, 512])
def test_a_film_is_of_a_legible_size_however_wide_the_layers_are(units):
    figure = film(film_of(units=units))
    heights = [axes.get_window_extent().height / figure.dpi for axes in figure.axes if axes.images]
    assert all(0.3 <= height <= 2.1 for height in heights)


def test_shares_of_gates_fill_a_bar():
    one = saturation_of("gru", 2)
    (axes,) = saturation([one]).axes
    widths = np.array([bar.get_width() for bar in axes.patches]).reshape(3, 4)
    assert widths.sum(axis=0) == pytest.approx(1)
    closed, opened = np.array(list(one.shares.values())).T
    assert widths[0] == pytest.approx(closed)
    assert widths[2] == pytest.approx(opened)
    assert [label.get_text() for label in axes.get_yticklabels()] == ["reset gate", "update gate"] * 2
    assert {"layer 1", "layer 2"} <= {text.get_text() for text in axes.texts}


def test_networks_without_gates_are_left_out_of_the_saturation():
    figure = saturation([saturation_of("rnn"), saturation_of("gru")])
    assert [axes.texts[0].get_text() for axes in figure.axes] == ["gru"]
    assert saturation([saturation_of("rnn")]) is None


def test_a_network_with_the_exact_weights_shows_them():
    figure = dependence([dependence_of("linear", mean=exact_weights(9))])
    assert "by x[t-1], x[t]: -1.0000, 1.9999" in words_in(figure)
    assert "exact: -1.0000, 1.9999" in words_in(figure)
    for gid in ("derivative", "exact"):
        full, _ = marked(figure, gid)
        assert full.get_ydata().tolist() == [0] * 7 + [-1, 2 * np.cos(ANGLE)]
        assert list(full.get_xdata()) == list(range(-8, 1))


def test_as_many_digits_are_given_as_tell_the_exact_weights_from_whole_numbers():
    assert digits_for(np.array([-1, 2 * np.cos(0.5)])) == 3
    assert digits_for(np.array([-1, 2 * np.cos(0.001)])) == 6
    assert digits_for(np.array([-1, 2.0])) == 3
    assert digits_for(None) == 3


@pytest.mark.parametrize("networks", [1, 2, 3])
def test_what_the_data_can_tell_stands_beside_the_derivatives(networks):
    groups = [dependence_of(label=f"network {i}") for i in range(networks)]
    figure = dependence(groups)
    drawn = [line.get_ydata().tolist() for line in marked(figure, "derivative")]
    assert sorted(drawn) == sorted(values.tolist() for group in groups for values in (group.mean, group.seen))
    assert words_in(figure).count("the part that the data can tell") == networks
    assert f"relative distance {groups[0].apart:.2g}" in words_in(figure)


def test_without_an_exact_recurrence_the_derivatives_stand_alone():
    figure = dependence([dependence_of(window=window, exact=False) for window in (1, 9, 60)])
    assert [len(line.get_xdata()) for line in marked(figure, "derivative")] == [1, 9, 60]
    assert marked(figure, "exact") == []


def test_a_network_without_an_exact_recurrence_may_stand_beside_one_that_has_it():
    figure = dependence([dependence_of("gru"), dependence_of("rnn", exact=False)])
    assert [len(axes.lines) > 0 for axes in figure.axes] == [True, True, True, False]


def test_reach_has_a_panel_a_layer_with_a_line_a_network_and_one_for_cell_states():
    groups = [reach_of("lstm", 3), reach_of("gru", 1), reach_of("gru", 1, "GRU, untrained", trained=False)]
    figure = reach(groups)
    assert [axes.texts[0].get_text() for axes in figure.axes] == ["layer 1", "layer 2", "layer 3"]
    assert [len(axes.get_lines()) - 1 for axes in figure.axes] == [4, 2, 2], "beside that of the window"
    assert len(marked(figure, "cell norm")) == 3
    assert [line.get_xdata()[0] for line in marked(figure, "window")] == [9] * 3
    assert {axes.get_yscale() for axes in figure.axes} == {"log"}
    lstm, gru, untrained = marked(figure, "norm")[:3]
    assert (lstm.get_color(), gru.get_color()) == (colour("lstm"), colour("gru"))
    assert untrained.get_linewidth() < gru.get_linewidth()
    assert untrained.get_linestyle() == "--" != gru.get_linestyle()
    assert sum(to_rgb(untrained.get_color())) > sum(to_rgb(gru.get_color()))
    for text in ("lstm", "gru", "GRU, untrained", "the window's length: 9"):
        assert text in words_in(figure)


def test_networks_of_the_same_cell_have_lines_of_their_own():
    lines = marked(reach([reach_of("gru", 1, f"GRU {i}") for i in range(3)]), "norm")
    assert len({line.get_color() for line in lines}) == 3


def test_networks_without_recurrent_layers_are_left_out_of_the_reach():
    groups = [replace(reach_of("mlp", 1), norms={}), reach_of("gru", 2)]
    assert len(marked(reach(groups), "norm")) == 2
    assert "mlp" not in words_in(reach(groups)) + alt_texts.reach_alt(groups)


def test_norms_that_vanish_leave_a_legible_axis():
    one = reach_of("gru", 1)
    vanishing = replace(one, norms={1: np.where(one.lags < 5, 10.0 ** (-9.0 * one.lags), 0.0)})
    (axes,) = reach([vanishing]).axes
    low, high = axes.get_ylim()
    assert 1e-13 < low < high < 10


def test_the_loop_is_drawn_whole_and_zoomed_in():
    one = loop_of()
    figure = loop([one])
    for gid, values in (("of mean", one.of_mean), ("by window", one.by_window.ravel()), ("exact", one.exact)):
        for line in marked(figure, gid):
            assert np.array_equal(line.get_xdata() + 1j * line.get_ydata(), values)
    whole, near = figure.axes
    assert whole.get_xlim() == whole.get_ylim()
    assert whole.get_xlim()[1] > 1
    assert sum(near.get_xlim()) / 2 == pytest.approx(1)
    box = whole.get_window_extent()
    assert box.width == pytest.approx(box.height), "the circle is round"


@pytest.mark.parametrize("angle", [0.01, 0.0005])
def test_the_zoom_parts_the_exact_eigenvalues(angle):
    weights = exact_weights(9)
    weights[-1] = 2 * np.cos(angle)
    exact = eigenvalues(weights)
    for of_mean in (exact, loop_of().of_mean, 0.1 * exact):
        one = replace(loop_of(), of_mean=of_mean, exact=exact)
        near = loop([one]).axes[1]
        pair = exact[np.abs(exact) > 0.5]
        places = near.transAxes.inverted().transform(
            near.transData.transform(np.stack([pair.real, pair.imag], axis=1))
        )
        assert np.all((places > 0) & (places < 1))
        assert abs(places[0, 1] - places[1, 1]) > 0.07


def test_the_zoom_holds_the_nearest_eigenvalues_where_there_is_no_exact_pair():
    one = replace(loop_of(exact=False), of_mean=np.array([0.9 + 0.1j, 0.9 - 0.1j, 0.2]))
    assert zoom(one) == pytest.approx(1.4 * abs(0.1 + 0.1j))
    assert "modulus 0.90554, angle 0.11066" in words_in(loop([one]))


def test_derivatives_grow_from_light_to_dark():
    one = growth_of(epochs=(1, 2, 5))
    figure = growth_of_dependence(one)
    lines = marked(figure, "derivative")
    for line, snapshot in zip(lines, one.snapshots, strict=True):
        assert np.array_equal(line.get_ydata(), snapshot.dependence.seen)
    brightness = [sum(to_rgb(line.get_color())) for line in lines]
    assert brightness == sorted(brightness, reverse=True)
    (exact,) = marked(figure, "exact")
    assert np.array_equal(exact.get_ydata(), one.snapshots[0].dependence.exact_seen)
    for text in ("epoch 1", "epoch 2", "epoch 5", "exact recurrence"):
        assert text in words_in(figure)


def test_derivatives_grow_as_a_whole_where_there_is_no_exact_recurrence():
    one = growth_of(epochs=(1, 7), exact=False)
    lines = marked(growth_of_dependence(one), "derivative")
    for line, snapshot in zip(lines, one.snapshots, strict=True):
        assert np.array_equal(line.get_ydata(), snapshot.dependence.mean)


@pytest.mark.parametrize("epochs", [(3,), (1, 2, 5, 10, 20, 50)])
def test_predictions_have_a_panel_an_epoch_with_the_mse_in_its_title(epochs):
    figure = growth_of_predictions(growth_of(epochs=epochs))
    titles = [axes.texts[0].get_text() for axes in figure.axes]
    assert [title.split(":")[0] for title in titles] == [f"epoch {epoch}" for epoch in epochs]
    assert titles[-1].endswith("test MSE 0.01" if epochs == (3,) else "test MSE 3.6e-5")
    assert len(marked(figure, "prediction")) == len(marked(figure, "truth")) == len(epochs)


def test_alternative_texts_tell_the_finding_in_numbers():
    assert alt_texts.film_alt(film_of("gru", 1, label="GRU")) == (
        "GRU reading window 4, at a peak: its 9 points above images, units by steps, of reset gate, update gate, "
        "candidate and hidden state in 1 layer. Truth 0.625, prediction 0.6265. Mean over all units and steps: "
        "reset gate 0.50, update gate 0.50. Largest absolute value: candidate 0.88, hidden state 0.88."
    )
    assert alt_texts.saturation_alt([saturation_of("gru", 2, "GRU")]) == (
        "Shares of gate values below 0.1 (closed) and above 0.9 (open) of 1 network. GRU: most often closed is the "
        "update gate of layer 2, 15%; most often open is the reset gate of layer 1, 30%."
    )
    text = alt_texts.dependence_alt([dependence_of(mean=exact_weights(9)), dependence_of("rnn", 1, exact=False)])
    assert "lstm: largest by x[t], 2; by the last two values -1.0000 and 1.9999, of the exact recurrence" in text
    assert "The part that the data can tell is 0 of the exact one's length away from that." in text
    assert "rnn: largest by x[t], -0.21." in text
    assert "GRU at lag 8: 0.43 in layer 1, 0.19 in layer 2." in alt_texts.reach_alt([reach_of("gru", 2, "GRU")])
    assert "exact: modulus 1.00000, angle 0.01000" in alt_texts.loop_alt([loop_of()])
    dependence_text, predictions = alt_texts.growth_alts(growth_of(epochs=(1, 2, 5)))
    assert dependence_text.startswith("The part that the data can tell of the derivative")
    assert "after epochs 1, 2 and 5" in predictions
    assert "Test MSE 0.09 after epoch 1, 0.0036 after epoch 5" in predictions
