"""`rnnlab explain`, from the command line to the page, its numbers and its bad input."""

import json
import math
import shutil
from pathlib import Path

import numpy as np
import pytest
from helpers import SMALL, TINY_DATA, outcome, rnnlab, train
from made_inside import OWN_CELL
from mlflow import MlflowClient

from rnnlab.explain.influence import growth
from rnnlab.explain.subject import load_subject
from rnnlab.training.checkpoint_files import read_checkpoint, write_checkpoint
from rnnlab.training.snapshots import is_kept, snapshot_files


def explained(folder, *words, capsys):
    """Explain a run in this process and return its folder, what explain.json says and what was printed."""
    code, errors = outcome(["explain", *words], capsys)
    assert code == 0, errors
    place = folder / "explain"
    return place, json.loads((place / "explain.json").read_text())


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_page_with_its_figures_lies_in_the_runs_folder(here, capsys):
    run = train("cell=lstm", "layers=2", "model.hidden_size=5", "trainer.max_epochs=5", "trainer.snapshots=true")
    place, said = explained(run.path, "run=latest", capsys=capsys)
    names = {path.stem for path in (place / "figures").glob("*.png")}
    assert names == {
        *("film-at-a-peak", "film-at-a-zero-crossing", "film-at-random"),
        *("saturation", "dependence", "memory", "eigenvalues", "snapshots-derivative", "snapshots-prediction"),
    }
    page = (place / "index.html").read_text()
    assert page.count("<img") == len(names)
    assert "f_t = s(W_if x_t" in page
    assert said["missing"] == []
    result = run.read_result()
    (network,) = said["networks"]
    assert network["test_mse"] == pytest.approx(result.metrics["test/mse"], rel=1e-6)
    gates = {(row["layer"], row["gate"]) for row in said["saturation"]}
    assert gates == {(layer, f"{gate} gate") for layer in (1, 2) for gate in ("forget", "input", "output")}


def test_the_numbers_say_what_the_exact_recurrence_says(here, capsys):
    run = train(*SMALL, *TINY_DATA, "function=cos")
    _, said = explained(run.path, capsys=capsys)
    (dependence,) = said["numbers"]["dependence"]
    distance = 0.01 * 40 / 39  # the lab's stretches include both ends
    assert dependence["exact"] == pytest.approx([0] * 5 + [-1, 2 * math.cos(distance)])
    assert len(dependence["mean"]) == 7
    (loop,) = said["numbers"]["closed_loop"]
    assert complex(*loop["exact"][0]) == pytest.approx(complex(math.cos(distance), math.sin(distance)))
    labels = [one["label"] for one in said["numbers"]["memory"]]
    assert labels == ["cos-lstm-1x6-s0", "RNN, untrained", "LSTM, untrained", "GRU, untrained"]
    assert said["numbers"]["memory"][0]["lags"] == [*range(7), 12, 15, 20, 25, 30]


def test_snapshots_show_how_the_network_got_there(here, capsys):
    run = train(*TINY_DATA, "layers=1", "model.hidden_size=6", "trainer.max_epochs=12", "trainer.snapshots=true")
    assert list(snapshot_files(run.snapshots)) == [1, 2, 5, 10]
    _, said = explained(run.path, capsys=capsys)
    (growth,) = said["numbers"]["snapshots"]
    best = run.read_manifest()["best_epoch"]
    assert [one["epoch"] for one in growth["after"]] == sorted({1, 2, 5, 10, best})
    errors = {one["epoch"]: one["test_mse"] for one in growth["after"]}
    assert errors[best] == pytest.approx(run.read_result().metrics["test/mse"], rel=1e-6)
    assert errors[1] > errors[best]


def test_without_snapshots_the_page_says_how_to_get_them(here, capsys):
    run = train(*SMALL, *TINY_DATA)
    assert not run.snapshots.exists()
    place, said = explained(run.path, capsys=capsys)
    assert said["hints"] == [
        "Snapshots: none were kept; train with trainer.snapshots=true to see how the network grew."
    ]
    assert "trainer.snapshots=true" in (place / "index.html").read_text()


def test_epochs_with_a_snapshot_are_1_2_5_and_their_tenfold():
    assert [epoch for epoch in range(1, 1001) if is_kept(epoch)] == [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000]


