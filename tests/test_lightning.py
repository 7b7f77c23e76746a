"""Lightning is imported without SciPy's signal processing, and SciPy is whole afterwards."""

import subprocess
import sys

SCRIPT = """
import sys
from rnnlab.training.lightning import pl
assert pl.Trainer
print([name for name in sys.modules if name.startswith("scipy.signal")])
import scipy.signal
print(scipy.signal.windows.hann(3).tolist())
"""
FIRST = "import scipy.signal\nknown = scipy.signal\n"


def said(script):
    return subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout


def test_lightning_comes_without_scipys_signal_and_leaves_it_as_it_is():
    assert said(SCRIPT).splitlines() == ["[]", "[0.0, 1.0, 0.0]"]


def test_what_was_imported_before_is_left_alone():
    assert said(FIRST + SCRIPT + "print(scipy.signal is known)\n").splitlines()[-1] == "True"
