"""Keys that nobody knows, and names that could not be asked for, are refused before anything is made."""

import pytest
from typed import refusal, shown


@pytest.mark.parametrize(
    ("words", "parts"),
    [
        (["train", "+loss._target_=no.such.Thing"], ["+loss._target_=no.such.Thing", "is no key"]),
        (["train", "+data.foo=3"], ["+data.foo=3", "is no key"]),
        (["train", "+trainer.max_epoch=1"], ["is no key", "Did you mean trainer.max_epochs=1?"]),
        (["train", "++trainer.max_epoch=1"], ["is no key", "Did you mean trainer.max_epochs=1?"]),
        (["train", "-m", "+trainer.max_epoch=1", "seed=0,1"], ["Did you mean trainer.max_epochs=1?"]),
        (["train", "+hydra.foo=1"], ["+hydra.foo=1", "is no key"]),
        (["train", "~layers"], ["~layers", "cannot be taken away"]),
        (["train", "~data"], ["~data", "cannot be taken away"]),
        (["train", "+layers=2"], ["without a plus", "Did you mean layers=2?"]),
        (["train", "+function.amplitude=2"], ["without a plus", "Did you mean function.amplitude=2?"]),
        (["train", "+cell.initialisation=torch"], ["takes", "Did you mean cell.initialization=torch?"]),
        (["predict", "+rn=latest"], ["+rn=latest", "is no key"]),
        (["predict", "+data.windw=3"], ["+data.windw=3", "is no key"]),
        (["runs", "+limt=3"], ["+limt=3", "Did you mean limit=3?"]),
        (["report", "+chek=true"], ["Did you mean check=true?"]),
        (["explain", "+windw=3"], ["Did you mean window=3?"]),
        (["sync", "+all=true"], ["+all=true", "is no key"]),
        (["train", f"{'k' * 300}=1"], ["kkk...: is no key"]),
        (["forecast", f"data.{'k' * 300}=1"], ["kkk...: is no key"]),
        (["compare", f"studies=[{'k' * 300}]"], ["studies=[kkk", "is no key"]),
    ],
    ids=lambda value: " ".join(value)[:60],
)
def test_a_key_that_nobody_knows_is_refused_with_a_plus_too(words, parts, home, capsys):
    message = refusal(capsys, *words)
    for part in parts:
        assert part in message
    assert list(home.iterdir()) == []


def test_what_an_object_takes_can_be_added_with_a_plus(home, capsys):
    config = shown(capsys, "train", "+optimizer.amsgrad=true", "+cluster.sbatch.qos=long")
    assert (config["optimizer"]["amsgrad"], config["cluster"]["sbatch"]) == (True, {"qos": "long"})


@pytest.mark.parametrize(
    ("text", "part"),
    [
        (
            "# @package _global_\n# Typo\ntrainer:\n  max_epoch: 3\n",
            "trainer.max_epoch=3: is no key, the nearest is",
        ),
        ("# @package _global_\n# Typo\nlyers: 2\n", "lyers=2: is no key, the nearest is layers"),
        ("# Without a package\nlayers: 2\n", "# @package _global_"),
        ("# @package _global_\n# Dotted\ndata.window: 7\n", "data.window=7: is nested in a file"),
        ("# @package _global_\n# Broken\nlayers: [\n", "typo.yaml"),
    ],
)
def test_a_key_that_nobody_knows_in_a_file_is_refused_and_the_file_named(text, part, home, capsys):
    (home / "mine" / "experiment").mkdir(parents=True)
    (home / "mine" / "experiment" / "typo.yaml").write_text(text)
    message = refusal(capsys, "train", "--config-dir", "mine", "experiment=typo")
    assert part in message
    assert "typo.yaml" in message
    assert [path.name for path in home.iterdir()] == ["mine"]


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("# @package _global_\nlayers: two\n", ["layers=two: must be a whole number"]),
        ("# @package _global_\ndata:\n  window:\n", ["data.window: must be a whole number"]),
        ("# @package _global_\nname: {a: 1}\n", ["name: must be a text"]),
        ("# @package _global_\ncell: gru\n", ["cell=gru", "override /cell: gru"]),
        ("# @package _global_\ntrainer: cpu\n", ["trainer=cpu", "override /trainer: cpu"]),
        ("# @package _global_\ndata: 3\n", ["data=3", "its keys stand below it"]),
        ("# @package _global_\ncell:\n", ["cell: ", "its keys stand below it"]),
        ("", ["@package _global_"]),
    ],
)
def test_a_value_of_another_kind_in_a_file_is_refused_with_its_key_and_the_file(text, parts, home, capsys):
    (home / "mine" / "experiment").mkdir(parents=True)
    (home / "mine" / "experiment" / "odd.yaml").write_text(text)
    message = refusal(capsys, "train", "--config-dir", "mine", "experiment=odd", "seed=1")
    for part in [*parts, "experiment/odd.yaml"]:
        assert part in message
    assert "seed" not in message


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("hydra:\n  sweeper:\n    param:\n      seed: 0,1\n", "hydra.sweeper.param: is no key of Hydra's"),
        ("hydra:\n  sweper:\n    params:\n      seed: 0,1\n", "hydra.sweper: is no key of Hydra's"),
        (
            "hydra:\n  sweeper:\n    params:\n      trainer:\n        max_epochs: 1,2\n",
            "as on the command line: trainer.max_epochs",
        ),
    ],
)
def test_a_study_in_a_file_that_sweeps_nothing_that_is_known_is_refused(text, part, home, capsys):
    (home / "mine" / "study").mkdir(parents=True)
    (home / "mine" / "study" / "odd.yaml").write_text(f"# @package _global_\n# Odd\n{text}")
    message = refusal(capsys, "train", "-m", "--config-dir", "mine", "study=odd", "tracking=off")
    assert part in message
    assert "study/odd.yaml" in message
    assert "begin the file" not in message


@pytest.mark.parametrize(
    ("words", "part"),
    [(["function@data=sin"], "Did you mean function=sin?"), (["hydra=x"], "hydra=x: is no key")],
    ids=" ".join,
)
def test_a_word_that_hydra_finds_no_group_for_is_a_key_that_nobody_knows(words, part, home, capsys):
    assert part in refusal(capsys, "train", "seed=1", *words)


def test_a_choice_in_a_files_defaults_without_override_is_refused_with_the_mend(home, capsys):
    (home / "mine" / "experiment").mkdir(parents=True)
    text = "# @package _global_\ndefaults:\n  - cell: gru\n"
    (home / "mine" / "experiment" / "odd.yaml").write_text(text)
    message = refusal(capsys, "train", "--config-dir", "mine", "experiment=odd")
    assert "'override /cell: gru'" in message


@pytest.mark.parametrize(
    "word",
    [
        "name=a\x1b[31mb",
        "name=a\nb",
        "name=a\u202eb",
        "name=latest",
        "name=a,b",
        "name= a",
        "study.name=latest",
        "study.name=Single",
        "study.name=a\tb",
        "tracking.experiment=a\x07b",
        "name=a\udcffb",
    ],
)
def test_a_name_that_could_not_be_seen_or_asked_for_is_refused(word, home, capsys):
    message = refusal(capsys, "train", word)
    assert message.replace("\n", "").isprintable()
    assert list(home.iterdir()) == []


def test_an_object_that_hydra_does_not_build_is_refused_by_its_key_alone(home, capsys):
    message = refusal(capsys, "train", "tracking=off", "cell._target_=os.system")
    assert message.startswith("rnnlab: cell._target_=os.system: cannot be used (")
    assert "tracking=off" not in message
    assert "allows config data to control" in message
