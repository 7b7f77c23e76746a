"""The code that a run used: a study takes over what the same code made, and nothing else."""

import importlib
import json
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from types import ModuleType

import pytest
from helpers import REPOSITORY, SMALL, TINY_DATA, environment, outcome, rnnlab

from rnnlab.cli import dispatch
from rnnlab.provenance.distributions import OWN_DEPENDENCIES, normalized
from rnnlab.provenance.git import GitError, ask
from rnnlab.tracking.folder import RunFolder, run_folders

TINY = [*SMALL, *TINY_DATA, "trainer.max_epochs=1", "trainer=cpu", "tracking=off"]
CELL = "from torch import nn\n\n\nclass Cell(nn.GRUCell):\n    pass\n"


@pytest.fixture
def lab(home, monkeypatch):
    """The current folder, in which modules of the user's own are found; they are forgotten afterwards."""
    monkeypatch.syspath_prepend(home)
    yield home
    forget_modules_in(home)


def forget_modules_in(folder):
    """Make the next command load them anew, as one in a process of its own does."""
    for name, module in list(sys.modules.items()):
        if str(getattr(module, "__file__", None) or "").startswith(str(folder)):
            del sys.modules[name]


def write(file, text):
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    importlib.invalidate_caches()


def install(site, name, version, *, requires=(), origin=None, **modules):
    """Do as pip does: write a package's modules and what is known of it."""
    for old in site.glob(f"{name}-*.dist-info"):
        shutil.rmtree(old)
    info = site / f"{name}-{version}.dist-info"
    for module, text in modules.items():
        write(site / f"{module}.py", text)
    lines = [f"Requires-Dist: {package}" for package in requires]
    write(
        info / "METADATA", "\n".join(["Metadata-Version: 2.1", f"Name: {name}", f"Version: {version}", *lines, ""])
    )
    files = [f"{module}.py" for module in modules]
    hashes = [f"{file},sha256={hash((site / file).read_text())},1" for file in files]
    write(info / "RECORD", "\n".join([*hashes, f"{info.name}/METADATA,,", ""]))
    if origin is not None:
        write(info / "direct_url.json", json.dumps(origin))


def trained(*words):
    assert dispatch(["train", *TINY, *words]) == 0
    (folder,) = run_folders(Path("outputs"))
    return RunFolder(folder.path).read_manifest()


def is_done(capsys, *words):
    capsys.readouterr()
    assert dispatch(["train", "-m", "seed=0", "study.dry_run=true", *TINY, *words]) == 0
    said = capsys.readouterr().out
    assert "1 runs" in said
    return "1 done before" in said


def test_a_run_is_taken_over_while_nothing_changes(lab, capsys):
    write(lab / "my_cells.py", "import my_helper\n" + CELL)
    write(lab / "my_helper.py", "scale = 1\n")
    code = trained("cell._target_=my_cells.Cell")["code"]
    assert set(code["modules"]) == {"my_cells", "my_helper"}
    assert is_done(capsys, "cell._target_=my_cells.Cell")
    assert not is_done(capsys, "cell=gru")


@pytest.mark.parametrize(
    "line",
    [
        "import my_helper",
        "from my_helper import scale",
        "def late():\n    import my_helper.inner.deep",
        "from my_helper import inner",
        "from my_helper.inner import *",
        "import importlib\nimportlib.import_module('my_helper.inner.deep')",
        "import importlib\nimportlib.import_module('my_' + 'helper')",
        "from importlib import import_module as load\nload('my_helper.inner.deep')",
    ],
)
def test_a_run_is_made_again_after_a_change_in_a_module_that_its_own_imports(line, lab, capsys):
    package = lab / "my_helper"
    write(package / "__init__.py", "scale = 1\n")
    write(package / "inner" / "__init__.py", "from . import deep\n")
    write(package / "inner" / "deep.py", "from .. import scale\n")
    write(lab / "my_cells.py", f"{line}\n{CELL}")
    trained("cell._target_=my_cells.Cell")
    changed = "inner/deep.py" if "inner" in line else "__init__.py"
    write(package / changed, f"{(package / changed).read_text()}x = 2\n")
    assert not is_done(capsys, "cell._target_=my_cells.Cell")


