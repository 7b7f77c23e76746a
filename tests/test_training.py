"""Training: the same numbers as a bare loop, the same again, resumed exactly, stopped when it should."""

import json
import math
import re

import numpy as np
import pytest
import torch
from helpers import SMALL, TINY_DATA, train

from rnnlab.cli import dispatch
from rnnlab.config.record import load_config
from rnnlab.data.batches import epoch_order, to_tensors
from rnnlab.errors import BadInputError
from rnnlab.tracking.metrics import read_curves
from rnnlab.training.build import build_optimizer, build_run_network, build_splits
from rnnlab.training.checkpoint_files import read_checkpoint
from rnnlab.training.schedules import constant, cosine, onecycle, plateau

QUICK = [*SMALL[:1], "layers=1", *TINY_DATA]


def weights(path):
    return read_checkpoint(path, "run")["state_dict"]


def assert_same_weights(left, right):
    assert left.keys() == right.keys()
    for name, value in left.items():
        assert torch.equal(value, right[name]), name


@pytest.mark.parametrize("cell", ["lstm", "gru"])
def test_losses_are_those_of_a_bare_loop(cell, home):
    folder = train(f"cell={cell}", "layers=2", "trainer.max_epochs=3", "trainer.log_every_n_steps=1", *QUICK[:1],
                   *TINY_DATA, "trainer.gradient_clip=0.5", "schedule=cosine")  # fmt: skip
    config = load_config(folder.config)
    network, windows = build_run_network(config), build_splits(config).train
    inputs, labels = torch.from_numpy(windows.inputs.copy()), torch.from_numpy(windows.labels.copy())
    optimizer = torch.optim.Adam(network.parameters(), lr=0.01, fused=True)
    losses = []
    for epoch in range(3):
        optimizer.param_groups[0]["lr"] = 0.01 * (1 + math.cos(math.pi * epoch / 3)) / 2
        for batch in epoch_order(len(labels), 0, epoch).split(9):
            loss = ((network(inputs[batch]) - labels[batch]) ** 2).sum()
            optimizer.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(network.parameters(), 0.5)
            optimizer.step()
            losses.append(loss.item())
    steps, recorded = read_curves(folder.metrics)["train/loss"]
    assert steps == list(range(1, len(losses) + 1))
    assert recorded == losses


def test_the_same_seed_gives_the_same_test_mse_to_the_last_digit(home):
    first, second = (train("trainer.max_epochs=3", *QUICK) for _ in range(2))
    assert first.read_result().metrics["test/mse"] == second.read_result().metrics["test/mse"]
    assert_same_weights(weights(first.best), weights(second.best))
    assert first.predictions.read_bytes() == second.predictions.read_bytes()


def test_another_seed_gives_another_result(home):
    results = [train("trainer.max_epochs=2", f"seed={seed}", *QUICK).read_result() for seed in (0, 1)]
    assert results[0].metrics["test/mse"] != results[1].metrics["test/mse"]


def test_a_resumed_run_ends_like_an_uninterrupted_one(home):
    whole = train("trainer.max_epochs=7", *QUICK)
    half = train("trainer.max_epochs=3", *QUICK)
    run_id = half.read_result().run_id
    assert dispatch(["train", f"resume={run_id[:6]}", "trainer.max_epochs=7"]) == 0
    assert_same_weights(weights(whole.last), weights(half.last))
    assert_same_weights(weights(whole.best), weights(half.best))
    assert half.read_result().run_id == run_id
    assert half.read_result().metrics["test/mse"] == whole.read_result().metrics["test/mse"]
    assert read_curves(half.metrics)["train/mse"] == read_curves(whole.metrics)["train/mse"]
    assert read_curves(half.metrics)["train/loss"] == read_curves(whole.metrics)["train/loss"]


def test_resuming_refuses_to_make_it_another_run(home, capsys):
    train("trainer.max_epochs=2", *QUICK)
    assert dispatch(["train", "resume=latest", "cell=gru", "trainer.max_epochs=4"]) == 2
    assert "resume= goes on with the run's own config" in capsys.readouterr().err


def test_resuming_a_run_that_is_done_asks_for_more_epochs(home, capsys):
    train("trainer.max_epochs=2", *QUICK)
    assert dispatch(["train", "resume=latest"]) == 2
    assert "has trained 2 epochs" in capsys.readouterr().err


def test_the_best_epoch_is_chosen_by_training_error_never_by_the_test(home):
    folder = train("trainer.max_epochs=6", *QUICK)
    epochs, mses = read_curves(folder.metrics)["train/mse"]
    best = read_checkpoint(folder.best, "run")
    assert best["monitored"] == min(mses)
    assert best["epoch"] == epochs[int(np.argmin(mses))]


