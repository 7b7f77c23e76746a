"""What is typed is what is meant: a text takes the characters that were typed, wherever it is written."""

import re

import pytest
import yaml
from helpers import SMALL, TINY_DATA, outcome, train
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from omegaconf import OmegaConf
from typed import at, refusal, shown

from rnnlab.cli import dispatch
from rnnlab.config.commands import keys_by_name
from rnnlab.config.compose import composed
from rnnlab.config.groups import Groups, conf_folder
from rnnlab.config.record import load_config, plain, save_config
from rnnlab.config.register import register_schemas
from rnnlab.config.schema import RunConfig
from rnnlab.config.words import Reader
from rnnlab.tracking.folder import RunFolder

FILE = "levels (1).csv"
KEYS = (
    *("name", "tracking.experiment", "study.name", "resume"),
    *("cluster.partition", "cluster.account", "cluster.address"),
)
TEXTS = [key.name for key in keys_by_name("train").values() if key.kind is str and not key.range.choices]


@pytest.fixture
def levels(home):
    """A file whose name and column Hydra's grammar cannot read."""
    rows = "\n".join(f"{index},{index % 7}" for index in range(90))
    (home / FILE).write_text(f"n,水位\n{rows}\n", encoding="utf-8")
    return home


@pytest.mark.parametrize(
    "texts",
    [
        ["1e3", "1.10", "true", "1_000", "0x10", "007", "10.0.0.5:6379"],
        ["it's (a) {b}=$c", "a:b,c", "nan", "${seed}", "-1", "+1", "~x"],
        ["yes", "[a]", "{a}", "choice(a,b)", "a b", " a ", "\\"],
    ],
)
def test_a_text_takes_the_characters_that_were_typed(texts, home, capsys):
    texts = [text.replace(",", "") if key == "name" else text for key, text in zip(KEYS, texts, strict=True)]
    config = shown(capsys, "train", *(f"{key}={text}" for key, text in zip(KEYS, texts, strict=True)))
    assert [at(config, key) for key in KEYS] == texts


def test_unquoted_null_is_none_and_outer_quotes_go(home, capsys):
    config = shown(
        capsys, "train", "name='null'", "resume=null", 'cluster.account="a"', "cluster.partition='it\\'s'"
    )
    assert (config["name"], config["resume"]) == ("null", None)
    assert (config["cluster"]["account"], config["cluster"]["partition"]) == ("a", "it's")


@pytest.mark.parametrize(
    ("command", "word", "meant"),
    [
        ("predict", "run=1e3", "1e3"),
        ("predict", "data.column=1.10", "1.10"),
        ("explain", "run=1.10", "1.10"),
        ("explain", "runs=1e3,2e4", "1e3,2e4"),
        ("reproduce", "run=1e3", "1e3"),
        ("reproduce", "tracking.experiment=1.10", "1.10"),
        ("report", "study=true", "true"),
        ("report", "runs=metrics.`test/mse` < 1e3", "metrics.`test/mse` < 1e3"),
        ("compare", "study=1e3,1.10", "1e3,1.10"),
        ("runs", "study=1e3", "1e3"),
        ("runs", "function=1.10", "1.10"),
        ("ui", "tracking.experiment=1.10", "1.10"),
    ],
)
def test_a_text_is_as_it_was_typed_in_every_command(command, word, meant, home, capsys):
    assert at(shown(capsys, command, word), word.partition("=")[0]) == meant


def test_a_list_of_texts_holds_them_as_they_were_typed(home, capsys):
    assert shown(capsys, "train", "allow_targets=[1e3, true,'a,b']")["allow_targets"] == ["1e3", "true", "a,b"]


def test_options_of_sbatch_are_texts_but_for_switches_and_counts(home, capsys):
    words = ["qos=1.10", "time=01:30:00", "nodes=2", "exclusive=true"]
    config = shown(capsys, "train", *(f"+cluster.sbatch.{word}" for word in words))
    assert config["cluster"]["sbatch"] == {"qos": "1.10", "time": "01:30:00", "nodes": 2, "exclusive": True}


def test_in_a_sweep_an_unquoted_comma_separates_texts(home, capsys, monkeypatch):
    configs = []
    monkeypatch.setattr("rnnlab.study.run.run_study", lambda grid, *_: configs.extend(grid.jobs) or 0)
    assert dispatch(["train", "-m", "tracking=off", "study.dry_run=true", "name=1e3,1.10,true, 'null' ,it's"]) == 0
    assert [job.config.name for job in configs] == ["1e3", "1.10", "true", "null", "it's"]


def test_choice_and_range_sweep_texts_too(home, capsys, monkeypatch):
    configs = []
    monkeypatch.setattr("rnnlab.study.run.run_study", lambda grid, *_: configs.extend(grid.jobs) or 0)
    assert (
        dispatch(["train", "-m", "tracking=off", "study.dry_run=true", "name=choice(1e3,b)", "layers=range(1,3)"])
        == 0
    )
    assert [(job.config.name, job.config.layers) for job in configs] == [("1e3", 1), ("1e3", 2), ("b", 1), ("b", 2)]