def test_a_run_records_the_code_that_its_process_loaded_though_it_was_edited_since(lab, capsys):
    write(lab / "my_cells.py", "import my_helper\n" + CELL)
    write(lab / "my_helper.py", "scale = 1\n")
    before = trained("cell._target_=my_cells.Cell")
    write(lab / "my_helper.py", "scale = 2\n")
    words = ["seed=1", "cell._target_=my_cells.Cell"]
    assert dispatch(["train", *TINY, *words]) == 0
    after = max(
        (RunFolder(folder.path).read_manifest() for folder in run_folders(Path("outputs"))),
        key=lambda made: made["started"],
    )
    assert after["seed"] == 1
    assert after["code"]["modules"] == before["code"]["modules"]
    capsys.readouterr()
    assert dispatch(["train", "-m", "study.dry_run=true", *TINY, *words]) == 0
    assert "1 done before" not in capsys.readouterr().out, "what was edited is other code than what ran"


@pytest.mark.parametrize(
    "words",
    [
        ["function._target_=my_lab.parts.curve"],
        ["head._target_=my_lab.parts.Head"],
        ["schedule._target_=my_lab.parts.schedule"],
    ],
)
def test_each_part_of_a_run_counts_with_what_it_imports(words, lab, capsys):
    write(lab / "my_lab" / "__init__.py", "")
    write(lab / "my_lab" / "helper.py", "one = 1.0\n")
    write(
        lab / "my_lab" / "parts.py",
        "import numpy as np\nfrom torch import nn\nfrom .helper import one\n\n"
        "def curve(t):\n    return np.sin(t)\n\n"
        "def schedule(progress):\n    return one\n\n"
        "class Head(nn.Linear):\n    def __init__(self, width):\n        super().__init__(width, 1)\n\n"
        "    def forward(self, last):\n        return super().forward(last).squeeze(-1)\n",
    )
    trained(*words)
    assert is_done(capsys, *words)
    write(lab / "my_lab" / "unused.py", "")
    assert is_done(capsys, *words), "nothing imports it"
    write(lab / "my_lab" / "helper.py", "one = 0.5\n")
    assert not is_done(capsys, *words)


def test_a_newer_release_of_an_installed_package_is_other_code(lab, capsys, monkeypatch):
    site = lab / "site"
    site.mkdir()
    monkeypatch.syspath_prepend(site)
    install(site, "cell_package", "0.1", cell_package=CELL)
    code = trained("cell._target_=cell_package.Cell")["code"]
    assert (code["modules"], code["packages"]) == ({}, {"cell-package": "0.1"})
    assert is_done(capsys, "cell._target_=cell_package.Cell")
    install(site, "cell_package", "0.2", cell_package=CELL)
    assert not is_done(capsys, "cell._target_=cell_package.Cell")


@pytest.mark.parametrize("requires", [["maths-package>=0.1"], []])
def test_what_an_installed_package_uses_counts_too_whether_it_says_so_or_not(requires, lab, capsys, monkeypatch):
    site = lab / "site"
    site.mkdir()
    monkeypatch.syspath_prepend(site)
    install(site, "maths_package", "0.1", maths_package="")
    install(site, "cell_package", "0.1", requires=requires, cell_package=f"import maths_package, torch\n{CELL}")
    code = trained("cell._target_=cell_package.Cell")["code"]
    assert code["packages"] == {"cell-package": "0.1", "maths-package": "0.1"}
    install(site, "maths_package", "0.2", maths_package="")
    assert not is_done(capsys, "cell._target_=cell_package.Cell")


def test_a_package_installed_from_a_folder_counts_by_its_files_though_its_version_stays(lab, capsys, monkeypatch):
    site = lab / "site"
    site.mkdir()
    monkeypatch.syspath_prepend(site)
    origin = {"url": "file:///home/me/cells", "dir_info": {}}
    install(site, "cell_package", "0.1", origin=origin, cell_package=CELL)
    trained("cell._target_=cell_package.Cell")
    assert is_done(capsys, "cell._target_=cell_package.Cell")
    install(site, "cell_package", "0.1", origin=origin, cell_package=CELL + "    x = 1\n")
    assert not is_done(capsys, "cell._target_=cell_package.Cell")


