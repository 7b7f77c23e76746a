"""Series of the user's own: what is read, what is refused and where, and that new rows give the test's numbers."""

import csv
import json

import numpy as np
import pytest
from helpers import SMALL, outcome, train

from rnnlab.cli import dispatch
from rnnlab.config.record import config_hash, load_config
from rnnlab.data.csv_file import Csv, read_column
from rnnlab.errors import BadInputError
from rnnlab.training.checkpoint_files import read_checkpoint

ROWS = [round(20 + 3 * float(np.sin(row / 7)), 4) for row in range(150)]
ON_FILE = ["function=csv", "data.path=mine.csv", *SMALL, "data.window=7", "data.batch_size=9"]


def read(tmp_path, content, **options):
    path = tmp_path / "mine.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return read_column(Csv(path, **options)).tolist()


def write(path, rows, header="day,level"):
    lines = ([header] if header else []) + [f"{number},{value}" for number, value in enumerate(rows)]
    path.write_text("\n".join(lines) + "\n")


@pytest.mark.parametrize(
    ("content", "options"),
    [
        ("1\n2.5\n-3e1\n", {}),
        ("level\n1\n2.5\n-3e1\n", {}),
        ("level\n1\n2.5\n-3e1", {"column": "level"}),
        ("1\r\n2.5\r\n-3e1\r\n\r\n", {}),
        ("\ufeffday;level\r\n1;1\r\n2;2.5\r\n3;-30\r\n", {"column": "level"}),
        ("\ufefflevel\n1\n2.5\n-30\n", {"column": "level"}),
        ("day\tlevel\n1\t1\n2\t2.5\n3\t-30\n", {"column": "2"}),
        ("2020-01-01,1\n2020-01-02,2.5\n2020-01-03,-30\n", {"column": "2"}),
        ('"the day, as text",level\n"1, a",1\n"2, b"," 2.5 "\n"3, c",-30\n', {"column": "level"}),
        ("2019;2020\n0;1\n0;2.5\n0;-30\n", {"column": "2020", "header": "present"}),
        ("7,1\n8,2.5\n9,-30\n", {"column": "2", "header": "absent"}),
    ],
)
def test_files_of_many_makes_are_read(content, options, tmp_path):
    assert read(tmp_path, content, **options) == [1, 2.5, -30]


@pytest.mark.parametrize(
    ("content", "options", "parts"),
    [
        ("", {}, ["line 1", "empty"]),
        ("\n \n", {}, ["line 1", "empty"]),
        ("level\n", {}, ["line 1", "column 1 (level)", "no rows"]),
        ("day,level\n1,4\n2,warm\n", {"column": "level"}, ["line 3", "column 2 (level)", "'warm' is no number"]),
        ("1\n2\ntext\n", {}, ["line 3", "column 1", "'text' is no number"]),
        ("a;b\n1;2,5\n2;3,5\n", {"column": "b"}, ["line 2", "column 2 (b)", "decimal comma"]),
        ("level\n1\nNaN\n3\n", {}, ["line 3", "column 1 (level)", "no value", "data.fill=linear"]),
        ("a,b\n1,2\n2,\n3,\n4,5\n", {"column": "b"}, ["line 3, column 2 (b)", "1 more, in lines 4"]),
        ("level\n1\n\n3\n", {}, ["line 3", "no value"]),
        ("level\n1\ninf\n3\n", {}, ["line 3", "not finite"]),
        ("a,b\n1,2\n3\n", {"column": "b"}, ["line 3", "column 2 (b)", "has 1 cell"]),
        ("1000000000.25\n1000000000.5\n1000000000.125\n", {}, ["line 1, column 1", "float32"]),
        ("1e300\n2e300\n", {}, ["column 1", "float32"]),
        (b"\x89PNG\r\n\x1a\n\x00\x00\xff", {}, ["line 1", "no UTF-8 text"]),
        (b"1\n2\n\xff\xfe\x00\n", {}, ["line 3", "no UTF-8 text"]),
        (b"\x00\x01\x02\n\x03\n", {}, ["line 1", "column 1", "is no number"]),
        ("a" * 200_000, {}, ["line 1", "cannot be read as CSV"]),
        ("a,b\n1,2\n", {}, ["data.column=null", "one of a, b"]),
        ("1,2\n3,4\n", {}, ["data.column=null", "one of 1, 2"]),
        ("day,level\n1,2\n", {"column": "lvl"}, ["data.column=lvl", "day, level", "data.column=level?"]),
        ("day,level\n1,2\n", {"column": "3"}, ["data.column=3", "a number from 1 to 2"]),
        ("1,2\n3,4\n", {"column": "level"}, ["data.column=level", "no first line of names"]),
        ("a,a\n1,2\n3,4\n", {"column": "a"}, ["several columns of that name"]),
        ("a\n\n1\n2\n", {"fill": "linear"}, ["line 2", "at an end"]),
    ],
)
def test_what_cannot_be_read_is_named_by_line_and_column(content, options, parts, tmp_path):
    with pytest.raises(BadInputError) as refused:
        read(tmp_path, content, **options)
    for part in ["mine.csv", *parts]:
        assert part in str(refused.value)


