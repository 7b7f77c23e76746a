"""A test MSE is never said alone: its words are held against numbers computed here."""

import json
import shlex

import numpy as np
import pytest
from helpers import SMALL, TINY_DATA, train

from rnnlab.cli import dispatch
from rnnlab.report.yardstick import beside_baselines, floor_of_data, with_persistence

ON_SINE = ["function=sin", *SMALL, *TINY_DATA]


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """The folder of one run on sin, in a home of its own."""
    folder = tmp_path_factory.mktemp("trained")
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("RNNLAB_HOME", raising=False)
        patch.chdir(folder)
        (folder / "levels (1).csv").write_text("day,level\n" + "\n".join(f"{n},{n % 5}" for n in range(20)) + "\n")
        return folder, train(*ON_SINE)


@pytest.fixture
def predicted(trained, monkeypatch, capsys):
    """Predict with that run: what is printed, and what result.json holds."""
    home, folder = trained
    monkeypatch.delenv("RNNLAB_HOME", raising=False)
    monkeypatch.chdir(home)

    def predict(*words):
        text = output(capsys, "predict", "run=latest", *words)
        newest = max(folder.path.glob("predict-*"), key=lambda made: int(made.name.partition("-")[2]))
        return text, json.loads((newest / "result.json").read_text())

    return predict


def output(capsys, *words):
    capsys.readouterr()
    assert dispatch(list(words)) == 0
    return capsys.readouterr().out


def baselines_by_hand(values):
    """Return the MSE of persistence and of the straight line on a series, after a window of 7 points."""
    held = np.mean((values[7:] - values[6:-1]) ** 2)
    drawn = np.mean((values[7:] - 2 * values[6:-1] + values[5:-2]) ** 2)
    return held, drawn


@pytest.mark.parametrize(
    ("mse", "persistence", "line", "words"),
    [
        (6.9, 1.0, 6.9 / 60000, "worse than persistence: 6.9 times its test MSE; a straight line is 60,000 times"),
        (0.5, 17.0, 0.05, "better than persistence: 34 times lower than its test MSE; a straight line is 10 times"),
        (
            0.5,
            17.0,
            1.0,
            "better than persistence: 34 times lower than its test MSE; 2.0 times lower than a",
        ),
        (1.001, 1.0, 0.999, "as good as persistence; as good as a straight line"),
        (0.5, 0.0, 0.0, "worse than persistence, which makes no error here; a straight line makes no error here"),
        (0.0, 0.0, 0.0, "as good as persistence; as good as a straight line"),
        (0.0, 1.0, 1.0, "better than persistence: no error at all; better than a straight line too"),
        (1.0, 2.0, float("inf"), "better than persistence: 2.0 times lower than its test MSE"),
    ],
)
def test_the_words_say_which_is_lower_and_by_how_much(mse, persistence, line, words):
    assert beside_baselines(mse, {"persistence": persistence, "linear extrapolation": line}).startswith(words)


def test_without_baselines_nothing_is_said():
    assert beside_baselines(1.0, {}) == floor_of_data({}) == ""
    assert with_persistence(1.0, {}) == "1.000e+00"


@pytest.mark.parametrize(
    ("baselines", "words"),
    [
        ({"least squares": 2e-3, "exact recurrence": 3e-3, "noise floor": 1e-3}, "1.00e-03, the noise"),
        ({"least squares": 2e-13, "exact recurrence": 3e-13}, "2.00e-13, the rounding"),
        ({"least squares": 2e-3}, "not known of this curve; least squares on the window's points leave 2.00e-03"),
    ],
)
def test_the_floor_is_the_noise_or_the_rounding_or_not_known(baselines, words):
    assert floor_of_data(baselines).startswith(words)


def test_train_says_what_its_test_mse_is_worth(home, capsys):
    text = output(capsys, "train", "tracking=off", "trainer=cpu", *ON_SINE)
    times = 0.7 + np.linspace(0, 0.4, 40)
    held, drawn = baselines_by_hand(np.sin(times).astype(np.float32).astype(float))
    (result,) = home.glob("outputs/single/*/result.json")
    mse = json.loads(result.read_text())["metrics"]["test/mse"]
    assert mse > held > drawn
    assert f"worse than persistence: {float(f'{mse / held:.2g}'):,.0f} times its test MSE" in text
    assert "a straight line is" in text
    assert "floor    " in text
    assert "the rounding of the data" in text


def test_predict_has_the_baselines_of_the_windows_that_it_predicts(predicted):
    text, result = predicted("function=sin", "function.amplitude=5")
    held, drawn = baselines_by_hand(5 * np.sin(0.7 + np.linspace(0, 0.4, 40)))
    assert result["metrics"]["baseline/persistence"] == pytest.approx(held, rel=1e-4)
    assert result["metrics"]["baseline/linear extrapolation"] == pytest.approx(drawn, rel=1e-2)
    assert "worse than persistence: " in text
    assert "floor    " in text


