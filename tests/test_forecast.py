"""`rnnlab forecast` goes on after the last point that is known: held against networks unrolled by hand."""

import csv
import io
import subprocess
from pathlib import Path

import numpy as np
import pytest
import torch
from helpers import REPOSITORY, SMALL, TINY_DATA, command_line, environment, outcome, train

from rnnlab.cli import dispatch

LOADS = [round(830 + 40 * float(np.sin(row / 4)), 3) for row in range(120)]
CELL = """
import torch

class RunsAway(torch.nn.Module):
    def __init__(self, input_size, hidden_size):
        super().__init__()
        self.size, self.weight = hidden_size, torch.nn.Parameter(torch.ones(1))

    def forward(self, x, h):
        return self.weight * x.mean(-1, keepdim=True).repeat(1, self.size) * (1 if self.training else 1e12)
"""


def write(path, values, header="day,load"):
    path.write_text("\n".join([header, *(f"{row},{value}" for row, value in enumerate(values))]) + "\n")


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """Runs by name, in a home of their own: on a file, with blocks of points, and with a far point alone."""
    home = tmp_path_factory.mktemp("forecast")
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("RNNLAB_HOME", raising=False)
        patch.chdir(home)
        write(home / "load.csv", LOADS)
        of_file = ["function=csv", "data.path=load.csv", "data.column=load", "data.window=7", "head=residual"]
        own = ["cell=rnn", "model.dtype=float64", *SMALL]
        return {
            "home": home,
            "file": train("name=file", *own, *of_file, "data.features=both", "data.standardize=true"),
            "block": train(
                "name=block", *own, *TINY_DATA, "function=sin", "data.horizon=3", "data.horizon_output=all"
            ),
            "last": train("name=last", *own, *TINY_DATA, "function=sin", "data.horizon=3"),
        }


@pytest.fixture
def room(runs, monkeypatch):
    """The folder of these runs, which is the current one; what a test leaves there goes with it."""
    home = runs["home"]
    monkeypatch.delenv("RNNLAB_HOME", raising=False)
    monkeypatch.delenv("RNNLAB_DEBUG", raising=False)
    monkeypatch.chdir(home)
    before = everything(home)
    yield home
    for path in everything(home) - before:
        path.unlink()


def everything(home):
    return {path for path in home.rglob("*") if path.is_file()}


def forecast(capsys, *words):
    """Return the columns of a forecast that is printed."""
    capsys.readouterr()
    assert dispatch(["forecast", *words]) == 0
    return columns(capsys.readouterr().out)


def columns(text):
    rows = list(csv.reader(io.StringIO(text)))
    assert rows[0] == ["step", "time", "prediction"]
    steps, times, values = zip(
        *((int(step), float(time), float(value)) for step, time, value in rows[1:]), strict=True
    )
    assert steps == tuple(range(1, len(rows)))
    return list(times), list(values)


def by_hand(run, window, steps):
    """Return a plain recurrent network's closed loop, unrolled in NumPy from its weights alone."""
    state = torch.load(run.best, weights_only=True)["state_dict"]
    weights = {name.rpartition(".")[2]: value.numpy() for name, value in state.items() if name.startswith("layers")}
    out, bias = state["head.linear.weight"].numpy(), state["head.linear.bias"].numpy()
    scale = (
        {name: state[f"scaling.{name}"].numpy() for name in ("mean", "deviation", "difference", "increment")}
        if ("scaling.mean" in state)
        else None
    )
    values = list(window)
    while len(values) < len(window) + steps:
        newest = np.array(values[-len(window) :])
        inputs = newest[:, None]
        if scale:
            standard = (newest[1:] - scale["mean"]) / scale["deviation"]
            inputs = np.column_stack([standard, np.diff(newest) / scale["difference"]])
        hidden = np.zeros(weights["weight_hh_l0"].shape[1])
        for x in inputs:
            ahead = weights["weight_ih_l0"] @ x + weights["bias_ih_l0"]
            hidden = np.tanh(ahead + weights["weight_hh_l0"] @ hidden + weights["bias_hh_l0"])
        predicted = out @ hidden + bias
        values += list(newest[-1] + scale["increment"] * predicted if scale else predicted)
    return values[len(window) : len(window) + steps]