def test_gaps_are_filled_by_straight_lines_if_asked(tmp_path):
    content = "level\n1\n\nnan\n4\nNA\n-2\n\n"
    assert read(tmp_path, content, fill="linear") == [1, 2, 3, 4, 1, -2]


@pytest.mark.parametrize(
    ("rows", "words", "parts"),
    [
        (ROWS[:1], [], ["line 2, column 2 (level)", "1 row of values"]),
        (ROWS[:20], [], ["line 21, column 2 (level)", "20 rows", "data.window + data.horizon = 8"]),
        (ROWS, ["data.train_samples=140", "data.test_samples=20"], ["150 rows", "140 to train and 20 to test"]),
        (ROWS, ["data.column=levle"], ["data.column=levle", "Did you mean data.column=level?"]),
        (
            ROWS,
            ["data.test_samples=20", "data.train_samples=40", "data.test_fraction=0.5"],
            ["is of no use beside"],
        ),
        (ROWS, ["data.spacing=0.1"], ["data.spacing=0.1", "of no use with function=csv"]),
        (ROWS, ["data.test_fraction=1"], ["data.test_fraction=1", "less than 1"]),
        (ROWS, ["data.digest=abc"], ["data.digest=abc", "another file, or changed"]),
        (ROWS, ["function=cos"], ["goes with function=csv", "Did you mean function=csv data.path="]),
        (ROWS, ["data.test_function=csv"], ["data.test_function=csv", "must be a function"]),
        (ROWS, ["data.path=other.csv"], ["other.csv", "No such file"]),
        (ROWS, ["data.path=."], ["must be a file"]),
        ([5] * 20, [], ["line 2, column 2 (level)", "all 20 values", "are 5"]),
    ],
    ids=lambda value: " ".join(value) if value and isinstance(value[0], str) else f"{len(value)} rows",
)
def test_a_file_that_does_not_do_ends_with_2_and_creates_nothing(rows, words, parts, home, capsys):
    write(home / "mine.csv", rows)
    code, message = outcome(["train", *ON_FILE, "data.column=level", *words], capsys)
    assert code == 2
    for part in parts:
        assert part in message
    assert [path.name for path in home.iterdir()] == ["mine.csv"]


def test_csv_without_a_file_is_refused(home, capsys):
    code, message = outcome(["train", "function=csv"], capsys)
    assert (code, "data.path=my.csv" in message) == (2, True)