def test_predict_on_the_runs_own_test_gives_the_baselines_of_the_run(predicted, trained):
    _, result = predicted()
    own = trained[1].read_result().metrics
    assert result["metrics"] == {name: own[name] for name in result["metrics"]}
    assert {name for name in own if name.startswith("baseline/")} <= set(result["metrics"])


def test_baselines_of_many_points_ahead_are_those_of_the_same_task(home, capsys):
    folder = train(*ON_SINE, "data.horizon=3", "data.horizon_output=all")
    output(capsys, "predict", "run=latest")
    metrics = json.loads((folder.path / "predict-1" / "result.json").read_text())["metrics"]
    values = np.sin(0.7 + np.linspace(0, 0.4, 40))
    held = np.mean([(values[7 + ahead : 38 + ahead] - values[6:37]) ** 2 for ahead in range(3)])
    assert metrics["baseline/persistence"] == pytest.approx(held, rel=1e-4)


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (["function=sin", "function.amplitude=2"], "on sin with amplitude=2, "),
        (["function=cos"], "on cos, "),
        (["function=cos", "function.phase=1"], "on cos with phase=1, "),
        (["function=sine_sum", "function.phases=[0,0,1]"], "on sine_sum with phases=[0,0,1], "),
        (["data.spacing=0.5"], "on sin with data.spacing=0.5, "),
        (["data.test_samples=8"], "on sin with data.test_samples=8, 1 window\n"),
        (["data.test_samples=40"], "on sin, 33 windows\n"),
        (["data.path='levels (1).csv'", "data.column=level"], "on levels (1).csv with data.column=level, "),
        (
            ["data.path='levels (1).csv'", "data.column=level", "data.missing=[.,-9]"],
            "on levels (1).csv with data.column=level, data.missing=[.,-9], ",
        ),
    ],
    ids=" ".join,
)
def test_predict_names_what_was_changed(words, named, predicted):
    text, result = predicted(*words)
    assert named in text
    assert len(result["changed"]) == named.count("=")


def test_a_parameter_that_the_run_was_trained_with_is_no_change(home, capsys):
    train(*ON_SINE, "function.amplitude=2")
    assert "on sin, " in output(capsys, "predict", "run=latest")
    assert "on sin with amplitude=1.0, " in output(capsys, "predict", "run=latest", "function=sin")


def test_a_file_that_is_gone_takes_only_the_fitted_baseline_with_it(home, capsys):
    for name in ("mine.csv", "new.csv"):
        (home / name).write_text("".join(f"{n % 7 + n % 3}\n" for n in range(60)))
    folder = train("function=csv", "data.path=mine.csv", "data.window=7", *SMALL)
    (home / "mine.csv").unlink()
    (home / "new.csv").write_text("".join(f"{n % 5}\n" for n in range(60)))
    output(capsys, "predict", "run=latest", "data.path=new.csv")
    metrics = json.loads((folder.path / "predict-1" / "result.json").read_text())["metrics"]
    assert {"baseline/persistence", "baseline/linear extrapolation"} <= set(metrics)
    assert "baseline/least squares" not in metrics


@pytest.mark.parametrize(
    ("words", "is_said"),
    [
        (["data.test_samples=8"], False),
        (["function=sin", "function.amplitude=0"], False),
        (["data.test_samples=2000", "rollout=1"], True),
    ],
    ids=["one point", "constant", "one step of a long curve"],
)
def test_errors_are_in_amplitudes_where_the_curve_shows_one(words, is_said, predicted):
    text, _ = predicted(*words)
    assert "largest error" in text
    assert ("of the amplitude" in text) is is_said


def test_a_constant_stretch_has_no_error_in_amplitudes(predicted):
    text, result = predicted("function=sin", "function.amplitude=0")
    assert result["metrics"]["test/rollout_rmse"] > 0
    assert "test/rollout_largest_error" not in result["metrics"]
    assert "worse than persistence, which makes no error here" in text


def test_what_follows_the_first_tested_window_is_no_forecast(predicted, capsys):
    text, _ = predicted("data.path='levels (1).csv'", "data.column=level", "rollout=4")
    assert "rollout  from the first tested window on" in text
    (line,) = (line for line in text.splitlines() if line.startswith("a forecast begins after the last row: "))
    words = shlex.split(line.partition(": ")[2])
    forecast = words[words.index("forecast") :]
    assert output(capsys, *forecast).startswith("step,time,prediction\n1,20.0,")


def test_a_line_of_a_study_says_what_its_test_mse_is_worth(home, capsys):
    text = output(capsys, "train", "-m", "seed=1,2", "tracking=off", "trainer=cpu", "study.workers=1", *ON_SINE)
    lines = [line for line in text.splitlines() if "test MSE" in line and "  fit " in line and "(" in line]
    assert len(lines) == 2
    for result in home.glob("outputs/*/*/result.json"):
        run = json.loads(result.read_text())
        mse, persistence = run["metrics"]["test/mse"], run["metrics"]["baseline/persistence"]
        (line,) = (line for line in lines if run["name"] in line)
        shown = float(line.partition("(")[2].partition(" x persistence)")[0].replace(",", ""))
        assert shown == pytest.approx(mse / persistence, rel=0.06)