def test_an_editable_package_counts_by_its_source_and_not_by_its_version(lab, capsys, monkeypatch):
    site, source = lab / "site", lab / "work"
    site.mkdir()
    write(source / "cell_package.py", CELL)
    monkeypatch.syspath_prepend(site)
    monkeypatch.syspath_prepend(source)
    origin = {"url": source.as_uri(), "dir_info": {"editable": True}}
    install(site, "cell_package", "0.1", origin=origin)
    assert set(trained("cell._target_=cell_package.Cell")["code"]["modules"]) == {"cell_package"}
    install(site, "cell_package", "0.2", origin=origin)
    assert is_done(capsys, "cell._target_=cell_package.Cell")
    write(source / "cell_package.py", CELL + "    x = 1\n")
    assert not is_done(capsys, "cell._target_=cell_package.Cell")


@pytest.mark.parametrize("is_installed", [True, False])
def test_the_same_package_in_another_folder_is_the_same_code(is_installed, lab, capsys, monkeypatch):
    here, there = lab / "here", lab / "there"
    write(here / "cell_package.py", CELL)
    if is_installed:
        install(here, "cell_package", "0.1", cell_package=CELL)
    with monkeypatch.context() as patch:
        patch.syspath_prepend(here)
        trained("cell._target_=cell_package.Cell")
    here.rename(there)
    del sys.modules["cell_package"]
    monkeypatch.syspath_prepend(there)
    assert is_done(capsys, "cell._target_=cell_package.Cell")


def test_the_release_of_a_dependency_of_rnnlabs_is_recorded_and_does_not_decide(lab, capsys, monkeypatch):
    write(lab / "my_cells.py", "import omegaconf, scipy.special, torch, yaml\n" + CELL)
    manifest = trained("cell._target_=my_cells.Cell")
    assert manifest["code"]["packages"] == {}
    assert manifest["packages"]["scipy"]


SCRIPT = """
import torch
import my_helper
factor = 1
other = 1
def scaled(x):
    return factor * my_helper.scale * x
class Cell(torch.nn.GRUCell):
    def forward(self, x, h=None):
        return scaled(super().forward(x, h))
"""


def running(monkeypatch, text, file=None):
    """Make this process one that runs a script, or a session such as a notebook, which has no file."""
    main = ModuleType("__main__")
    if file is not None:
        write(file, text)
        main.__file__ = str(file)
    monkeypatch.setitem(sys.modules, "__main__", main)
    exec(text, vars(main))


@pytest.mark.parametrize("file", ["script.py", None])
def test_what_a_script_or_a_session_defines_itself_is_its_own_code(file, lab, capsys, monkeypatch):
    place = lab / file if file else None
    write(lab / "my_helper.py", "scale = 1\n")
    running(monkeypatch, SCRIPT, place)
    trained("cell._target_=__main__.Cell")
    running(monkeypatch, SCRIPT, place)
    assert is_done(capsys, "cell._target_=__main__.Cell")
    running(monkeypatch, SCRIPT.replace("factor = 1", "factor = 2"), place)
    assert not is_done(capsys, "cell._target_=__main__.Cell")
    running(monkeypatch, SCRIPT, place)
    write(lab / "my_helper.py", "scale = 2\n")
    assert not is_done(capsys, "cell._target_=__main__.Cell")


def test_what_else_is_in_a_session_does_not_count(lab, capsys, monkeypatch):
    write(lab / "my_helper.py", "scale = 1\n")
    running(monkeypatch, SCRIPT)
    trained("cell._target_=__main__.Cell")
    running(monkeypatch, SCRIPT.replace("other = 1", "other = 2"))
    assert is_done(capsys, "cell._target_=__main__.Cell")


