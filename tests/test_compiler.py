"""torch's compiler is imported by whoever compiles something, and not before."""

import json

import pytest
from helpers import REPOSITORY, SMALL, python

BEFORE = "import sys; from rnnlab.training.lightning import pl; import torch; import json\n"
IS_THERE = "'torch._dynamo.eval_frame' in sys.modules"


def said(script, folder):
    done = python("-c", BEFORE + script, folder=folder)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def test_a_run_trains_without_it(tmp_path):
    script = f"""
from rnnlab.cli import dispatch
code = dispatch({["train", "tracking=off", "trainer=cpu", *SMALL]})
print(json.dumps([code, {IS_THERE}]))
"""
    assert said(script, tmp_path) == [0, False]


def test_a_study_is_checked_without_it(tmp_path):
    """The process that runs a study tries its optimisers, and has no use for Lightning."""
    script = f"""
sys.path.insert(0, {str(REPOSITORY / "tests")!r})
from helpers import lab_config
from rnnlab.training.build import check_buildable
check_buildable(lab_config())
print(json.dumps([{IS_THERE}, "pytorch_lightning" in sys.modules]))
"""
    done = python("-c", "import sys, json\n" + script, folder=tmp_path)
    assert done.stdout.split() == ["[false,", "false]"], done.stderr


@pytest.mark.parametrize(
    "script",
    [
        "made = torch.compile(lambda x: x + 1, backend='eager')(torch.ones(1)).item() == 2",
        "made = torch._dynamo.config.suppress_errors is False",
        "import torch._dynamo.utils; made = torch._dynamo.utils.__spec__.loader is not None",
        "import torch._dynamo.testing as made; made = made is torch._dynamo.testing",
        "from torch._dynamo import eval_frame, decorators; made = eval_frame.OptimizedModule",
    ],
    ids=["compile", "attribute", "module", "module that it does not import", "names"],
)
def test_whoever_asks_for_it_gets_it(script, tmp_path):
    script += f"\nprint(json.dumps([bool(made), {IS_THERE}, type(sys.modules['torch._dynamo']).__name__]))"
    assert said(script, tmp_path) == [True, True, "module"]


def test_optimisers_step_alike_before_and_after_it_is_imported(tmp_path):
    script = """
def steps():
    torch.manual_seed(0)
    layer = torch.nn.Linear(3, 1)
    optimizer = torch.optim.Adam(layer.parameters())
    for _ in range(3):
        optimizer.zero_grad()
        layer(torch.ones(2, 3)).sum().backward()
        optimizer.step()
    return layer.weight.tolist()
before = steps()
torch.compile(lambda x: x, backend="eager")(torch.ones(1))
print(json.dumps(before == steps()))
"""
    assert said(script, tmp_path) is True


def test_what_was_imported_before_stays(tmp_path):
    done = python(
        "-c",
        "import torch._dynamo as real; import rnnlab.training.lightning, torch; assert torch._dynamo is real",
        folder=tmp_path,
    )
    assert done.returncode == 0, done.stderr