def test_the_first_output_is_the_point_after_the_last_row_and_the_others_follow_from_it(runs, room, capsys):
    times, values = forecast(capsys, "run=file", "data.path=load.csv", "steps=24")
    assert times == list(range(120, 144))
    expected = by_hand(runs["file"], np.float64(np.float32(LOADS[-7:])), 24)
    assert values == pytest.approx(expected, rel=1e-13)


def test_without_a_file_it_goes_on_after_the_runs_own(room, capsys):
    assert forecast(capsys, "run=file", "steps=3") == forecast(capsys, "run=file", "data.path=load.csv", "steps=3")


def test_a_file_of_one_window_is_enough(room, capsys):
    write(room / "newest.csv", LOADS[-7:])
    times, values = forecast(capsys, "run=file", "data.path=newest.csv", "steps=5")
    assert times == list(range(7, 12))
    assert values == forecast(capsys, "run=file", "steps=5")[1]


def test_after_a_curve_it_goes_on_where_the_test_ended_with_all_points_of_a_block(runs, room, capsys):
    times, values = forecast(capsys, "run=block", "steps=8")
    distance = 0.4 / 39
    assert times == pytest.approx([0.7 + distance * step for step in range(40, 48)], rel=1e-12)
    window = np.float64(np.sin(0.7 + distance * np.arange(33, 40)).astype(np.float32))
    assert values == pytest.approx(by_hand(runs["block"], window, 8), rel=1e-12)


def test_a_file_without_change_is_gone_on_with(room, capsys):
    write(room / "flat.csv", [830] * 7)
    _, values = forecast(capsys, "run=file", "data.path=flat.csv", "steps=3")
    assert np.isfinite(values).all()


def test_a_gap_is_filled_if_asked(room, capsys):
    rows = [str(value) for value in LOADS[-9:]]
    write(room / "gap.csv", [*rows[:5], "", *rows[6:]])
    write(room / "filled.csv", [*rows[:5], str((LOADS[-5] + LOADS[-3]) / 2), *rows[6:]])
    filled = forecast(capsys, "run=file", "data.path=gap.csv", "data.fill=linear", "steps=3")
    assert filled == forecast(capsys, "run=file", "data.path=filled.csv", "steps=3")


def test_a_forecast_is_one_file_and_an_older_one_of_its_name_is_replaced(room, capsys):
    before = everything(room)
    for steps in (2, 4):
        assert dispatch(["forecast", "run=file", f"steps={steps}", "output=forecast.csv"]) == 0
        assert everything(room) - before == {room / "forecast.csv"}
        printed = capsys.readouterr().out
        assert "forecast.csv" in printed
        assert "persistence" in printed
        _, values = columns((room / "forecast.csv").read_text())
        assert values == forecast(capsys, "run=file", f"steps={steps}")[1]


