"""Configs: what they say of themselves, and what is refused before anything is created."""

import re

import pytest
import torch
from helpers import REPOSITORY, outcome
from hydra.core.override_parser.overrides_parser import OverridesParser
from omegaconf import OmegaConf

from rnnlab.cli import dispatch
from rnnlab.cli.flags import flags_and_overrides
from rnnlab.config.groups import Groups, conf_folder
from rnnlab.config.keys import keys_of
from rnnlab.config.quoting import quoted
from rnnlab.config.record import config_hash, load_config, save_config
from rnnlab.config.register import SCHEMAS
from rnnlab.config.schema import RunConfig

GROUPS = Groups([str(conf_folder())])
OPTIONS = [(group, option) for group in GROUPS.names() for option in GROUPS.options(group)]


NO_GPU = pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has a GPU")


@pytest.mark.parametrize(
    ("words", "parts"),
    [
        (["function=sinus"], ["function=sinus", "cos, csv", "Did you mean function=sin?"]),
        (["cell=lsmt"], ["cell=lsmt", "gru, labgru, linear, lru, lstm,", "Did you mean cell=lstm?"]),
        (["experiment=clasroom"], ["experiment=clasroom", "Did you mean experiment=classroom?"]),
        (["lyers=2"], ["lyers=2", "is no key", "Did you mean layers=2?"]),
        (["cel=gru"], ["cel=gru", "Did you mean cell=gru?"]),
        (["model.hiden_size=2"], ["model.hiden_size=2", "Did you mean model.hidden_size=2?"]),
        (["cell.forget_bais=2"], ["cell.forget_bais=2", "Did you mean cell.forget_bias=2?"]),
        (["layers=0"], ["layers=0", "a whole number, at least 1"]),
        (["layers=two"], ["layers=two", "a whole number, at least 1"]),
        (["layers=null"], ["layers=null", "a whole number, at least 1"]),
        (["model.hidden_size=-1"], ["model.hidden_size=-1", "at least 1"]),
        (["data.window=1000"], ["data.window=1000", "smaller than", "data.train_samples (1000)"]),
        (["data.window=0"], ["data.window=0", "at least 1"]),
        (["data.batch_size=0"], ["data.batch_size=0", "at least 1"]),
        (["data.spacing=inf"], ["data.spacing=inf", "a finite number, greater than 0"]),
        (["data.time_dtype=float16"], ["data.time_dtype=float16", "float32, float64"]),
        (["data.val_fraction=1"], ["data.val_fraction=1", "less than 1"]),
        (["data.val_fraction=0.005"], ["data.window=10", "data.val_fraction=0.005 keeps"]),
        (["data.test_function=sinus"], ["data.test_function=sinus", "Did you mean data.test_function=sin?"]),
        (["data.features=speed"], ["data.features=speed", "values, differences, both"]),
        (["data.features=both", "data.window=1"], ["data.features=both", "2 points or more"]),
        (["data.horizon=0"], ["data.horizon=0", "at least 1"]),
        (["data.horizon=995"], ["data.horizon=995", "at most 990", "data.test_samples (1000)"]),
        (["data.horizon_output=some"], ["data.horizon_output=some", "last, all"]),
        (["data.noise=-1"], ["data.noise=-1", "at least 0"]),
        (["data.rollout_steps=-1"], ["data.rollout_steps=-1", "at least 0"]),
        (["data.horizon=3", "data.rollout_steps=9"], ["data.rollout_steps=9", "data.horizon_output=all"]),
        (["data.path=mine.csv"], ["data.path=mine.csv", "goes with function=csv"]),
        (["data.test_fraction=0.3"], ["data.test_fraction=0.3", "goes with function=csv"]),
        (["function=csv"], ["data.path=null", "data.path=my.csv"]),
        (["function.amplitud=2"], ["function.amplitud=2", "Did you mean function.amplitude=2?"]),
        (["function=mackey_glass", "function.tau=0"], ["tau", "must be greater than 0"]),
        (["function=lorenz", "function.coordinate=w"], ["coordinate=w", "one of x, y, z"]),
        (["function=sine_sum", "function.phases=[0.5]"], ["phases", "equally many"]),
        (["head=residul"], ["head=residul", "direct, residual", "Did you mean head=residual?"]),
        (["optimizer.lr=0"], ["optimizer.lr=0", "a finite number, greater than 0"]),
        (["optimizer.lr=nan"], ["optimizer.lr=nan", "a finite number, greater than 0"]),
        (["optimizer.lr=fast"], ["optimizer.lr=fast", "a finite number, greater than 0"]),
        (["trainer.max_epochs=0"], ["trainer.max_epochs=0", "at least 1"]),
        pytest.param(
            ["trainer=gpu"], ["trainer.accelerator=gpu", "CUDA", "Did you mean trainer=cpu?"], marks=NO_GPU
        ),
        (["seed=-1"], ["seed=-1", "at least 0"]),
        (["resume=nothing"], ["resume=nothing", "there is no run"]),
        (["cell._target_=nowhere.Cell"], ["cell._target_=nowhere.Cell", "No module named 'nowhere'"]),
        (["cell.initialization=gloort"], ["initialization=gloort", "nearest: glorot"]),
        (["+optimizer.beta=1"], ["optimizer.beta=1", "torch.optim.Adam takes", "betas"]),
        (["optimizer=lbfgs"], ["data.batch_size=64", "all windows at once", "Did you mean data.batch_size=null?"]),
        (
            ["optimizer=lbfgs", "data.batch_size=null", "trainer.gradient_clip=1"],
            ["trainer.gradient_clip=1", "Did you mean trainer.gradient_clip=null?"],
        ),
        (
            ["optimizer=lbfgs", "data.batch_size=null", "optimizer.line_search_fn=wolf"],
            ["line_search_fn", "'wolf'", "only 'strong_wolfe' is supported"],
        ),
        (["optimizer=lbfgs", "data.batch_size=null", "optimizer.max_iter=0"], ["a step changes nothing"]),
        (["optimizer=sgd", "optimizer.momentum=0"], ["Nesterov momentum requires a momentum"]),
        (["schedule=onecycle", "schedule.warmup=1"], ["warmup=1 must be between 0 and 1"]),
        (["schedule=plateau", "schedule.reduction=2"], ["reduction=2 must be between 0 and 1"]),
        (["schedule=plateau", "schedule.patience=-1"], ["patience=-1 must be at least 0"]),
        (["model.dtype=float16"], ["model.dtype=float16", "float32, float64"]),
        (["cell=lru", "cell.output=gul"], ["output=gul must be one of glu, linear"]),
        (["cell=lru", "cell.r_min=0.9", "cell.r_max=0.5"], ["r_min=0.9 and r_max=0.5 must be"]),
        (["cell=mlp", "cell.window=0"], ["window=0 must be a whole number, at least 1"]),
        (["cell=mingru", "cell.initialization=gloort"], ["nearest: glorot"]),
        (
            ["cell=peepholelstm", "cell.forget_bias=much"],
            ["cell.forget_bias=much", "must be a number"],
        ),
        (["name=a/b"], ["name=a/b", "folder's name"]),
        (["name=" + "x" * 200], ["folder's name", "at most 150 bytes"]),
        (["tracking=server", "tracking.uri=http://127.0.0.1:abc"], ["tracking.uri", "that answers"]),
        (["tracking.experiment=Default"], ["tracking.experiment=Default", "not MLflow's Default"]),
        (["study=quick"], ["study=quick", "add -m"]),
        (["layers=1,2"], ["layers=1,2", "add -m"]),
        (["layers"], ["layers", "key=value"]),
        (["cell=null"], ["cell=null"]),
        (["tracking=server"], ["tracking.uri=null", "needs an address"]),
        (["tracking.uri=http://127.0.0.1:1"], ["tracking.uri", "goes with tracking=server"]),
        (["tracking=server", "tracking.uri=http://127.0.0.1:1"], ["tracking.uri", "that answers"]),
        (["-m", "layers=1,2,x", "seed=0,-1"], ["layers=x", "seed=-1"]),
        (["-m", "seed=1,1"], ["seed=1", "jobs 1 and 2 are the same run"]),
        (["-m", "study=quik"], ["study=quik", "Did you mean study=quick?"]),
        (["-m", "resume=latest", "layers=1,2"], ["resume=latest", "leave -m out"]),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_bad_input_names_key_value_and_mend_and_creates_nothing(words, parts, home, capsys):
    code, message = outcome(["train", *words], capsys)
    assert code == 2
    for part in parts:
        assert part in message
    assert "Traceback" not in message
    assert list(home.iterdir()) == []


@pytest.mark.parametrize("command", ["train", "runs", "report", "ui"])
@pytest.mark.parametrize(
    "address",
    ["http://me:hunter2@127.0.0.1:1", "http://me:x/hunter2@127.0.0.1:1", "http://hunter2@h", "me:hunter2@h"],
)
def test_a_password_in_the_address_of_a_server_is_refused_and_not_shown(command, address, home, capsys):
    for words in (["tracking=server", f"tracking.uri={address}"], [f"tracking.uri={address}"]):
        code, message = outcome([command, *words], capsys)
        assert code == 2
        assert "MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD" in message
        assert "hunter2" not in message
    assert list(home.iterdir()) == []


def test_a_password_in_an_address_that_cannot_be_read_is_not_shown(home, capsys):
    code, message = outcome(["train", "tracking=server", "tracking.uri=http://me:hunter2,}@127.0.0.1:1"], capsys)
    assert code == 2
    assert "hunter2" not in message


@pytest.mark.parametrize("in_the_way", ["outputs", "outputs/single"])
def test_an_output_folder_that_cannot_be_written_is_refused(in_the_way, home, capsys):
    (home / in_the_way).parent.mkdir(exist_ok=True)
    (home / in_the_way).write_text("in the way")
    code, message = outcome(["train", "layers=1"], capsys)
    assert code == 2
    assert "must be a folder that can be written" in message
    assert sorted(path.name for path in home.rglob("*")) == sorted(in_the_way.split("/"))


def test_an_unknown_command_names_the_nearest(capsys):
    code, message = outcome(["trian"], capsys)
    assert code == 2
    assert "Did you mean rnnlab train?" in message


@pytest.mark.parametrize("command", SCHEMAS)
def test_every_key_has_a_meaning(command):
    for key in keys_of(SCHEMAS[command]):
        assert key.meaning, key.name


@pytest.mark.parametrize(("group", "option"), OPTIONS)
def test_every_group_file_says_what_it_is(group, option):
    file = GROUPS.file(group, option)
    assert file.meaning
    if "_target_" in file.values:
        assert set(file.meanings) == set(file.values) - {"_target_"}


def test_cfg_job_shows_a_meaning_beside_every_key(home, capsys):
    assert dispatch(["train", "--cfg", "job", "cell=gru", "seed=7"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) > 40
    for line in lines:
        assert re.search(r"  # \S", line), line
    assert any(line.startswith("seed: 7 ") for line in lines)
    assert any("gate_bias" in line for line in lines)


@pytest.mark.parametrize(("command", "has_choices"), [("predict", True), ("explain", False), ("sync", False)])
def test_help_speaks_of_choices_where_there_are_any(command, has_choices, capsys):
    assert dispatch([command, "--help"]) == 0
    assert ("Choices" in capsys.readouterr().out) == has_choices


def test_help_lists_every_option_of_every_group(home, capsys):
    assert dispatch(["train", "--help"]) == 0
    shown = capsys.readouterr().out
    for group, option in OPTIONS:
        assert f"{group}=" in shown
        assert f"  {option} " in shown


@pytest.mark.parametrize("experiment", GROUPS.options("experiment"))
def test_every_experiment_composes(experiment, home, capsys):
    assert dispatch(["train", f"experiment={experiment}", "--cfg", "job"]) == 0


def test_classroom_is_the_lab(home, capsys):
    dispatch(["train", "experiment=classroom", "--cfg", "job"])
    shown = re.sub(r"\s+#.*", "", capsys.readouterr().out)
    lab = ["layers: 3", "  hidden_size: 128", "  forget_bias: 1.0", "  initialization: glorot", "  lr: 0.01"]
    lab += ["  time_dtype: float32", "  window: 10", "  batch_size: 64", "  max_epochs: 50"]
    for line in lab:
        assert line in shown.splitlines()


def test_a_config_folder_of_the_users_own_adds_options(home, capsys):
    own = home / "mine" / "experiment"
    own.mkdir(parents=True)
    (own / "wide.yaml").write_text("# @package _global_\n# Wide\nmodel:\n  hidden_size: 300\n")
    assert dispatch(["train", "--config-dir", "mine", "experiment=wide", "--cfg", "job"]) == 0
    assert "hidden_size: 300" in capsys.readouterr().out


def test_flags_may_stand_anywhere():
    words = ["layers=1", "--config-dir", "mine", "seed=2", "-m", "~name"]
    assert flags_and_overrides(words) == (["--config-dir", "mine", "-m"], ["layers=1", "seed=2", "~name"])


def test_a_saved_config_is_read_back_the_same(tmp_path):
    config = RunConfig(cell={"_target_": "a.B", "x": [1, None, "t"]}, seed=3)
    save_config(config, tmp_path / "config.yaml")
    assert load_config(tmp_path / "config.yaml") == config


def test_the_hash_sees_the_seed_and_not_the_name():
    assert config_hash(RunConfig(seed=1)) != config_hash(RunConfig(seed=2))
    assert config_hash(RunConfig(name="a")) == config_hash(RunConfig(name="b"))


def test_conf_is_found_in_a_clone():
    assert conf_folder() == REPOSITORY / "conf"


@pytest.mark.parametrize(
    "text",
    ["a,b", "it's", "x\\", "a\\'b", "'a' and 'b'", '"x" and "y"', "${oc.env:HOME}", "metrics.`test/mse` > 0, a=b"],
)
def test_any_text_can_be_quoted_as_a_value(text):
    value = OverridesParser.create().parse_override(f"key={quoted(text)}").value()
    assert OmegaConf.create({"key": value}).key == text
