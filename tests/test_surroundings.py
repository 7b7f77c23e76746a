"""What lies around a run, the screen and the user's matplotlib, decides nothing about it."""

from __future__ import annotations

import json
import subprocess

import matplotlib as mpl
import pytest
from fontTools.fontBuilder import FontBuilder
from fontTools.pens.ttGlyphPen import TTGlyphPen
from helpers import SMALL, TINY_DATA, command_line, environment, outcome, train
from matplotlib import font_manager

from rnnlab.cli import dispatch
from rnnlab.report import fonts

QUICK = [*SMALL, *TINY_DATA, "trainer=cpu"]


def in_shell(words, streams, folder, before="", **variables):
    """Run a command with its streams as a shell's line has them; return its exit code and what is still seen."""
    done = subprocess.run(
        ["bash", "-c", f'set -o pipefail; {before} "$@" {streams}', "bash", *command_line(*words)],
        cwd=folder,
        env=environment() | variables,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


def statuses(folder):
    return [json.loads(file.read_text())["status"] for file in folder.glob("outputs/*/*/result.json")]


@pytest.mark.parametrize(
    ("streams", "variables"),
    [
        (">/dev/full 2>/dev/full", {}),
        ("2>&1 | head -1", {}),
        ("", {"PYTHONIOENCODING": "ascii"}),
    ],
    ids=["full", "left", "ascii"],
)
def test_a_run_is_finished_whatever_the_screen_does(home, streams, variables):
    code, _ = in_shell(["train", "tracking=off", "name=水位", *QUICK], streams, home, **variables)
    assert (code, statuses(home)) == (0, ["FINISHED"])


def test_a_study_is_finished_when_nobody_reads_what_it_and_its_runs_print(home):
    (home / "chatty.py").write_text(
        "import numpy as np\ndef wave(t):\n    print('x' * 100_000, flush=True)\n    return np.sin(t)\n"
    )
    words = ["train", "-m", "function._target_=chatty.wave", "seed=0,1", "study.workers=2", "study.name=s"]
    code, _ = in_shell([*words, "tracking=off", *QUICK], "| head -1", home)
    assert (code, statuses(home)) == (0, ["FINISHED"] * 2)
    rows = json.loads((home / "outputs/s/study.json").read_text())["jobs"]
    assert [row["status"] for row in rows] == ["FINISHED"] * 2


def test_a_screen_that_is_full_does_not_change_an_exit_code(home):
    assert in_shell(["runs"], ">/dev/full", home) == (0, "")
    assert in_shell(["runs", "status=NO"], ">/dev/full 2>/dev/full", home)[0] == 2


def test_a_forecast_that_standard_output_does_not_take_is_not_done(home):
    run = train(*QUICK)
    words = ["forecast", f"run={run.path}", "steps=3"]
    code, said = in_shell(words, ">/dev/full", home)
    assert code == 1
    assert "standard output cannot be written" in said
    code, said = in_shell(words, ">&-", home)
    assert code == 2
    assert "output=forecast.csv" in said


def test_no_file_takes_the_place_of_a_closed_stream(home, capsys):
    (home / "loud.py").write_text("import os\nfrom numpy import sin\nos.write(1, b'x' * 9000)\n")
    code, said = in_shell(["train", "name=loud", "function._target_=loud.sin", *QUICK], "0<&- >&- 2>&-", home)
    assert (code, said) == (0, "")
    assert dispatch(["runs"]) == 0
    assert "loud  FINISHED" in capsys.readouterr().out


def test_a_home_of_nobody_is_said(home, capsys, monkeypatch):
    monkeypatch.setenv("RNNLAB_HOME", "~nobody-of-that-name/lab")
    code, said = outcome(["runs"], capsys)
    assert code == 2
    assert "RNNLAB_HOME=~nobody-of-that-name/lab" in said


def test_a_name_whose_bytes_are_no_text_is_said(home, capsys):
    code, said = outcome(["train", "function=csv", "data.path=lev\udce9ls.csv"], capsys)
    assert code == 2
    assert said.startswith("data.path=")


def test_help_finds_the_groups_of_a_folder_with_spaces(home, capsys):
    (home / "my conf" / "cell").mkdir(parents=True)
    (home / "my conf" / "cell" / "own.yaml").write_text("# own: a cell of one's own\n_target_: own.Cell\n")
    assert dispatch(["train", "--help", "--config-dir", "my conf"]) == 0
    assert "a cell of one's own" in capsys.readouterr().out


def test_a_current_folder_that_is_gone_is_said(home):
    code, said = in_shell(["runs"], "", home, before="mkdir gone; cd gone; rmdir ../gone;")
    assert code == 2
    assert said.startswith("rnnlab: ")
    assert len(said.splitlines()) == 1


@pytest.mark.parametrize(
    "variables",
    [
        {"MPLBACKEND": "module://matplotlib_inline.backend_inline"},
        {"MATPLOTLIBRC": "style.rc"},
        {"HOME": "/dev/null/none", "XDG_CONFIG_HOME": "", "XDG_CACHE_HOME": ""},
    ],
    ids=["backend", "file", "home"],
)
def test_a_setting_of_matplotlibs_stops_no_run_and_says_nothing(home, variables):
    (home / "style.rc").write_bytes(b"# \xff\nbackend: none\n")
    if "MATPLOTLIBRC" in variables:
        (home / "matplotlibrc").write_bytes(b"nonsense: 1\n# \xff\n")
    code, said = in_shell(["train", "tracking=off", *QUICK], ">/dev/null", home, **variables)
    assert (code, said) == (0, "")
    (figures,) = home.glob("outputs/*/*/figures")
    assert len(list(figures.iterdir())) == 4
    assert in_shell(["explain", "run=latest"], ">/dev/null", home, **variables) == (0, "")


def test_a_users_style_is_in_no_figure(home):
    run = train(*QUICK)
    style = {"font.size": 20, "lines.linewidth": 6, "axes.facecolor": "black", "savefig.bbox": "tight"}
    for settings in ({}, style | {"font.family": "serif", "figure.autolayout": True}):
        with mpl.rc_context(settings):
            assert dispatch(["predict", f"run={run.path}"]) == 0
    first, second = (folder / "figures" for folder in sorted(run.path.glob("predict-*")))
    assert len(list(first.iterdir())) == 3
    for figure in first.iterdir():
        assert figure.read_bytes() == (second / figure.name).read_bytes(), figure.name


@pytest.fixture
def only_fonts(monkeypatch):
    """Return a function that leaves matplotlib with its own fonts and some that were installed just now."""

    def leave(*installed):
        for function in (fonts._font_for, fonts._newcomers, fonts._signs):
            function.cache_clear()
        fonts._missing.clear()
        manager = font_manager.fontManager
        monkeypatch.setattr(manager, "ttflist", [one for one in manager.ttflist if one.name.startswith("DejaVu")])
        monkeypatch.setattr(font_manager, "findSystemFonts", lambda: [str(file) for file in installed])

    yield leave
    leave()


def font_with(signs, file):
    """Make a font in which every sign is a box."""
    pen = TTGlyphPen(None)
    for move, place in ((pen.moveTo, (100, 0)), *((pen.lineTo, at) for at in ((100, 700), (900, 700), (900, 0)))):
        move(place)
    pen.closePath()
    names = [".notdef", *(f"u{ord(sign):X}" for sign in signs)]
    builder = FontBuilder(1000)
    builder.setupGlyphOrder(names)
    builder.setupCharacterMap({ord(sign): name for sign, name in zip(signs, names[1:], strict=True)})
    builder.setupGlyf(dict.fromkeys(names, pen.glyph()))
    builder.setupHorizontalMetrics(dict.fromkeys(names, (1000, 100)))
    builder.setupHorizontalHeader(ascent=800, descent=-200)
    builder.setupNameTable({"familyName": "Boxes", "styleName": "Regular"})
    builder.setupOS2()
    builder.setupPost()
    builder.save(file)


def test_one_line_says_which_font_to_install_for_a_chinese_name(home, only_fonts, capsys):
    only_fonts()
    run = train("name=水位", *QUICK)
    said = capsys.readouterr().err
    assert len(said.splitlines()) == 1
    assert "水位" in said
    assert "fonts-noto-cjk" in said
    log = run.log.read_text()
    assert "Glyph" not in log
    assert log.count("fonts-noto-cjk") == 1


def test_a_chinese_name_is_drawn_with_a_font_that_was_installed_just_now(home, only_fonts, capsys):
    figures = []
    for installed in ([], [home / "boxes.ttf"]):
        font_with("水位", home / "boxes.ttf")
        only_fonts(*installed)
        capsys.readouterr()
        figures.append({file.name: file.read_bytes() for file in train("name=水位", *QUICK).figures.iterdir()})
    assert capsys.readouterr().err == ""
    assert all(figures[1][name] != content for name, content in figures[0].items())


def test_a_font_that_a_text_does_not_need_changes_no_figure(home, only_fonts):
    font_with("水位abc1", home / "boxes.ttf")
    figures = []
    for installed in ([], [home / "boxes.ttf"]):
        only_fonts(*installed)
        figures.append({file.name: file.read_bytes() for file in train(*QUICK).figures.iterdir()})
    assert figures[0] == figures[1]