def test_a_study_does_not_begin_with_what_its_workers_cannot_find(lab, capsys, monkeypatch):
    write(lab / "my_helper.py", "scale = 1\n")
    running(monkeypatch, SCRIPT, lab / "script.py")
    code, said = outcome(["train", "-m", "seed=0,1", "cell._target_=__main__.Cell", *TINY], capsys)
    assert code == 2
    assert "cell._target_=__main__.Cell: a study's workers are other processes" in said
    assert not (lab / "outputs").exists()


def test_reproduce_names_the_module_and_the_package_that_changed(lab, capsys, monkeypatch):
    site = lab / "site"
    site.mkdir()
    monkeypatch.syspath_prepend(site)
    install(site, "maths_package", "0.1", maths_package="")
    write(lab / "my_helper.py", "scale = 1\n")
    write(lab / "my_cells.py", "import my_helper, maths_package\n" + CELL)
    trained("name=original", "cell._target_=my_cells.Cell")
    write(lab / "my_helper.py", "scale = 2\n")
    install(site, "maths_package", "0.2", maths_package="")
    forget_modules_in(lab)
    assert dispatch(["reproduce", "run=original", "allow_targets=[my_cells]"]) == 0
    said = [line for line in capsys.readouterr().out.splitlines() if line.startswith("differs today")]
    assert [line.partition(":")[2].split()[0] for line in said] == [
        "code.modules.my_helper:",
        "code.packages.maths-package:",
    ]
    assert said[1].endswith("0.1 then, 0.2 now")


def test_the_record_of_an_older_rnnlab_is_reproduced_resumed_and_reported(lab, capsys):
    trained("name=original", "tracking=local")
    (folder,) = run_folders(Path("outputs"))
    manifest, result = folder.read_manifest(), json.loads(folder.result.read_text())
    old = {"commit": "0" * 40, "branch": "main", "dirty": False, "id": "0" * 40}
    folder.manifest.write_text(json.dumps(manifest | {"code": old}))
    folder.result.write_text(json.dumps(result | {"fingerprint": "0123456789abcdef"}))
    assert dispatch(["reproduce", "run=original"]) == 0
    said = capsys.readouterr().out
    assert "differs today: code.commit: 00000" in said
    assert "code.source" not in said
    assert "code.id" not in said
    assert dispatch(["report", f"runs={result['run_id']}"]) == 0
    assert dispatch(["train", "resume=original", "trainer.max_epochs=2"]) == 0


@pytest.fixture(scope="module")
def clone(tmp_path_factory):
    """A git clone of rnnlab, and a folder in which its code made a run."""
    top = tmp_path_factory.mktemp("clone")
    for name in ("rnnlab", "hydra_plugins", "conf"):
        shutil.copytree(REPOSITORY / name, top / name, ignore=shutil.ignore_patterns("__pycache__"))
    git(top, "init", "--quiet")
    git(top, "add", ".")
    commit(top)
    made = rnnlab_of(top, "train", *TINY, "name=original")
    assert made.returncode == 0, made.stderr
    return top


def git(top, *words):
    subprocess.run(["git", "-C", top, *words], check=True, capture_output=True)


def commit(top):
    who = ["-c", "user.name=me", "-c", "user.email=me@localhost"]
    git(top, *who, "commit", "--quiet", "--allow-empty", "--message=more")


def rnnlab_of(top, *words, **variables):
    """Run a command with the code of another clone."""
    (top / "work").mkdir(exist_ok=True)
    return subprocess.run(
        [sys.executable, "-P", "-m", "rnnlab", *words],
        cwd=top / "work",
        env=environment() | {"PYTHONPATH": str(top)} | variables,
        capture_output=True,
        text=True,
        check=False,
    )


def dry_run_of(top, **variables):
    return rnnlab_of(top, "train", "-m", "seed=0", "name=original", "study.dry_run=true", *TINY, **variables)


def without_git(folder):
    """Return a PATH that has no git."""
    folder.mkdir()
    return {"PATH": str(folder)}


def refusing_git():
    """Return what has git take its clones for somebody else's."""
    return {"GIT_TEST_ASSUME_DIFFERENT_OWNER": "1"}


def test_a_commit_that_changes_no_source_changes_nothing(clone):
    commit(clone)
    assert "1 done before" in dry_run_of(clone).stdout