def test_a_text_in_a_file_is_as_it_was_written(home, capsys):
    own = home / "mine" / "experiment"
    own.mkdir(parents=True)
    texts = "name: 1e3\ntracking:\n  experiment: 1.10\ncluster:\n  account: 2019-01-01\n  partition: yes\n"
    (own / "typed.yaml").write_text(f"# @package _global_\n# Typed\n{texts}allow_targets: [1.10, null_]\n")
    config = shown(capsys, "train", "--config-dir", "mine", "experiment=typed")
    assert (config["name"], config["tracking"]["experiment"]) == ("1e3", "1.10")
    assert (config["cluster"]["account"], config["cluster"]["partition"]) == ("2019-01-01", "yes")
    assert config["allow_targets"] == ["1.10", "null_"]


def test_a_study_in_a_file_sweeps_what_was_written(home, capsys, monkeypatch):
    jobs = []
    monkeypatch.setattr("rnnlab.study.run.run_study", lambda grid, *_: jobs.extend(grid.jobs) or 0)
    own = home / "mine" / "study"
    own.mkdir(parents=True)
    params = "      name: 1.10\n      seed: 0,1\n      trainer.snapshots: yes\n"
    (own / "typed.yaml").write_text(
        f"# @package _global_\n# Typed\nstudy:\n  name: 1e3\nhydra:\n  sweeper:\n    params:\n{params}"
    )
    assert (
        dispatch(["train", "-m", "--config-dir", "mine", "study=typed", "tracking=off", "study.dry_run=true"]) == 0
    )
    assert {(job.config.name, job.config.study.name) for job in jobs} == {("1.10", "1e3")}


texts = st.one_of(
    st.sampled_from(
        [
            "1e3",
            "null",
            "~",
            "yes",
            "2019-01-01",
            "${x}",
            "\\${x}",
            " a ",
            "'",
            "it's",
            "a,b",
            "[a",
            "0x10",
            "1_0",
            "",
        ]
    ),
    st.text(st.characters(codec="utf-8"), max_size=12),
).filter(lambda text: text.strip("'\"") != "???")


def meant(typed):
    """Return the text that is meant: an unquoted null is none, outer quotes go."""
    quoted = re.fullmatch(r"""(['"])((?:(?!\1)[^\\])*)\1""", typed, re.DOTALL)
    return None if typed == "null" else quoted[2] if quoted else typed


@settings(
    max_examples=12,
    deadline=None,
    derandomize=True,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)
@given(
    st.lists(
        texts.filter(lambda text: "\\" not in text or text[0] not in "'\""),
        min_size=len(TEXTS),
        max_size=len(TEXTS),
    )
)
def test_any_text_typed_for_any_text_key_is_found_in_config_yaml(tmp_path_factory, typed):
    register_schemas("train")
    given_ = dict(zip(TEXTS, typed, strict=True))
    given_["tracking.experiment"] = given_["tracking.experiment"].replace("null", "nil")
    groups = Groups([str(conf_folder())])
    words = Reader("train", groups, multirun=False)([f"{key}={text}" for key, text in given_.items()])
    config = OmegaConf.to_object(composed("train", words)[0])
    file = tmp_path_factory.getbasetemp() / "config.yaml"
    save_config(config, file)
    read = plain(load_config(file))
    assert {key: at(read, key) for key in given_} == {key: meant(text) for key, text in given_.items()}


@settings(
    max_examples=30,
    deadline=None,
    derandomize=True,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)
@given(texts, texts, st.lists(texts, max_size=2))
def test_a_record_gives_back_exactly_what_was_recorded(tmp_path_factory, one, two, several):
    config = RunConfig(name=one, resume=two, allow_targets=several, cell={"_target_": one, "mode": two})
    file = tmp_path_factory.getbasetemp() / "record.yaml"
    save_config(config, file)
    assert load_config(file) == config


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A folder with a run whose texts look like something else."""
    patch = pytest.MonkeyPatch()
    patch.delenv("RNNLAB_HOME", raising=False)
    patch.chdir(tmp_path_factory.mktemp("typed"))
    words = ["name=1e3", "tracking.experiment=1.10", "study.name=yes"]
    folder = RunFolder(train("function=sin", *words, *SMALL, *TINY_DATA).path.absolute())
    patch.undo()
    return folder


def test_a_real_run_records_texts_as_they_were_typed(trained):
    recorded = yaml.safe_load(trained.config.read_text(encoding="utf-8"))
    assert (recorded["name"], recorded["tracking"]["experiment"]) == ("1e3", "1.10")
    assert recorded["study"]["name"] == "yes"
    assert trained.path.name.startswith("1e3-")


def test_a_run_is_found_by_a_name_that_looks_like_a_number(trained, monkeypatch, capsys):
    monkeypatch.chdir(trained.path.parents[2])
    assert outcome(["predict", "run=1e3", "rollout=0"], capsys)[0] == 0
    assert "has trained 2 epochs" in refusal(capsys, "train", "resume=1e3", "trainer.max_epochs=2")


def test_a_file_whose_name_hydra_cannot_read_is_taken_as_it_stands(levels, capsys):
    data = shown(capsys, "train", "function=csv", f"data.path={FILE}", "data.column=水位")["data"]
    assert data["path"].endswith(FILE)
    assert data["column"] == "水位"