def test_with_a_validation_stretch_its_error_chooses(home):
    folder = train("trainer.max_epochs=5", "data.val_fraction=0.3", *QUICK)
    _, mses = read_curves(folder.metrics)["val/mse"]
    assert len(mses) == 5
    assert read_checkpoint(folder.best, "run")["monitored"] == min(mses)


def test_early_stopping_stops_when_the_value_no_longer_falls(home):
    folder = train("trainer.max_epochs=40", "trainer.early_stopping.patience=2",
                   "trainer.early_stopping.min_delta=100", *QUICK)  # fmt: skip
    assert len(read_curves(folder.metrics)["train/mse"][0]) == 3


def test_the_test_is_made_with_the_best_weights(home):
    folder = train("trainer.max_epochs=4", *QUICK)
    config = load_config(folder.config)
    network = build_run_network(config)
    network.load_state_dict(weights(folder.best))
    test = build_splits(config).test
    with torch.no_grad():
        predicted = network(torch.from_numpy(test.inputs.copy())).double().numpy()
    expected = np.mean((predicted - test.labels) ** 2)
    assert folder.read_result().metrics["test/mse"] == pytest.approx(expected, rel=1e-9)
    assert folder.read_result().metrics["test/rmse"] == pytest.approx(math.sqrt(expected), rel=1e-9)


def test_testing_on_another_function_is_a_choice(home):
    on_cos = train("function=cos", "trainer.max_epochs=1", *QUICK)
    on_sin = train("function=cos", "data.test_function=sin", "trainer.max_epochs=1", *QUICK)
    assert_same_weights(weights(on_cos.best), weights(on_sin.best))
    config = load_config(on_sin.config)
    assert config.data.test_function["_target_"] == "rnnlab.data.signals.sin"
    truth = np.sin(np.linspace(0.7, 1.1, 40)).astype(np.float32)[7:]
    rows = np.genfromtxt(on_sin.predictions, delimiter=",", names=True)
    assert np.array_equal(rows["truth"].astype(np.float32), truth)


def test_checkpoints_hold_nothing_that_is_unpickled(home):
    folder = train("trainer.max_epochs=2", *QUICK)
    for path in (folder.best, folder.last):
        assert "state_dict" in torch.load(path, weights_only=True)


def test_a_loss_that_is_no_number_fails_the_run_and_keeps_the_last_good_checkpoint(home, capsys):
    (home / "my_schedule.py").write_text("def explode(progress): return 1.0 if progress < 0.5 else 1e38\n")
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(home)
        code = dispatch(["train", "tracking=off", "schedule._target_=my_schedule.explode", "trainer.max_epochs=6",
                         "trainer.checkpoint_seconds=0", *QUICK])  # fmt: skip
    assert code == 1
    (result_file,) = home.glob("outputs/single/*/result.json")
    result = json.loads(result_file.read_text())
    assert result["status"] == "FAILED"
    assert "in epoch 4, step" in result["error"]
    assert "in epoch 4, step" in capsys.readouterr().err
    for path in result_file.parent.glob("checkpoints/*.ckpt"):
        assert all(value.isfinite().all() for value in weights(path).values())
    assert read_checkpoint(result_file.parent / "checkpoints" / "last.ckpt", "run")["epoch"] == 2


def test_weights_that_blow_up_in_the_last_step_fail_the_run(home):
    words = ["optimizer.lr=1e38", "data.batch_size=1000", "trainer.max_epochs=1"]
    assert dispatch(["train", "tracking=off", *SMALL[:1], "layers=1", *TINY_DATA[:3], *words]) == 1
    (result_file,) = home.glob("outputs/single/*/result.json")
    assert json.loads(result_file.read_text())["status"] == "FAILED"
    assert list(result_file.parent.glob("checkpoints/*.ckpt")) == []


def test_resuming_on_another_device_keeps_the_other_settings(home):
    folder = train("trainer.max_epochs=2", "trainer.gradient_clip=0.5", *QUICK)
    assert dispatch(["train", "resume=latest", "trainer=cpu", "trainer.max_epochs=3"]) == 0
    trainer = load_config(folder.config).trainer
    assert (trainer.gradient_clip, trainer.accelerator, trainer.max_epochs) == (0.5, "cpu", 3)


def test_resuming_in_a_store_that_does_not_know_the_run_is_refused(home, capsys):
    train("trainer.max_epochs=2", *QUICK)
    assert dispatch(["train", "resume=latest", "tracking=local", "trainer.max_epochs=3"]) == 2
    assert "tracking=off" in capsys.readouterr().err
    assert not (home / "mlruns").exists()


