"""The page on what goes on inside networks, in a real browser."""

import re
from dataclasses import replace

import numpy as np
import pytest
from browser import NEEDS_CHROMIUM, assert_fits, browser, look
from made_inside import dependence_of, film_of, growth_of, loop_of, reach_of, saturation_of

from rnnlab.report.inside import alt_texts
from rnnlab.report.inside.dependence import dependence
from rnnlab.report.inside.film import film
from rnnlab.report.inside.growth import growth_of_dependence, growth_of_predictions
from rnnlab.report.inside.loop import loop
from rnnlab.report.inside.page import page
from rnnlab.report.inside.reach import reach
from rnnlab.report.inside.saturation import saturation
from rnnlab.report.pages import Picture
from rnnlab.report.style import png_and_svg

ODD = "<script>document.body.innerHTML='owned'</script><img src=x onerror=alert(1)> " + "wide" * 60
CONTENT = {
    "title": f"Inside {ODD}",
    "description": ODD,
    "networks": [
        {
            "label": ODD, "run_id": "0123456789abcdef", "function": "sin", "cell": "LSTM", "layers": 3,
            "hidden_size": 128, "test_mse": 1.25e-6, "best_epoch": 50,
        },
        {
            "label": "GRU", "run_id": "fedcba9876543210", "function": "sin", "cell": "GRU", "layers": 2,
            "hidden_size": 7, "test_mse": None, "best_epoch": None,
        },
    ],
    "equations": [{"cell": "LSTM", "lines": [f"C_t = f_t * C_{{t-1}} + i_t * g_t {'<wide>' * 30}   cell state"]}],
    "notes": {"film": ["Forget gates stay open."], "growth": [ODD]},
    "saturation": [{"label": ODD, "layer": 2, "gate": "forget gate", "closed": 0.0125, "open": 0.5}],
    "eigenvalues": [
        {"label": "LSTM", "kind": "complex", "modulus": 0.999123, "angle": 0.0102},
        {"label": ODD, "kind": "real", "modulus": 0.9, "angle": 0.0},
    ],
    "rollouts": [
        {"label": ODD, "loop": "measured", "steps": 990.0, "horizon": 117.0, "largest_error": 1e6, "extent": 0.795},
    ],
    "missing": [f"No checkpoints of {ODD}."],
    "hints": ["No snapshots."],
    "commands": {"explain": f"rnnlab explain run='{ODD}'"},
}  # fmt: skip
SECTIONS = ("film", "saturation", "dependence", "reach", "loop", "growth")
BARE = CONTENT | {"notes": {}, "saturation": [], "eigenvalues": [], "rollouts": [], "missing": [], "hints": []}


def illustrated(one=None, films=1):
    """Return pictures of all sections, of one film or several equal ones, with their SVG files."""
    one, grown = one or film_of(layers=1, label=ODD), growth_of(label=ODD)
    of_derivatives, of_predictions = alt_texts.growth_alts(grown)
    drawn = [
        *(("film", film(one), alt_texts.film_alt(one)) for _ in range(films)),
        ("saturation", saturation([saturation_of()]), alt_texts.saturation_alt([saturation_of()])),
        ("dependence", dependence([dependence_of()]), alt_texts.dependence_alt([dependence_of()])),
        ("reach", reach([reach_of()]), alt_texts.reach_alt([reach_of()])),
        ("loop", loop([loop_of()]), alt_texts.loop_alt([loop_of()])),
        ("growth", growth_of_dependence(grown), of_derivatives),
        ("growth", growth_of_predictions(grown), of_predictions),
    ]
    pictures = [Picture(section, f"{section}-{i}", ODD, alt) for i, (section, _, alt) in enumerate(drawn)]
    files = {one.name: png_and_svg(figure)[1] for one, (_, figure, _) in zip(pictures, drawn, strict=True)}
    return pictures, files


@pytest.fixture(scope="module")
def html():
    return page(CONTENT, *illustrated())


@pytest.fixture(scope="module")
def driver():
    with browser() as opened:
        yield opened


@NEEDS_CHROMIUM
@pytest.mark.parametrize("width", [400, 1400])
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_the_page_fits_the_window_and_complains_of_nothing(width, dark, driver, html, tmp_path):
    (tmp_path / "index.html").write_text(html, encoding="utf-8")
    text = assert_fits(driver, tmp_path / "index.html", width=width, dark=dark, images=7)
    assert text.count("<script>document.body.innerHTML='owned'</script><img src=x onerror=alert(1)>") >= 7


@NEEDS_CHROMIUM
def test_the_images_of_a_film_are_seen_within_the_page(driver, html, tmp_path):
    (tmp_path / "index.html").write_text(html, encoding="utf-8")
    look(driver, (tmp_path / "index.html").as_uri(), width=1400)
    colours = driver.execute_script(
        """
        const canvas = document.createElement('canvas');
        const film = document.images[0];
        [canvas.width, canvas.height] = [film.naturalWidth, film.naturalHeight];
        const context = canvas.getContext('2d');
        context.drawImage(film, 0, 0);
        const data = context.getImageData(0, 0, canvas.width, canvas.height).data;
        let open = 0;
        for (let i = 0; i < data.length; i += 4) open += data[i] > 220 && data[i + 1] > 200 && data[i + 2] < 90;
        return open;
        """
    )
    assert colours > 1000, "the yellow of open gates"


def test_the_page_needs_nothing_beside_it(html):
    assert re.findall(r"""(?:src|href)=["'](?!data:)""", html) == []
    assert html.startswith("<!doctype html>\n")


def test_a_page_of_four_films_of_three_wide_layers_stays_below_3_megabytes():
    random, wide = np.random.default_rng(2), film_of(layers=3, units=128, window=10)
    noisy = [[replace(row, values=random.random(row.values.shape)) for row in layer] for layer in wide.layers]
    assert len(page(CONTENT, *illustrated(replace(wide, layers=noisy), films=4)).encode()) < 3_000_000


def test_the_page_shows_the_tables_the_notes_and_what_is_missing(html):
    assert "<td>01234567</td><td>sin</td><td>LSTM</td><td>3</td><td>128</td><td>50</td><td>1.25e-06</td>" in html
    assert "<td>2</td><td>forget gate</td><td>1.2%</td><td>50.0%</td>" in html
    assert "<td>LSTM</td><td>complex</td><td>0.999123</td><td>0.010200</td>" in html
    assert "<td>measured</td><td>990</td><td>117</td><td>1e+06</td><td>0.795</td>" in html
    assert "<p>Forget gates stay open.</p>" in html
    assert "C_t = f_t * C_{t-1} + i_t * g_t &lt;wide&gt;" in html
    assert "<h2>What is missing</h2>" in html
    assert re.findall('<h2 id="(.*?)"', html) == list(SECTIONS)


def test_sections_without_pictures_and_notes_are_left_out():
    html = page(BARE | {"notes": {"reach": ["The memory is short."]}}, [], {})
    assert re.findall('<h2 id="(.*?)"', html) == ["reach"]
    assert "<h2>What is missing</h2>" not in html
    pictures, files = illustrated()
    alone = [one for one in pictures if one.section == "loop"]
    assert re.findall('<h2 id="(.*?)"', page(BARE, alone, files)) == ["loop"]


def test_the_same_content_gives_the_same_page(html):
    assert page(CONTENT, *illustrated()) == html
