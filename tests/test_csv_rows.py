"""Every row of a file of one's own is a point, a gap or a message, whatever the file is made of."""

import json
import math
import shlex

import numpy as np
import pytest
from csv_tables import tables
from helpers import SMALL, composed, outcome, train
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rnnlab.cli import dispatch
from rnnlab.config.record import config_hash, load_config
from rnnlab.data.csv_file import Csv, read_column
from rnnlab.errors import BadInputError

WAVE = [20 + 3 * math.sin(row / 7) for row in range(150)]


def read(tmp_path, content, **options):
    path = tmp_path / "mine.csv"
    path.write_bytes(content.encode())
    return read_column(Csv(path, **options)).tolist()


@pytest.mark.parametrize(
    ("content", "options"),
    [
        ("a,b\n1,2\n3,4\n \n\n\t\n", {"column": "b"}),
        ("a\tb\n1\t2\n3\t4\n\t\n \t\n", {"column": "b"}),
        ("a,b\r1,2\r3,4\r", {"column": "b"}),
        ("\n\na,b\n1,2\n3,4\n", {"column": "b"}),
        ("a,b\n1,2,\n3,4,\n", {"column": "b"}),
        ('a,b\n"first\nsecond",2\n3,4\n', {"column": "b"}),
        ('"the\nnumbers",b\n1,2\n3,4\n', {"column": "b"}),
        ('a,b\n5" pipe,2\n3,4\n', {"column": "b"}),
        ("The Rhine\n\na,b\n1,2\n3,4\n", {"column": "b", "skip_lines": 1}),
        ("2019,2020\n1,2\n3,4\n", {"column": "2020", "header": "present"}),
        ("b,2\n2,2\n4,2\n", {"column": "1", "header": "present"}),
        ("2019-01-01,2\n2019-01-02,4\n", {"column": "2"}),
        ("date,2020\n2019-01-01,2\n2019-01-02,4\n", {"column": "2"}),
        ("+2\n4.\n", {}),
        (" 2 ,x\n.4e1,y\n", {"column": "1"}),
        ("a\n\u00a02\n4\u2009\n", {}),
        (",0\n0,2\n1,4\n", {"column": "0", "header": "present"}),
        ("0\n2.0\n4.0\n", {"header": "present"}),
    ],
)
def test_a_file_is_read_as_it_stands(content, options, tmp_path):
    assert read(tmp_path, content, **options) == [2, 4]


@pytest.mark.parametrize(
    ("missing", "cells"),
    [
        (["-9999"], ["-9999", "-9999.0", " -9999 ", "-9.999e3"]),
        ([".", "n.a."], [".", " n.a. ", ".", "."]),
        (["-9999", "*"], ["*", "-9999", "", "NA"]),
        ([], ["", "NaN", "-nan", "null"]),
    ],
)
def test_a_marker_of_missing_values_is_a_gap(missing, cells, tmp_path):
    rows = "".join(f"{row},{cell}\n{row},{2 * row + 2}\n" for row, cell in enumerate(cells, start=1))
    column = read(tmp_path, f"row,level\n0,2\n{rows}", column="level", missing=tuple(missing), fill="linear")
    assert column == [2, 3, 4, 5, 6, 7, 8, 9, 10]


def test_a_number_that_looks_like_a_marker_is_a_value_where_that_is_said(tmp_path):
    assert read(tmp_path, "5\n-9999\n6\n7\n", missing=()) == [5, -9999, 6, 7]
    column = read(tmp_path, "5\n-9999\n.\n6\n7\n-9999\n8\n", missing=(".", "none"), fill="linear")
    assert column == [5, -9999, -4996.5, 6, 7, -9999, 8]


@pytest.mark.parametrize(
    "marker", ["\\N", "'x'", '="2"', "#N/A", "n.a.", "--", "缺", "a b", "<0.5", "True", "1,5 m"]
)
def test_the_setting_that_a_message_shows_for_a_marker_works_in_a_shell(marker, home, capsys):
    rows = [*(f"{value:.4f}" for value in WAVE[:30]), marker, *(f"{value:.4f}" for value in WAVE[30:80])]
    (home / "mine.csv").write_text("a;level\n" + "".join(f"x;{cell}\n" for cell in rows))
    words = ["train", *SMALL, "tracking=off", "function=csv", "data.path=mine.csv", "data.column=level"]
    code, message = outcome([*words, "data.window=7"], capsys)
    assert code == 2
    (setting,) = shlex.split(message.partition("marks a missing value: ")[2].strip().removesuffix("."))
    code, message = outcome([*words, "data.window=7", setting], capsys)
    assert code == 2
    assert "has no value; data.fill=linear" in message