def test_an_id_that_looks_like_a_number_is_taken_as_it_is(home, capsys):
    train("name=1e3", "trainer.max_epochs=1", *QUICK)
    assert dispatch(["predict", "run=1e3"]) == 0
    assert "1e3 on cos" in capsys.readouterr().out


def test_schedules_begin_at_one_and_cosine_ends_at_its_final_value():
    assert [constant(0.0), constant(1.0)] == [1, 1]
    assert cosine(0.0, final=0.1) == 1
    assert cosine(0.5, final=0.1) == pytest.approx(0.55)
    assert cosine(1.0, final=0.1) == pytest.approx(0.1)


def test_onecycle_rises_to_one_and_falls_to_its_final_value():
    factors = [onecycle(progress, warmup=0.25, first=0.1, final=0.02) for progress in np.linspace(0, 1, 101)]
    assert [factors[0], factors[25], factors[100]] == pytest.approx([0.1, 1, 0.02])
    assert [*np.sign(np.diff(factors))] == [1] * 25 + [-1] * 75


@pytest.mark.parametrize(("patience", "threshold", "least"), [(0, 0.0, 0.0), (3, 0.1, 0.0), (1, 0.01, 0.3)])
def test_plateau_is_torchs_own(patience, threshold, least):
    monitored = [*np.random.default_rng(1).uniform(0.5, 1.0, 40) * np.linspace(1, 0.3, 40)]
    weight = torch.nn.Parameter(torch.zeros(1))
    theirs = torch.optim.lr_scheduler.ReduceLROnPlateau(
        torch.optim.SGD([weight], lr=1.0), factor=0.5, patience=patience, threshold=threshold, min_lr=least, eps=0
    )
    factors = []
    for value in monitored:
        theirs.step(value)
        factors.append(theirs.get_last_lr()[0])
    ours = [
        plateau(0.0, monitored[: epoch + 1], patience=patience, threshold=threshold, least=least)
        for epoch in range(40)
    ]
    assert ours == factors
    assert len(set(ours)) > 1


def learning_rate(folder):
    """Return the learning rate of the last epoch."""
    return read_checkpoint(folder.last, "run")["optimizer_states"][0]["param_groups"][0]["lr"]


@pytest.mark.parametrize("val_fraction", [0, 0.3])
def test_a_plateau_lowers_the_learning_rate_and_goes_on_exactly(val_fraction, home):
    schedule = ["schedule=plateau", "schedule.patience=1", "schedule.threshold=0.9"]
    words = [*schedule, f"data.val_fraction={val_fraction}", *QUICK]
    whole = train("trainer.max_epochs=9", *words)
    half = train("trainer.max_epochs=4", "name=half", *words)
    metric = "val/mse" if val_fraction else "train/mse"
    _, monitored = read_curves(whole.metrics)[metric]
    assert learning_rate(whole) == 0.01 * plateau(8 / 9, monitored[:8], patience=1, threshold=0.9) < 0.005
    assert dispatch(["train", "resume=half", "trainer.max_epochs=9"]) == 0
    assert_same_weights(weights(whole.last), weights(half.last))


def test_a_resumed_run_takes_the_learning_rate_of_its_own_epochs(home):
    folder = train("trainer.max_epochs=2", "schedule=cosine", *QUICK)
    assert dispatch(["train", "resume=latest", "trainer.max_epochs=3"]) == 0
    assert learning_rate(folder) == pytest.approx(0.01 * cosine(2 / 3))


def test_a_step_of_lbfgs_has_one_loss_and_agrees_with_a_bare_loop(home):
    words = ["optimizer=lbfgs", "data.batch_size=null", "model.dtype=float64", "trainer.log_every_n_steps=1"]
    folder = train("trainer.max_epochs=3", *words, *QUICK[:2], *TINY_DATA[:3])
    config = load_config(folder.config)
    network = build_run_network(config)
    inputs, labels = to_tensors(build_splits(config).train, torch.device("cpu"), torch.float64)
    optimizer = build_optimizer(config, network.parameters())
    losses = []
    for epoch in range(3):
        order = epoch_order(len(labels), 0, epoch)

        def closure(order=order):
            optimizer.zero_grad()
            loss = (network(inputs[order]) - labels[order]).square().sum()
            loss.backward()
            return loss

        losses.append(optimizer.step(closure).item())
    assert optimizer.state_dict()["state"][0]["func_evals"] > 3 * 3
    curves = read_curves(folder.metrics)
    assert curves["train/loss"] == ([1, 2, 3], losses)
    assert curves["train/mse"][1] == pytest.approx([loss / len(labels) for loss in losses], rel=1e-14)
    assert read_checkpoint(folder.last, "run")["global_step"] == 3
    assert losses[2] < losses[1] < losses[0]