def test_a_figure_is_drawn_only_if_asked(room, capsys):
    before = everything(room)
    for _ in range(2):
        forecast(capsys, "run=file", "figure=forecast.png", "steps=9")
    assert everything(room) - before == {room / "forecast.png"}
    assert (room / "forecast.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("words", "parts"),
    [
        (["run=last"], ["run=last", "cannot be fed back", "data.horizon_output=all"]),
        (["run=file", "data.path=six.csv"], ["six.csv", "ends after 6 rows", "data.window=7"]),
        (["run=file", "data.path=load.csv", "data.column=lod"], ["data.column=lod", "data.column=load"]),
        (["run=file", "data.path=gap.csv"], ["gap.csv", "line 10", "has no value", "data.fill=linear"]),
        (["run=file", "data.path=gone.csv"], ["gone.csv", "No such file"]),
        (["run=block", "data.column=load"], ["data.column=load", "data.path="]),
        (["run=file", "steps=0"], ["steps=0", "at least 1"]),
        (["run=file", "steps=1000000000000"], ["steps=1000000000000", "memory"]),
        (["run=file", "output=no/forecast.csv"], ["output=no/forecast.csv", "there is no folder"]),
        (["run=file", "output=outputs"], ["output=outputs", "is a folder"]),
        (["run=file", "output=new/"], ["output=new/", "is a folder"]),
        (["run=file", "output=-"], ["output=-", "standard output"]),
        (["run=file", "output=/dev/null"], ["output=/dev/null", "no ordinary file"]),
        (["run=file", "output=old.csv", "data.path=old.csv"], ["output=old.csv", "data.path="]),
        (["run=file", "output=load.csv"], ["output=load.csv", "is no forecast"]),
        (["run=file", "figure=load.csv"], ["figure=load.csv", "is no forecast"]),
        (["run=file", "figure=forecast.pdf"], ["figure=forecast.pdf", ".png"]),
        (["run=file", "rollout=3"], ["rollout"]),
        (
            ["run=file", "data.path=~nobody-here/load.csv"],
            ["data.path=~nobody-here/load.csv", "stands for no folder"],
        ),
        (["run=file", "output=~nobody-here.csv"], ["output=~nobody-here.csv", "mean 'output=./~nobody-here.csv'?"]),
        (["run=file", f"figure={'f' * 300}.png"], ["figure=", "File name too long"]),
        ([f"run={'f' * 300}"], ["run=", "names no run"]),
    ],
    ids=" ".join,
)
def test_what_cannot_be_is_refused_and_leaves_nothing(words, parts, room, capsys):
    write(room / "six.csv", LOADS[-6:])
    write(room / "old.csv", [f"{row},830" for row in LOADS[:9]], header="step,time,prediction")
    write(room / "gap.csv", [*LOADS[:8], "", *LOADS[9:12]])
    before = {path: path.read_bytes() for path in everything(room)}
    code, message = outcome(["forecast", *words], capsys)
    assert code == 2
    for part in parts:
        assert part in message
    assert {path: path.read_bytes() for path in everything(room)} == before


def test_a_file_that_has_changed_since_is_named_before_it_is_gone_on_with(room, capsys):
    write(room / "load.csv", [*LOADS, 841.5])
    try:
        code, message = outcome(["forecast", "run=file"], capsys)
        assert (code, "data.path=load.csv" in message, "has changed since" in message) == (2, True, True)
        times, _ = forecast(capsys, "run=file", "data.path=load.csv")
    finally:
        write(room / "load.csv", LOADS)
    assert times == [121]


def test_a_network_that_runs_away_is_no_forecast_and_a_cell_of_ones_own_has_to_be_allowed(
    home, monkeypatch, capsys
):
    (home / "my_cell.py").write_text(CELL)
    monkeypatch.syspath_prepend(str(home))
    train("cell._target_=my_cell.RunsAway", "function=sin", "data.rollout_steps=0", *SMALL, *TINY_DATA)
    code, message = outcome(["forecast"], capsys)
    assert (code, "allow_targets=[my_cell]" in message) == (2, True)
    assert forecast(capsys, "allow_targets=[my_cell]", "steps=1")
    code, message = outcome(["forecast", "allow_targets=[my_cell]", "steps=9"], capsys)
    assert (code, "steps=9" in message, "no finite number" in message) == (2, True, True)


def test_a_forecast_that_cannot_be_printed_is_no_success(room):
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            command_line("forecast", "run=file"),
            stdout=full,
            stderr=subprocess.PIPE,
            env=environment(),
            check=False,
        )
    assert done.returncode == 1
    assert b"standard output cannot be written to" in done.stderr


def test_predict_refuses_stretches_and_rollouts_beyond_all_memory(room, capsys):
    for words in (["rollout=1000000000000"], ["data.test_samples=1000000000000"]):
        code, message = outcome(["predict", "run=block", *words], capsys)
        assert (code, words[0] in message, "memory" in message) == (2, True, True)


def test_the_example_of_the_documentation_works(room, capsys):
    text = (REPOSITORY / "docs" / "signals.md").read_text(encoding="utf-8")
    (line,) = (line.strip() for line in text.splitlines() if line.startswith("    rnnlab forecast "))
    write(room / "new_levels.csv", LOADS[:50])
    assert dispatch([*line.split()[1:], "run=file", "data.column=load"]) == 0
    assert len((room / "forecast.csv").read_text().splitlines()) == 25