def test_a_run_reads_as_asked_and_so_does_all_that_comes_after_it(home, capsys):
    lines = [f"{row};{value:.4f}" for row, value in enumerate(WAVE)]
    lines[9], lines[70] = "9;-9999", "70;."
    (home / "mine.csv").write_text("\n".join(["The Rhine at Basel", "day;level", *lines]) + "\n")
    words = ["data.skip_lines=1", "data.missing=[-9999,.]", "data.fill=linear", "data.window=7"]
    folder = train("function=csv", "data.path=mine.csv", "data.column=level", *words, *SMALL)
    data = load_config(folder.config).data
    assert (data.skip_lines, data.missing, data.train_samples) == (1, ["-9999", "."], 120)
    (home / "new.csv").write_text("\n".join(["-999", *(f"{row};{row % 7}" for row in range(30))]) + "\n")
    assert dispatch(["predict", "run=latest"]) == 0
    assert (folder.path / "predict-1" / "predictions.csv").read_bytes() == folder.predictions.read_bytes()
    keys = ["data.skip_lines=1", "data.missing=[6]", "data.column=2", "data.header=absent"]
    (home / "new.csv").write_text("\n".join(["from 2020", *(f"{row};{row % 7 or 1}" for row in range(30))]) + "\n")
    assert dispatch(["predict", "run=latest", "data.path=new.csv", *keys]) == 0
    truth = np.genfromtxt(folder.path / "predict-2" / "predictions.csv", delimiter=",", names=True)["truth"]
    assert truth[:7].tolist() == [1, 1, 2, 3, 4, 5, 3]
    assert json.loads((folder.path / "predict-2" / "result.json").read_text())["data"]["missing"] == ["6"]
    assert dispatch(["reproduce", "run=latest", "tracking=off"]) == 0
    assert "BIT-EXACT" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "part"),
    [
        (["data.skip_lines=3"], "has 147 rows as it is read, and the run takes 150"),
        (["data.path=mine.csv", "data.skip_lines=3"], "has 147 rows as it is read, and the run takes 150"),
        (["data.path=mine.csv", "data.spacing=0.1"], "data.spacing=0.1: is of no use with a file"),
        (["function=sin", "data.missing=[1]"], "data.missing=[1]: goes with data.path="),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_predict_refuses_what_would_cut_rows_or_change_nothing(words, part, home, capsys):
    (home / "mine.csv").write_text("".join(f"{value:.4f}\n" for value in WAVE))
    train("function=csv", "data.path=mine.csv", *SMALL)
    code, message = outcome(["predict", "run=latest", *words], capsys)
    assert code == 2
    assert part in message


def test_keys_at_their_defaults_leave_earlier_runs_their_hash(home):
    (home / "mine.csv").write_text("level\n" + "\n".join(f"{value:.4f}" for value in WAVE) + "\n")
    of_file = ["function=csv", "data.path=mine.csv"]
    assert config_hash(composed("function=sin", "cell=gru")) == "598993ba97c00a63"
    assert config_hash(composed(*of_file, "data.standardize=false")) == "e0526647cb2a2739"
    assert config_hash(composed(*of_file, "data.missing=[-1]")) != config_hash(composed(*of_file))


@settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck))
@given(tables(), st.sampled_from(["refuse", "linear"]))
def test_every_row_of_a_file_is_a_point_or_a_gap_or_a_message(tmp_path_factory, table, fill):
    path = tmp_path_factory.mktemp("files") / "mine.csv"
    path.write_bytes(table.text.encode())
    rows = table.rows
    faults = [line for line, what in rows if isinstance(what, str)]
    gaps = [place for place, (_, what) in enumerate(rows) if what is None]
    at_an_end = [place for place in gaps if place in (0, len(rows) - 1)]
    refused = faults or [rows[place][0] for place in at_an_end or (gaps if fill == "refuse" else [])]
    if refused:
        with pytest.raises(BadInputError, match=f"line {refused[0]}[:, ]"):
            read_column(Csv(path, fill=fill, **table.options))
        return
    column = read_column(Csv(path, fill=fill, **table.options))
    known = [place for place in range(len(rows)) if place not in gaps]
    expected = np.interp(range(len(rows)), known, [rows[place][1] for place in known])
    assert column.tolist() == pytest.approx(expected.tolist())