@pytest.mark.parametrize(
    ("words", "split"),
    [
        ([], (120, 30)),
        (["experiment=accurate"], (120, 30)),
        (["data.test_fraction=0.4"], (90, 60)),
        (["data.test_samples=50"], (100, 50)),
        (["data.train_samples=100"], (100, 50)),
        (["data.train_samples=60", "data.test_samples=40"], (60, 40)),
        (["data.train_samples=60", "data.test_fraction=0.2"], (60, 30)),
    ],
    ids=lambda value: " ".join(map(str, value)),
)
def test_a_file_is_split_in_the_order_of_time(words, split, home):
    write(home / "mine.csv", ROWS)
    folder = train(*ON_FILE, "data.column=level", *words)
    data = load_config(folder.config).data
    assert (data.train_samples, data.test_samples) == split
    rows = np.genfromtxt(folder.predictions, delimiter=",", names=True)
    first = split[0] + 7
    assert rows["time"].tolist() == list(range(first, sum(split)))
    assert np.array_equal(rows["truth"].astype(np.float32), np.float32(ROWS[first : sum(split)]))


def test_the_error_is_in_the_files_own_units_and_scaling_is_of_the_training_part_alone(home):
    write(home / "mine.csv", ROWS[:100] + [value + 1000 for value in ROWS[100:]])
    folder = train(*ON_FILE, "data.column=level", "data.standardize=true", "data.train_samples=100")
    weights = read_checkpoint(folder.best, "run")["state_dict"]
    assert weights["scaling.mean"].item() == pytest.approx(np.mean(ROWS[:100]), rel=1e-6)
    assert weights["scaling.deviation"].item() == pytest.approx(np.std(ROWS[:100]), rel=1e-6)
    with folder.predictions.open() as file:
        rows = list(csv.DictReader(file))
    errors = [float(row["prediction"]) - float(row["truth"]) for row in rows]
    assert folder.read_result().metrics["test/mse"] == pytest.approx(np.mean(np.square(errors)), rel=1e-9)
    assert folder.read_result().metrics["test/rmse"] > 100


@pytest.mark.parametrize("own_options", [[], ["head=residual", "data.features=both", "data.standardize=true"]])
def test_predicting_new_rows_of_the_file_gives_the_numbers_of_the_test(own_options, home, capsys):
    write(home / "mine.csv", ROWS)
    folder = train(*ON_FILE, "data.column=level", *own_options)
    write(home / "new.csv", ROWS[120:])
    assert dispatch(["predict", "run=latest", "data.path=new.csv"]) == 0
    own = np.genfromtxt(folder.predictions, delimiter=",", names=True)
    new = np.genfromtxt(folder.path / "predict-1" / "predictions.csv", delimiter=",", names=True)
    assert np.array_equal(own["truth"], new["truth"])
    assert np.array_equal(own["prediction"], new["prediction"])
    result = json.loads((folder.path / "predict-1" / "result.json").read_text())
    assert result["metrics"]["test/mse"] == folder.read_result().metrics["test/mse"]
    assert result["function"] == "new.csv"


def test_predicting_the_runs_own_file_repeats_its_test_wherever_it_lies(home, capsys):
    write(home / "mine.csv", ROWS)
    folder = train(*ON_FILE, "data.column=level")
    (home / "mine.csv").rename(home / "moved.csv")
    assert dispatch(["predict", "run=latest"]) == 2
    assert dispatch(["predict", "run=latest", "data.path=moved.csv"]) == 0
    assert (folder.path / "predict-1" / "predictions.csv").read_bytes() == folder.predictions.read_bytes()


def test_a_network_that_learned_a_curve_predicts_a_file_and_the_other_way_round(home, capsys):
    write(home / "mine.csv", ROWS)
    train("function=sin", *SMALL)
    assert dispatch(["predict", "run=latest", "data.path=mine.csv", "data.column=level"]) == 0
    assert "on mine.csv with data.column=level, 140 windows" in capsys.readouterr().out
    train(*ON_FILE, "data.column=level")
    assert dispatch(["predict", "run=latest", "function=sin", "data.test_samples=300"]) == 0
    assert "on sin with data.test_samples=300, 293 windows" in capsys.readouterr().out


