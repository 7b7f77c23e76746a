"""Memory is kept for the next step, and imports are not searched for cycles again."""

import platform
import subprocess
import sys

import pytest

STEPS = """
import resource, torch
from rnnlab.memory import reuse_memory
reuse_memory()
torch.set_num_threads(1)
network = torch.nn.LSTM(1, 128, 3, batch_first=True)
def step():
    network(torch.ones(64, 10, 1))[0].sum().backward()
for _ in range(5):
    step()
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(20):
    step()
print((resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before) // 20)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc is told")
def test_a_deep_networks_steps_reuse_their_memory():
    """Without it they ask the system for more than a thousand pages a step."""
    done = subprocess.run([sys.executable, "-c", STEPS], capture_output=True, check=True)
    assert int(done.stdout) < 100


def test_what_exists_is_not_searched_for_cycles_again():
    script = (
        "import gc, json; from rnnlab.memory import collect_less, keep_imports; collect_less(); keep_imports();"
        "import decimal; before = gc.get_freeze_count(); keep_imports();"
        "print(gc.get_threshold()[0], before > 1000, gc.get_freeze_count() <= before)"
    )
    said = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout
    assert said.split() == ["50000", "True", "True"]