def test_going_on_from_an_earlier_epoch_forgets_later_snapshots(here):
    run = train(*TINY_DATA, *SMALL[:1], "layers=1", "trainer.max_epochs=2", "trainer.snapshots=true")
    shutil.copy(run.snapshots / "epoch-2.ckpt", run.snapshots / "epoch-5.ckpt")
    assert rnnlab("train", f"resume={run.path}", "trainer.max_epochs=4", folder=here).returncode == 0
    assert list(snapshot_files(run.snapshots)) == [1, 2]


def test_a_chosen_window_comes_first(here, capsys):
    run = train(*SMALL, *TINY_DATA)
    place, said = explained(run.path, "window=9", capsys=capsys)
    first, *others = said["numbers"]["windows"]
    assert (first["window"], first["place"]) == (9, "as asked")
    assert len(others) == 3
    assert (place / "figures" / "film-as-asked.png").is_file()
    explained(run.path, capsys=capsys)
    assert not (place / "figures" / "film-as-asked.png").exists()


def test_two_runs_stand_side_by_side_on_the_same_windows(here, capsys):
    data = [*TINY_DATA, "model.hidden_size=6", "trainer.max_epochs=2"]
    for words in (["cell=lstm", "layers=1"], ["cell=gru", "layers=2"]):
        train(*words, *data)
    code, errors = outcome(["explain", "runs=cos-lstm-1x6-s0,cos-gru-2x6-s0"], capsys)
    assert code == 0, errors
    (place,) = here.glob("outputs/runs-*/explain")
    said = json.loads((place / "explain.json").read_text())
    assert [one["label"] for one in said["networks"]] == ["cos-lstm-1x6-s0", "cos-gru-2x6-s0"]
    windows = said["numbers"]["windows"]
    assert [one["window"] for one in windows[::2]] == [one["window"] for one in windows[1::2]]
    assert {path.name for path in place.glob("figures/film-at-its-highest*.png")} == {
        "film-at-its-highest-1.png",
        "film-at-its-highest-2.png",
    }


@pytest.mark.parametrize("order", ["plain,changes", "changes,plain"])
def test_runs_that_see_differences_and_values_stand_side_by_side_with_lags_of_their_own(order, here, capsys):
    # The series ends where the longest lag that fits values is one too long for differences.
    data = [*TINY_DATA, *SMALL, "data.test_samples=41"]
    train(*data, "name=plain")
    train(*data, "name=changes", "data.features=differences")
    code, errors = outcome(["explain", f"runs={order}"], capsys)
    assert code == 0, errors
    (place,) = here.glob("outputs/runs-*/explain")
    said = json.loads((place / "explain.json").read_text())
    lags = {one["label"]: one["lags"] for one in said["numbers"]["memory"]}
    assert lags["plain"] == [*range(7), 12, 15, 20, 25, 30, 40]
    assert lags["changes"] == [*range(6), 12, 15, 20, 25, 30]


def test_the_page_is_logged_to_the_run(here):
    done = rnnlab("train", *SMALL, *TINY_DATA, folder=here)
    assert done.returncode == 0, done.stderr
    (hint,) = [line for line in done.stdout.splitlines() if line.startswith("inside")]
    done = rnnlab(*hint.split()[-2:], folder=here)
    assert (done.returncode, done.stderr) == (0, "")
    assert "page     outputs/single/" in done.stdout
    client = MlflowClient(tracking_uri=f"sqlite:///{here}/mlruns/mlflow.db")
    (run,) = client.search_runs([client.get_experiment_by_name("rnnlab").experiment_id])
    names = {Path(item.path).name for item in client.list_artifacts(run.info.run_id, "explain")}
    assert names == {"index.html", "explain.json", "figures"}


def test_the_same_run_gives_the_same_bytes(here, capsys):
    run = train(*SMALL, *TINY_DATA)
    place, _ = explained(run.path, capsys=capsys)
    before = {path: path.read_bytes() for path in place.rglob("*.*")}
    explained(run.path, capsys=capsys)
    assert {path: path.read_bytes() for path in place.rglob("*.*")} == before