def test_a_file_is_predicted_without_the_noise_that_the_run_added(home, capsys):
    write(home / "mine.csv", ROWS)
    folder = train("function=sin", "data.noise=0.5", *SMALL)
    assert dispatch(["predict", "run=latest", "data.path=mine.csv", "data.column=level"]) == 0
    shown = np.genfromtxt(folder.path / "predict-1" / "predictions.csv", delimiter=",", names=True)
    assert shown["truth"] == pytest.approx(ROWS[-len(shown) :], rel=1e-6)


def test_a_closed_loop_that_cannot_be_is_refused_on_a_file_too(home, capsys):
    write(home / "mine.csv", ROWS)
    folder = train("function=sin", "data.horizon=3", "data.horizon_output=last", *SMALL)
    words = ["predict", "run=latest", "data.path=mine.csv", "data.column=level", "rollout=20"]
    code, message = outcome(words, capsys)
    assert (code, "data.rollout_steps=20: cannot be fed back" in message) == (2, True)
    assert not list(folder.path.glob("predict-*"))


@pytest.mark.parametrize(
    ("words", "part"),
    [
        (["data.path=gone.csv"], "No such file"),
        (["data.path=new.csv"], "data.column=level"),
        (["data.path=short.csv"], "a window of 7 needs a series of at least 8 points"),
        (["data.path=mine.csv", "function=sin"], "give one of them"),
        (["function=csv"], "data.path="),
        (["data.path=short.csv", "data.test_samples=500"], "has 5 rows"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_what_cannot_be_predicted_is_said(words, part, home, capsys):
    write(home / "mine.csv", ROWS)
    write(home / "new.csv", ROWS, header="day,depth")
    write(home / "short.csv", ROWS[:5])
    folder = train(*ON_FILE, "data.column=level")
    code, message = outcome(["predict", "run=latest", *words], capsys)
    assert code == 2
    assert part in message
    assert not list(folder.path.glob("predict-*"))


def test_a_changed_file_is_another_run_and_a_moved_one_is_not(home):
    write(home / "mine.csv", ROWS)
    first = load_config(train(*ON_FILE, "data.column=level").config)
    (home / "mine.csv").rename(home / "moved.csv")
    moved = load_config(train(*ON_FILE, "data.column=level", "data.path=moved.csv").config)
    write(home / "mine.csv", [*ROWS[:-1], ROWS[-1] + 1])
    changed = load_config(train(*ON_FILE, "data.column=level").config)
    assert config_hash(first) == config_hash(moved)
    assert config_hash(first) != config_hash(changed)


def test_going_on_with_a_run_whose_file_has_changed_fails(home, capsys):
    write(home / "mine.csv", ROWS)
    train(*ON_FILE, "data.column=level")
    write(home / "mine.csv", ROWS[::-1])
    assert dispatch(["train", "resume=latest", "trainer.max_epochs=4"]) == 2
    assert "has changed since" in capsys.readouterr().err


def test_a_run_on_a_file_is_named_after_it(home):
    write(home / "mine.csv", ROWS)
    folder = train(*ON_FILE, "data.column=level")
    assert folder.read_result().name == "mine.csv-lstm-1x6-s0"
    assert folder.read_result().function == "mine.csv"


def test_a_run_and_its_file_that_moved_together_predict_and_reproduce(home, monkeypatch, capsys):
    old, new = home / "old", home / "new"
    old.mkdir()
    monkeypatch.chdir(old)
    (old / "mine.csv").write_text("value\n" + "\n".join(str(n % 7) for n in range(90)) + "\n")
    train("function=csv", "data.path=mine.csv", *SMALL)
    old.rename(new)
    monkeypatch.chdir(new)
    assert dispatch(["predict", "run=latest"]) == 0
    assert dispatch(["reproduce", "run=latest"]) == 0
    assert "BIT-EXACT" in capsys.readouterr().out
