"""A message names the cause, and what it suggests is accepted as it stands."""

import shlex

import pytest
from helpers import SMALL, TINY_DATA, outcome, train
from typed import refusal, shown, suggestion

from rnnlab.cli import dispatch

EQUALS, COMMA, BRACKET = "\N{FULLWIDTH EQUALS SIGN}", "\N{FULLWIDTH COMMA}", "\N{FULLWIDTH LEFT PARENTHESIS}"


@pytest.mark.parametrize(
    ("words", "cause", "mend"),
    [
        ([f"layers{EQUALS}3"], EQUALS, "layers=3"),
        ([f"cell=lstm{COMMA}gru"], COMMA, "-m cell=lstm,gru"),
        (["layers", "=", "3"], "space", "layers=3"),
        (["layers=", "3"], "space", "layers=3"),
        (["layers", "=3"], "space", "layers=3"),
        (["layers = 3"], "space", "layers=3"),
        (["function=[sin,cos]"], "several values", "-m function=sin,cos"),
        (["trainer=[cpu,debug]"], "several values", "-m trainer=cpu,debug"),
        (["layers=[1,2]"], "several values", "-m layers=1,2"),
        (["seed=[0,1]"], "several values", "-m seed=0,1"),
        (["model.dtype=[float32,float64]"], "several values", "-m model.dtype=float32,float64"),
        (["seed=range(3)"], "several values", "-m 'seed=range(3)'"),
        (["-m", "function=[sin,cos]"], "several values", "function=sin,cos"),
        (["-m", "seed=range(3),7"], "seed=range(3),7: holds a range beside", "seed=0,1,2,7"),
        (["-m", "seed=range(3000),7"], "seed=range(3000),7: holds a range beside", None),
        (["optimizer.betas=[0.9, 0.99]"], "no key of this optimizer", "'+optimizer.betas=[0.9, 0.99]'"),
        (["+optimizer.betas=[0.9,", "0.99]"], "a space needs quotes", "'+optimizer.betas=[0.9, 0.99]'"),
        ([f"cell.initialization=gl{BRACKET}orot"], BRACKET, None),
        (["allow_targets=mends_lab"], "a list", "'allow_targets=[mends_lab]'"),
        (["cell=gru", "cell.gate_bais=2"], "is no key", "cell.gate_bias=2"),
        (["data.path=mine.csv"], "goes with function=csv", None),
        (["cell.forget_bias=two"], "must be a number", None),
        (["tracking=off,local"], "several values", None),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_the_cause_is_named_and_what_is_suggested_is_accepted_as_it_stands(words, cause, mend, home, capsys):
    message = refusal(capsys, "train", *words)
    assert cause in message
    assert suggestion(message) == mend
    if mend:
        shown(capsys, "train", *words[: words[0] == "-m"], *shlex.split(mend), *words[: words[0] == "cell=gru"])


@pytest.mark.parametrize(
    ("words", "given", "mend"),
    [
        (["train", "--layers=2"], "--layers=2", "layers=2"),
        (["train", "--layers", "2", "seed=1"], "--layers 2", "layers=2"),
        (["train", "-name=a b"], "-name=a b", "'name=a b'"),
        (["runs", "--limit=3"], "--limit=3", "limit=3"),
        (["runs", "-n", "5"], "-n 5", None),
        (["train", "--no-such"], "--no-such", None),
        (["train", "--package", "data"], "--package data", None),
        (["train", "--cfg", "jobs"], "--cfg=jobs", None),
        (["train", "--cfg"], "--cfg", None),
        (["train", "--config-dir", "nosuch"], "--config-dir=nosuch", None),
        (["train", "--config-dir=nosuch"], "--config-dir=nosuch", None),
        (["train", "--config-dir"], "--config-dir", None),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_flag_that_does_nothing_here_is_refused_in_one_line_with_its_mend(words, given, mend, home, capsys):
    command, *rest = words
    message = refusal(capsys, command, *rest)
    assert message.startswith(f"{given}: ")
    assert "\n" not in message
    assert suggestion(message) == mend


def test_of_a_swept_group_a_key_is_suggested_only_if_every_option_has_it(home, capsys):
    message = refusal(capsys, "train", "-m", "cell=gru,lstm", "cell.forget_bias=0", *SMALL)
    assert "cell.forget_bias=0: is no key of this cell" in message
    assert "cell.gate_bias" not in message
    message = refusal(capsys, "train", "-m", "cell=gru,labgru", "cell.gate_bais=0", *SMALL)
    assert suggestion(message) == "cell.gate_bias=0"


def test_a_parameter_that_a_function_to_predict_does_not_take_has_a_mend_that_is_taken(home, capsys):
    train(*SMALL, *TINY_DATA, "name=known")
    for word in ("function.amplitudes=2", "+function.amplitudes=2"):
        assert suggestion(refusal(capsys, "predict", "run=known", "function=sin", word)) == "function.amplitude=2"


def test_a_name_that_is_the_id_of_another_run_names_neither(home, capsys):
    first = train(*SMALL, *TINY_DATA, "name=first").read_manifest()["run_id"]
    second = train(*SMALL, *TINY_DATA, f"name={first[:8]}").read_manifest()["run_id"]
    message = refusal(capsys, "predict", f"run={first[:8]}")
    assert "names 2 runs" in message
    assert f"such as run={second[:8]} for the newest" in message
    assert dispatch(["predict", f"run={second[:8]}", "rollout=0"]) == 0
    assert dispatch(["predict", f"run={first}", "rollout=0"]) == 0


@pytest.mark.parametrize(
    "word", ["study.dry_run=true", "study.workers=2", "++study.rerun=true", "cluster.partition=a"]
)
def test_what_only_a_study_can_do_is_not_asked_of_one_run_in_silence(word, home, capsys):
    message = refusal(capsys, "train", "tracking=off", *SMALL, word)
    assert f" {word}: holds for a study: add -m" in message
    assert list(home.iterdir()) == []


def test_a_text_for_a_parameter_is_shown_as_a_shell_takes_it(home, capsys, monkeypatch):
    (home / "mends_lab.py").write_text(
        "from rnnlab.models.cells import GRU\n\n\nclass Named(GRU):\n"
        "    def __init__(self, input_size: int, hidden_size: int, label: str = 'x') -> None:\n"
        "        super().__init__(input_size, hidden_size)\n"
    )
    words = ["cell._target_=mends_lab.Named", *SMALL]
    monkeypatch.syspath_prepend(str(home))
    mend = suggestion(refusal(capsys, "train", *words, "+cell.label=a (b)"))
    assert mend == """'+cell.label="a (b)"'"""
    assert shown(capsys, "train", *words, *shlex.split(mend))["cell"]["label"] == "a (b)"
    mend = suggestion(refusal(capsys, "train", *words, "+cell.label=1.10"))
    assert mend == """'+cell.label="1.1"'"""


def test_a_parameter_of_the_curve_that_predict_cannot_set_leads_to_one_that_it_can(home, capsys):
    train("name=r", "function=sin", *SMALL, *TINY_DATA)
    message = refusal(capsys, "predict", "run=r", "function.amplitude=2")
    assert suggestion(message) == "function=sin function.amplitude=2"
    assert suggestion(refusal(capsys, "predict", "run=r", "+function.amplitude=2")) == suggestion(message)
    assert outcome(["predict", "run=r", "rollout=0", *shlex.split(suggestion(message))], capsys)[0] == 0


def test_a_run_or_a_study_that_is_not_there_is_not_suggested(home, capsys):
    assert suggestion(refusal(capsys, "predict", "+rn=nowhere")) is None
    assert suggestion(refusal(capsys, "report", "sudy=nowhere")) is None
    assert suggestion(refusal(capsys, "report", "sudy=latest")) == "study=latest"