def test_without_a_batch_size_all_windows_are_one_batch(home):
    null, large = (
        train("trainer.max_epochs=2", f"data.batch_size={size}", *QUICK[:2], *TINY_DATA[:3])
        for size in ("null", 63)
    )
    assert_same_weights(weights(null.last), weights(large.last))
    assert read_checkpoint(null.last, "run")["global_step"] == 2


def test_float64_is_kept_in_checkpoints_predictions_and_what_follows(home):
    folder = train("trainer.max_epochs=3", "model.dtype=float64", "data.val_fraction=0.3", "name=double", *QUICK)
    for path in (folder.best, folder.last):
        assert {value.dtype for value in weights(path).values()} == {torch.float64}
    config = load_config(folder.config)
    network = build_run_network(config)
    network.load_state_dict(weights(folder.best))
    windows = build_splits(config).test
    with torch.no_grad():
        expected = network(torch.from_numpy(windows.inputs.astype(np.float64))).numpy()
    rows = np.genfromtxt(folder.predictions, delimiter=",", names=True)
    assert np.array_equal(rows["prediction"], expected)
    assert not np.array_equal(expected, expected.astype(np.float32))
    assert folder.read_result().metrics["test/mse"] == np.mean((expected - windows.labels) ** 2)
    assert dispatch(["predict", "run=double"]) == 0
    assert (folder.path / "predict-1" / "predictions.csv").read_bytes() == folder.predictions.read_bytes()
    assert dispatch(["train", "resume=double", "trainer.max_epochs=4"]) == 0
    assert {value.dtype for value in weights(folder.last).values()} == {torch.float64}


def test_the_precision_cannot_change_on_resuming(home, capsys):
    train("trainer.max_epochs=1", *QUICK)
    assert dispatch(["train", "resume=latest", "trainer.max_epochs=2", "model.dtype=float64"]) == 2
    assert "model.dtype=float32" in capsys.readouterr().err


def test_predict_repeats_the_runs_own_test(home, capsys):
    folder = train("trainer.max_epochs=2", "name=mine", *QUICK)
    assert dispatch(["predict", "run=mine"]) == 0
    assert f"test MSE {folder.read_result().metrics['test/mse']:.4e}" in capsys.readouterr().out
    assert (folder.path / "predict-1" / "predictions.csv").read_bytes() == folder.predictions.read_bytes()
    names = {path.name for path in (folder.path / "predict-1" / "figures").glob("*.png")}
    assert names == {"prediction.png", "zoom.png", "rollout.png"}


def test_predict_takes_another_curve_and_stretch(home, capsys):
    train("function=cos", "trainer.max_epochs=2", *QUICK)
    assert dispatch(["predict", "run=latest", "function=sin", "data.test_samples=2000"]) == 0
    assert re.search(r"on sin\b.*, 1993 windows", capsys.readouterr().out)


@pytest.mark.parametrize(
    ("damage", "says"),
    [
        (lambda path: path.write_bytes(path.read_bytes()[:300]), "damaged checkpoint"),
        (lambda path: path.write_bytes(b""), "damaged checkpoint"),
        (lambda path: path.write_bytes(b"broken"), "damaged checkpoint"),
        (lambda path: path.unlink(), "has no checkpoint"),
    ],
    ids=["cut short", "empty", "broken", "missing"],
)
def test_predict_names_a_checkpoint_that_cannot_be_used(damage, says, home, capsys):
    folder = train("trainer.max_epochs=1", *QUICK)
    damage(folder.best)
    assert dispatch(["predict", "run=latest"]) == 2
    assert says in capsys.readouterr().err
    assert not list(folder.path.glob("predict-*"))


def test_predict_names_runs_that_share_a_name(home, capsys):
    for _ in range(2):
        train("name=twin", "trainer.max_epochs=1", *QUICK)
    assert dispatch(["predict", "run=twin"]) == 2
    assert "names 2 runs" in capsys.readouterr().err
    assert dispatch(["predict", "run=twim"]) == 2
    message = capsys.readouterr().err
    assert "names no run" in message
    assert "run=twin" not in message  # it would be refused in turn


def test_bad_input_of_predict_is_refused(home):
    train("trainer.max_epochs=1", *QUICK)
    with pytest.raises(BadInputError, match=r"must be one of .*cos, .*sin"):
        dispatch(["predict", "function=sine"])
    assert dispatch(["predict", "data.test_samples=5"]) == 2
