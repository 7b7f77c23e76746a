"""The manifest of a run, and the run made again from its record: exact, within a tolerance, or different."""

import hashlib
import json
import shutil
import subprocess
import sys

import mlflow
import pytest
import torch
from helpers import SMALL, TINY_DATA, lab_config

from rnnlab.cli import dispatch
from rnnlab.config.groups import Groups, conf_folder
from rnnlab.config.trust import check_recorded, is_part
from rnnlab.errors import BadInputError
from rnnlab.provenance import code
from rnnlab.provenance.verdict import BIT_EXACT, DIFFERENT, WITHIN_TOLERANCE, Trained, judge
from rnnlab.tracking.folder import RunFolder, recorded_folder
from rnnlab.training.checkpoint_files import read_checkpoint
from rnnlab.training.digests import weights_digest

RUN = ["layers=1", "model.hidden_size=33", "trainer.max_epochs=3", "trainer=cpu", "data.train_samples=300"]


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A tracked run."""
    folder = tmp_path_factory.mktemp("made")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.delenv("RNNLAB_HOME", raising=False)
        assert dispatch(["train", "name=original", *RUN]) == 0
    return folder


@pytest.fixture
def here(made, tmp_path, monkeypatch):
    """A copy of it, to be changed; the current folder."""
    shutil.copytree(made, tmp_path, dirs_exist_ok=True)
    monkeypatch.delenv("RNNLAB_HOME", raising=False)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run_in(folder, name="original"):
    (found,) = folder.glob(f"outputs/single/{name}-????????")
    return RunFolder(found)


def test_the_manifest_says_all_that_a_result_depends_on(made):
    run = run_in(made)
    manifest = run.read_manifest()
    assert set(manifest["packages"]) >= {"rnnlab", "torch", "numpy", "mlflow", "pytorch-lightning", "hydra-core"}
    assert set(manifest["machine"]) >= {"host", "os", "python", "cpu", "instruction_set", "cores"}
    assert manifest["machine"]["instruction_set"] == torch.backends.cpu.get_cpu_capability()
    assert (manifest["threads"], manifest["seed"]) == (1, 0)
    assert manifest["overrides"][1:] == RUN
    assert set(manifest["data_sha256"]) == {"train", "test"}
    best = read_checkpoint(run.best, "run")
    assert manifest["weights_sha256"]["best"] == weights_digest(best["state_dict"])
    last = read_checkpoint(run.last, "run")["state_dict"]
    weights = {name.removeprefix("network."): value for name, value in last.items()}
    assert manifest["weights_sha256"]["final"] == weights_digest(weights)
    assert manifest["weights_sha256"]["initial"] != manifest["weights_sha256"]["final"]
    assert [len(digest) for digest in json.loads(run.losses.read_text())] == [16] * 3
    assert len(manifest["code"]["commit"]) == 40
    if manifest["code"]["dirty"]:
        assert hashlib.sha256(run.diff.read_bytes()).hexdigest() == manifest["code"]["diff_sha256"]


def test_a_fresh_run_is_reproduced_bit_by_bit_and_the_verdict_is_linked_to_it(here, capsys):
    assert dispatch(["reproduce", "run=original"]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == "original  BIT-EXACT"
    again, original = run_in(here, "original-reproduced"), run_in(here).read_result()
    assert json.loads((again.path / "reproduction.json").read_text())["reproduces"] == original.run_id
    run = mlflow.MlflowClient(tracking_uri=f"sqlite:///{here}/mlruns/mlflow.db").get_run(again.read_result().run_id)
    assert run.data.tags["rnnlab.reproduces"] == original.run_id
    assert run.data.tags["rnnlab.verdict"] == BIT_EXACT
    assert run.info.status == "FINISHED"


def test_an_altered_record_is_different_from_the_first_epoch_on(here, capsys):
    config = run_in(here).config
    config.write_text(config.read_text().replace("lr: 0.01", "lr: 0.02"))
    assert dispatch(["reproduce", "run=original"]) == 1
    said = capsys.readouterr().out
    assert "config.yaml is not the config that the run was made with" in said
    assert "original  DIFFERENT: the losses part in epoch 1;" in said


def test_an_altered_schedule_is_named_by_the_epoch_in_which_it_first_acts(here, capsys):
    config = run_in(here).config
    config.write_text(config.read_text().replace("schedules.constant", "schedules.cosine"))
    assert dispatch(["reproduce", "run=original", "tolerance=1e-9"]) == 1
    assert "DIFFERENT: the losses part in epoch 2;" in capsys.readouterr().out


def test_another_number_of_threads_is_said_and_judged(here, capsys):
    code_ = dispatch(["reproduce", "run=original", "threads=2"])
    said = capsys.readouterr().out
    assert "differs today: threads: 1 then, 2 now" in said
    verdict = said.splitlines()[-1]
    assert code_ == (1 if "DIFFERENT" in verdict else 0)
    errors = [run_in(here, name).read_result().metrics["test/mse"] for name in ("original", "original-reproduced")]
    if errors[0] != errors[1]:
        assert "BIT-EXACT" not in verdict
        assert "the losses part in epoch" in verdict


def test_what_differs_today_is_said(here, capsys):
    manifest = run_in(here).manifest
    values = json.loads(manifest.read_text())
    values["packages"]["torch"], values["machine"]["cpu"] = "1.0", "Z80"
    manifest.write_text(json.dumps(values))
    assert dispatch(["reproduce", "run=original"]) == 0
    said = capsys.readouterr().out
    assert f"differs today: packages.torch: 1.0 then, {torch.__version__} now" in said
    assert "differs today: machine.cpu: Z80 then, " in said


def test_a_run_that_cannot_be_compared_is_refused(here, capsys):
    run_in(here).losses.unlink()
    assert dispatch(["reproduce", "run=original"]) == 2
    assert "must be a FINISHED run with losses.json" in capsys.readouterr().err
    assert len(list(here.glob("outputs/single/*"))) == 1


@pytest.mark.skipif(code.clone() is None, reason="rnnlab is installed without a clone")
def test_checkout_trains_with_the_recorded_commit_and_its_diff(here, capsys):
    """The diff changes the loss: only the run whose record has it is reproduced by it."""
    top = code.clone()
    file = top / "rnnlab" / "data" / "batches.py"
    diff = subprocess.run(["git", "-C", str(top), "diff", "HEAD", "--", str(file)], capture_output=True, check=True)
    if diff.stdout or code.code_version()["dirty"]:
        pytest.skip("the clone has changes of its own")
    assert dispatch(["reproduce", "run=original", "checkout=true"]) == 0
    assert "BIT-EXACT" in capsys.readouterr().out
    other = file.read_text().replace("(seed, epoch)", "(seed, epoch, 1)")
    patch = subprocess.run(
        ["diff", "-u", "--label=a/rnnlab/data/batches.py", "--label=b/rnnlab/data/batches.py", str(file), "-"],
        input=other.encode(), capture_output=True, check=False,
    ).stdout  # fmt: skip
    run = run_in(here)
    run.diff.write_bytes(patch)
    manifest = run.read_manifest()
    manifest["code"] |= {"diff_sha256": hashlib.sha256(patch).hexdigest(), "diff_is_whole": True}
    run.manifest.write_text(json.dumps(manifest))
    assert dispatch(["reproduce", "run=original", "checkout=true"]) == 1
    assert "DIFFERENT: the losses part in epoch 1" in capsys.readouterr().out


def test_verdicts():
    then = Trained(["a", "b", "c"], {"final": "x"}, [3.0, 2.0, 1.0, 1.0])
    assert judge(then, then, 0.1).word == BIT_EXACT
    near = judge(then, Trained(["a", "b", "d"], {"final": "y"}, [3.0, 2.0, 1.05, 1.0]), 0.1)
    assert (near.word, near.parted_at) == (WITHIN_TOLERANCE, 3)
    far = judge(then, Trained(["a", "e", "d"], {"final": "y"}, [3.0, 2.0, 1.2, 1.0]), 0.1)
    assert (far.word, far.parted_at) == (DIFFERENT, 2)
    longer = judge(then, Trained(["a", "b", "c", "d"], {"final": "y"}, [3.0, 2.0, 1.0, 0.5, 1.0]), 0.1)
    assert (longer.word, longer.parted_at) == (DIFFERENT, 4)
    assert judge(Trained(then.losses, {}, then.errors), then, 0.1).word == WITHIN_TOLERANCE, "no weights to compare"
    assert judge(then, Trained(then.losses, {"final": "z"}, then.errors), 0.0).word == WITHIN_TOLERANCE


@pytest.mark.parametrize(
    "target",
    [
        "os.system",
        "rnnlab.cli.os.system",
        "rnnlab.data.batches.math.sqrt",
        "rnnlab.files.write_whole",
        "torch.load",
        "torch.hub.load",
        "torch.serialization.load",
        "torch.os.system",
        "numpy.load",
        "builtins.eval",
        "torchvision.models.resnet",
        "torch.fx.graph_module._exec_with_source",
        "torch.classes.load_library",
        "torch.from_file",
        "torch.nn.modules.module.torch.load",
        "numpy.ndarray.tofile",
        "numpy.ctypeslib.load_library",
        "rnnlab.data.series.np.save",
        "rnnlab",
        "",
    ],
)
def test_a_record_cannot_name_code_that_is_no_part_of_a_network(target):
    assert not is_part(target)


def test_all_that_rnnlab_ships_may_stand_in_a_record():
    groups = Groups([str(conf_folder())])
    files = [groups.file(group, option) for group in groups.names() for option in groups.options(group)]
    targets = [file.values["_target_"] for file in files if "_target_" in file.values]
    assert len(targets) > 8
    assert [target for target in targets if not is_part(target)] == []
    assert is_part("torch.nn.GRUCell")
    assert is_part("numpy.sin")
    assert is_part("my_lab.cells.Minimal", ["my_lab"])


def test_a_target_is_found_however_deep_it_stands_and_the_mend_is_named():
    deep = lab_config(head={"_target_": "rnnlab.models.heads.Direct", "inner": [{"_target_": "my_lab.Inner"}]})
    with pytest.raises(BadInputError, match=r"head.inner._target_=my_lab.Inner.*allow_targets=\[my_lab\]"):
        check_recorded(deep, [], None, "run")
    check_recorded(deep, ["my_lab"], None, "run")
    check_recorded(deep, [], deep, "resume")


def test_a_record_cannot_have_something_looked_up(home):
    config = lab_config(function={"_target_": "rnnlab.data.signals.sin", "amplitude": "${oc.env:HOME}"})
    with pytest.raises(BadInputError, match=r"function.amplitude=.*may run code"):
        check_recorded(config, [], None, "run")


@pytest.mark.parametrize("words", [["predict", "run=own"], ["reproduce", "run=own"], ["train", "resume=own"]])
def test_a_record_with_code_of_its_own_needs_the_users_word(words, home, capsys, monkeypatch):
    (home / "my_trap.py").write_text(
        "import pathlib\npathlib.Path('sprung').touch()\nfrom torch.nn import GRUCell as Cell\n"
    )
    monkeypatch.syspath_prepend(home)
    sys.modules.pop("my_trap", None)
    made_ = ["name=own", "cell._target_=my_trap.Cell", "tracking=off", *SMALL, *TINY_DATA]
    assert dispatch(["train", *made_]) == 0
    (home / "sprung").unlink()
    del sys.modules["my_trap"]
    capsys.readouterr()
    assert dispatch(words) == 2
    assert "add 'allow_targets=[my_trap]'" in capsys.readouterr().err
    assert not (home / "sprung").exists(), "the module must not even be imported"
    more = ["trainer.max_epochs=4"] if words[0] == "train" else []
    assert dispatch([*words, "allow_targets=[my_trap]", *more]) == 0
    if words[0] == "train":
        assert dispatch([*words, "cell._target_=my_trap.Cell", "trainer.max_epochs=6"]) == 0


def test_a_path_in_a_store_leads_to_a_runs_folder_or_nowhere(home):
    for path in ("../../x", "/etc", "outputs/../../x", "outputs/single", "outputs/single/a/b", "mlruns/a/b", ""):
        assert recorded_folder(path) is None
    assert recorded_folder("outputs/single/a").path == home / "outputs" / "single" / "a"