def test_a_change_in_rnnlabs_own_source_is_other_code(clone):
    file = clone / "rnnlab" / "data" / "signals.py"
    text = file.read_text()
    try:
        file.write_text(text + "\n")
        said = dry_run_of(clone).stdout
        assert "1 runs" in said
        assert "done before" not in said
    finally:
        file.write_text(text)


def test_a_git_that_is_not_there_is_said_and_makes_no_run_again(clone, tmp_path):
    said = dry_run_of(clone, **without_git(tmp_path / "empty"))
    assert "1 done before" in said.stdout
    assert said.stderr.startswith("rnnlab: git is not there")
    assert len(said.stderr.splitlines()) == 1


def test_a_git_that_refuses_is_said_with_its_mend_and_makes_no_run_again(clone):
    said = dry_run_of(clone, **refusing_git())
    assert "1 done before" in said.stdout
    assert said.stderr.startswith("rnnlab: git refuses: detected dubious ownership in repository")
    assert f"git config --global --add safe.directory {clone}" in said.stderr
    assert len(said.stderr.splitlines()) == 1


def test_a_run_without_git_records_that_its_commit_is_missing(clone):
    made = rnnlab_of(clone, "train", "name=refused", *TINY, **refusing_git())
    assert made.returncode == 0, made.stderr
    (folder,) = (clone / "work").glob("outputs/single/refused-*")
    code = RunFolder(folder).read_manifest()["code"]
    assert "commit" not in code
    assert code["git"].startswith("refuses: detected dubious ownership")
    assert "git refuses: detected dubious ownership" in (folder / "run.log").read_text()


def test_a_checkout_that_git_refuses_is_one_message(clone):
    again = rnnlab_of(clone, "reproduce", "run=original", "checkout=true", **refusing_git())
    assert again.returncode == 2
    assert "checkout=true: needs git, which refuses: detected dubious ownership" in again.stderr
    assert "Traceback" not in again.stderr


def test_a_folder_without_a_clone_has_nothing_to_say_of_git(clone, tmp_path):
    top = tmp_path / "installed"
    shutil.copytree(clone, top, ignore=shutil.ignore_patterns(".git"))
    said = dry_run_of(top, **without_git(tmp_path / "empty"))
    assert said.stderr == ""
    assert "1 done before" in said.stdout


def test_a_git_that_gives_no_answer_is_not_waited_for(tmp_path, monkeypatch):
    slow = tmp_path / "bin" / "git"
    write(slow, "#!/bin/sh\nexec /bin/sleep 600\n")
    slow.chmod(0o755)
    (tmp_path / ".git").mkdir()
    monkeypatch.setenv("PATH", str(slow.parent))
    monkeypatch.setattr("rnnlab.provenance.git.SECONDS_TO_WAIT", 0.2)
    with pytest.raises(GitError, match=r"gave no answer to 'git rev-parse' within 0.2 seconds"):
        ask(tmp_path, "rev-parse", "HEAD")


def test_rnnlabs_own_dependencies_are_those_of_the_project():
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]
    assert {normalized(re.match(r"[\w.-]+", name)[0]) for name in project["dependencies"]} == set(OWN_DEPENDENCIES)


def test_a_report_says_that_its_runs_were_made_by_two_versions_of_ones_own_code(home):
    words = ["train", "cell._target_=edited_lab.Mine", "trainer=cpu", *SMALL, *TINY_DATA]
    for value in ("1", "2"):
        (home / "edited_lab.py").write_text(
            f"from rnnlab.models.cells import GRU\n\nVALUE = {value}\n\n\nclass Mine(GRU):\n    pass\n"
        )
        done = rnnlab(*words, f"seed={value}", folder=home)
        assert done.returncode == 0, done.stderr
    assert dispatch(["report", "runs=attributes.status = 'FINISHED'"]) == 0
    (file,) = home.glob("outputs/*/report/report.json")
    origins = json.loads(file.read_text())["origins"]
    assert sorted(origins["source: your own code"].values()) == [1, 1]
    assert list(origins["source: rnnlab"].values()) == [2]
