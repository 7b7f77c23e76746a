"""The Mackey-Glass benchmark: a run's normalised error when its predictions are fed back for 84 steps.

    python scripts/mackey_glass.py outputs/single/mackey_glass-gru-1x128-s0-1a2b3c4d

A loop starts at every window of the test stretch. The root mean squared error of the 84th value, divided by the
standard deviation of the truth there, is the NRMSE84 of the literature (docs/signals.md has published values).
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import torch

from rnnlab.data.windows import Windows
from rnnlab.models.network import predict
from rnnlab.tracking.folder import RunFolder
from rnnlab.training.build import build_run_network, series_to_test
from rnnlab.training.checkpoint_files import read_checkpoint
from rnnlab.training.resume import load_run_config

STEPS = 84


def main() -> None:
    """Print the normalised errors of one run after 1, 6, 12, ... and 84 steps."""
    folder = RunFolder(Path(sys.argv[1]))
    config = load_run_config(folder, "run")
    network = build_run_network(config)
    network.load_state_dict(read_checkpoint(folder.best, "run")["state_dict"])
    windows = Windows(series_to_test(config), config.data.window, STEPS, "all")
    known = torch.from_numpy(windows.inputs.copy())
    for step in range(1, STEPS + 1):
        following = torch.from_numpy(predict(network, known[:, -config.data.window :])).view(-1, 1, 1)
        known = torch.cat([known, following], dim=1)
        if step == 1 or step % 6 == 0:
            truth = windows.labels[:, step - 1].astype(np.float64)
            errors = following.flatten().double().numpy() - truth
            nrmse = np.sqrt(np.mean(errors**2)) / truth.std()
            print(f"{step:3d} steps ahead: NRMSE {nrmse:.3e}  (log10 {np.log10(nrmse):.2f})")


if __name__ == "__main__":
    main()