@pytest.mark.parametrize(
    "words",
    [
        ["cell=gru", "data.features=both", "head=residual"],
        ["cell=rnn", "data.horizon=3", "data.horizon_output=all"],
        ["cell=labgru", "data.horizon=3"],
        ["cell=peepholelstm", "model.dtype=float64", "data.standardize=true"],
        ["cell=lstm", "function=square", "data.noise=0.1"],
        ["cell=lstm", "data.window=1", "layers=2"],
        ["cell=gru", "data.test_function=sin"],
    ],
    ids=" ".join,
)
def test_every_kind_of_run_is_explained(words, here, capsys):
    run = train(*SMALL, *TINY_DATA, *words)
    _, said = explained(run.path, capsys=capsys)
    loops = said["numbers"]["closed_loop"]
    assert len(loops) == (0 if words[0] == "cell=labgru" else 1)
    (dependence,) = said["numbers"]["dependence"]
    assert np.isfinite(dependence["mean"]).all()
    is_sinusoid = words[1] not in ("function=square", "data.window=1")
    assert (dependence["exact"] is not None) == is_sinusoid


@pytest.mark.parametrize("frequency", [0, math.pi * 39 / 40])
def test_windows_on_a_line_tell_no_recurrence(frequency, here, capsys):
    data = ["data.horizon=2", "data.spacing=1.0", "function=sin", f"function.angular_frequency={frequency}"]
    run = train(*SMALL, *TINY_DATA, *data)
    _, said = explained(run.path, capsys=capsys)
    assert said["numbers"]["dependence"][0]["exact"] is None


def test_a_curve_that_runs_backwards_turns_as_far(here, capsys):
    run = train(*SMALL, *TINY_DATA, "function=sin", "function.angular_frequency=-20")
    _, said = explained(run.path, capsys=capsys)
    assert said["eigenvalues"][-1]["label"] == "exact recurrence"
    assert said["eigenvalues"][-1]["angle"] == pytest.approx(20 * 0.01 * 40 / 39)


def test_the_test_mse_is_that_of_all_windows_however_few_are_looked_at(here, capsys, monkeypatch):
    monkeypatch.setattr("rnnlab.explain.subject.MOST_WINDOWS", 5)
    run = train(*SMALL, *TINY_DATA, "trainer.snapshots=true")
    _, said = explained(run.path, capsys=capsys)
    expected = pytest.approx(run.read_result().metrics["test/mse"], rel=1e-6)
    assert said["networks"][0]["test_mse"] == expected
    after = {one["epoch"]: one["test_mse"] for one in said["numbers"]["snapshots"][0]["after"]}
    assert after[said["networks"][0]["best_epoch"]] == expected


def test_first_predictions_of_several_stand_at_their_own_times(here):
    words = ["function=cos", "data.horizon=3", "data.horizon_output=all", "trainer.snapshots=true"]
    run = train(*SMALL, *TINY_DATA, *words)
    subject = load_subject(str(run.path), [], "run")
    grown = growth(subject)
    assert np.allclose(grown.truth, np.cos(grown.times), atol=1e-6)


@pytest.mark.parametrize("damage", ["empty", "no dict", "shape"])
def test_a_snapshot_of_another_network_is_one_message(damage, here, capsys):
    run = train(*SMALL, *TINY_DATA, "trainer.snapshots=true")
    path = run.snapshots / "epoch-1.ckpt"
    weights = read_checkpoint(path, "run")["state_dict"]
    wrong = {"empty": {}, "no dict": 3, "shape": {name: value[:-1] for name, value in weights.items()}}[damage]
    write_checkpoint(path, {"epoch": 1, "state_dict": wrong})
    code, errors = outcome(["explain"], capsys)
    assert (code, errors) == (
        2,
        "rnnlab: run=cos-lstm-1x6-s0: has a snapshot of epoch 1 that is none of its network.\n",
    )
    assert not (run.path / "explain").exists()


def made_nan(path):
    content = read_checkpoint(path, "run")
    weights = {name: value * math.nan for name, value in content["state_dict"].items()}
    write_checkpoint(path, content | {"state_dict": weights})


def test_a_snapshot_that_diverged_is_left_out_and_named(here, capsys):
    run = train(*SMALL, *TINY_DATA, "trainer.max_epochs=5", "trainer.snapshots=true")
    made_nan(run.snapshots / "epoch-1.ckpt")
    place, said = explained(run.path, capsys=capsys)
    assert said["notes"]["growth"][0].endswith(" After 1 it computed no finite numbers.")
    assert "NaN" not in (place / "explain.json").read_text()


def test_a_network_that_diverged_is_one_message(here, capsys):
    run = train(*SMALL, *TINY_DATA)
    made_nan(run.best)
    assert outcome(["explain"], capsys) == (
        2,
        "rnnlab: run=latest: predicts values that are no finite numbers: it diverged in training.\n",
    )


def test_a_network_with_infinite_derivatives_is_one_message(here, capsys):
    run = train(
        *SMALL, *TINY_DATA, "cell=linear", "data.test_function=sin", "function=sin", "function.amplitude=1e-30"
    )
    content = read_checkpoint(run.best, "run")
    weights = {name: value * 0 + 1e25 for name, value in content["state_dict"].items()}
    write_checkpoint(run.best, content | {"state_dict": weights})
    code, errors = outcome(["explain"], capsys)
    assert code == 2
    assert len(errors.splitlines()) == 1
    assert "no finite numbers" in errors


def test_a_folder_that_cannot_be_written_is_one_message(here, capsys):
    run = train(*SMALL, *TINY_DATA)
    (run.path / "explain").write_text("in the way")
    code, errors = outcome(["explain"], capsys)
    assert code == 2
    assert errors.endswith("explain: cannot be written to (Not a directory).\n")


@pytest.mark.parametrize("cell", ["lru", "mlp", "linear", "mingru"])
def test_a_cell_without_a_reference_gets_a_page_without_gates_and_a_line_that_says_so(cell, here, capsys):
    run = train(*SMALL, *TINY_DATA, f"cell={cell}")
    code, errors = outcome(["explain"], capsys)
    assert code == 0
    assert errors.count("\n") == 1
    assert "has no reference cell" in errors
    said = json.loads((run.path / "explain" / "explain.json").read_text())
    assert (said["saturation"], said["numbers"]["memory"]) == ([], [])
    assert (run.path / "explain" / "figures" / "dependence.png").is_file()


def test_of_a_users_own_cell_all_is_shown_that_needs_no_gates(here):
    (here / "my_lab.py").write_text(OWN_CELL)
    words = [*SMALL, *TINY_DATA, "cell._target_=my_lab.Mine", "trainer.snapshots=true"]
    assert rnnlab("train", *words, folder=here).returncode == 0
    refused = rnnlab("explain", folder=here)
    assert refused.returncode == 2
    assert "allow_targets=[my_lab]" in refused.stderr
    done = rnnlab("explain", "allow_targets=[my_lab]", folder=here)
    assert done.returncode == 0
    (line,) = done.stderr.splitlines()
    assert line == (
        "rnnlab: cos-mine-1x6-s0: my_lab.Mine has no reference cell, so that its gates cannot be shown; "
        "the rest of the page was made"
    )
    (place,) = here.glob("outputs/single/*/explain")
    names = {path.stem for path in (place / "figures").glob("*.png")}
    assert names >= {"dependence", "memory", "eigenvalues", "snapshots-derivative", "film-at-its-highest"}
    assert "saturation" not in names


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["run=nobody"], "names no run"),
        (["window=33"], "window=33: must be a whole number, at least 0, at most 32"),
        (["window=-1"], "window=-1: must be a whole number, at least 0"),
        (["window=first"], "must be a whole number"),
        (["runs=latest"], "must be two runs or more"),
        (["runs=latest,latest"], "names a run twice"),
        (["runs=latest,nobody"], "names no run"),
        (["runs=latest,other"], "is tested on other windows"),
        (["run=latest", "runs=latest,other"], "is given beside run"),
    ],
)
def test_bad_input_is_one_message_and_nothing_is_written(words, expected, here, capsys):
    train(*SMALL, *TINY_DATA, "name=other", "data.spacing=0.05")
    train(*SMALL, *TINY_DATA)
    before = sorted(here.rglob("*"))
    code, errors = outcome(["explain", *words], capsys)
    assert code == 2
    assert expected in errors
    assert len(errors.strip().splitlines()) == 1
    assert sorted(here.rglob("*")) == before


def test_a_run_without_a_checkpoint_is_one_message(here, capsys):
    run = train(*SMALL, *TINY_DATA)
    run.best.unlink()
    code, errors = outcome(["explain"], capsys)
    assert code == 2
    assert "has no checkpoint best.ckpt" in errors
    assert not (run.path / "explain").exists()
