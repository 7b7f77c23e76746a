"""What has to hold of a device: one function a check, which returns what it saw or raises CheckError."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from typing import Any

from gpu.commands import REPOSITORY, CheckError, Made, Room

SEEDS = (0, 1, 2)
LAYERS = (1, 3)
FIRST_LOSSES = 5
TOLERANCE_OF_THE_FIRST_LOSS, TOLERANCE_OF_LOSSES = 1e-5, 1e-2
"""Largest relative difference: of the loss before any step, by rounding alone, and of those after some steps."""

LEAST_SPREAD = 0.3
"""Decades of test MSE, where the seeds happen to lie nearer to each other."""

ANEW = ("study.rerun=true", "trainer.log_every_n_steps=1")
"""Overrides of a study that takes over nothing, whose runs can be compared with each other."""

LASTING = ("trainer.max_epochs=400", "trainer.checkpoint_seconds=0.05", "cell=gru", "layers=1")
"""Overrides of a run that is long enough to be killed."""


def cells(room: Room, names: list[str]) -> list[dict[str, Any]]:
    """Return, for each cell and depth, the device's run beside the CPU's: seconds, first losses, test MSE.

    The device's runs are made one at a time, the CPU's on all cores.
    """
    grid = ["-m", f"cell={','.join(names)}", f"layers={','.join(map(str, LAYERS))}"]
    seeds = ",".join(map(str, SEEDS))
    room.train(*grid, *ANEW, f"seed={seeds}", "study.name=cpu", device="cpu")
    room.train(*grid, "seed=0", "study.name=device", *ANEW, *room.alone)
    on_cpu = {made.key: made for made in room.made("cpu")}
    rows = [_row(made, [on_cpu[made.key[0], made.key[1], seed] for seed in SEEDS]) for made in room.made("device")]
    if len(rows) != len(names) * len(LAYERS):
        raise CheckError(f"{len(rows)} runs of {len(names) * len(LAYERS)} were made")
    return rows


def _row(device: Made, cpu: list[Made]) -> dict[str, Any]:
    cell, layers, _ = device.key
    pairs = zip(device.losses(FIRST_LOSSES), cpu[0].losses(FIRST_LOSSES), strict=True)
    parted = [abs(one - other) / abs(other) for one, other in pairs]
    errors = [math.log10(made.result["metrics"]["test/mse"]) for made in cpu]
    error = math.log10(device.result["metrics"]["test/mse"])
    spread = max(LEAST_SPREAD, max(errors) - min(errors))
    wrong = []
    if device.weights("initial") != cpu[0].weights("initial"):
        wrong.append("other initial weights")
    if parted[0] > TOLERANCE_OF_THE_FIRST_LOSS or max(parted) > TOLERANCE_OF_LOSSES:
        wrong.append(f"the first losses part by {max(parted):.1e}")
    if not min(errors) - spread <= error <= max(errors) + spread:
        wrong.append("the test MSE is none that the seeds have")
    return {
        "cell": cell,
        "layers": layers,
        "device_seconds": device.result["fit_seconds"],
        "cpu_seconds": cpu[0].result["fit_seconds"],
        "first_losses_differ_by": max(parted),
        "device_test_mse": 10**error,
        "cpu_test_mses": [10**one for one in errors],
        "wrong": wrong,
    }


def twice(room: Room) -> str:
    """Check that the same run on the device has the same losses and weights, to the bit."""
    names = ("lstm", "gru", "rnn")
    room.train("-m", f"cell={','.join(names)}", "layers=3", "seed=0", "study.name=again", *ANEW, *room.alone)
    once = {made.key: made for made in room.made("device")}
    runs = room.made("again")
    for again in runs:
        same = [once[again.key].weights(when) == again.weights(when) for when in ("initial", "final", "best")]
        digests = [(made.folder / "losses.json").read_bytes() for made in (once[again.key], again)]
        if not all(same) or digests[0] != digests[1]:
            raise CheckError(f"two runs of {again.key[0]} on the same device differ")
    if len(runs) != len(names):
        raise CheckError(f"{len(runs)} runs were made")
    return f"{', '.join(names)} of 3 layers: losses and weights equal"


def auto(room: Room) -> str:
    """Check that `trainer=auto` takes the device."""
    if room.device == "cpu":
        room.train("name=auto", "trainer.accelerator=cpu")  # a machine without a GPU may have one all the same
    else:
        room.train("name=auto", device="auto")
    device = str(room.one("auto").manifest["device"])
    if not device.startswith("cuda" if room.device == "gpu" else "cpu"):
        raise CheckError(f"it took {device}")
    return device


def killed(room: Room) -> str:
    """Check that a run that is killed and resumed ends with the weights of one that was not."""
    room.train(*LASTING, "name=whole")

    def has_begun() -> bool:
        return any(room.folder.glob("outputs/single/torn-*/checkpoints/last.prev.ckpt"))

    room.train_and_kill(*LASTING, "name=torn", when=has_begun)
    room.run("train", "resume=torn")
    whole, torn = room.one("whole"), room.one("torn")
    if torn.result["status"] != "FINISHED" or whole.weights("final") != torn.weights("final"):
        raise CheckError("it ends with other weights")
    return "final weights equal"


def reproduced(room: Room) -> str:
    """Check that `rnnlab reproduce` calls a run of the device BIT-EXACT."""
    said = room.run("reproduce", "run=whole", "tracking=off").strip().splitlines()[-1]
    if "BIT-EXACT" not in said:
        raise CheckError(said)
    return said


def two_at_a_time(room: Room) -> str:
    """Check a study with two jobs on the device at the same time."""
    together = ["study.workers=2"] if room.device == "cpu" else ["study.jobs_per_gpu=2"]
    said = room.train("-m", "cell=lstm,gru", "layers=1", "seed=0,1", "study.name=together", *ANEW, *together)
    if "2 at a time" not in said:
        raise CheckError("the study did not run two at a time")
    alone = {made.key: made for made in room.made("device")}
    runs = room.made("together")
    for made in runs:
        if made.result["status"] != "FINISHED":
            raise CheckError(f"{made.result['name']} is {made.result['status']}")
        if made.key in alone and made.weights("final") != alone[made.key].weights("final"):
            raise CheckError(f"{made.result['name']} has other weights than alone")
    if len(runs) != 4:  # noqa: PLR2004 - two cells, two seeds
        raise CheckError(f"{len(runs)} runs were made")
    return "4 runs FINISHED, equal to those that ran alone"


def tests(room: Room) -> str:
    """Run the tests that are marked `gpu`; on the CPU they are only collected."""
    only = ["--collect-only"] if room.device == "cpu" else []
    words = ["-m", "pytest", str(REPOSITORY / "tests"), "-m", "gpu", "-q", "-p", "no:cacheprovider", *only]
    return room.python(*words).strip().splitlines()[-1]


CHECKS: dict[str, Callable[[Room], str]] = {
    "the same run twice": twice,
    "trainer=auto": auto,
    "SIGKILL and resume": killed,
    "reproduce": reproduced,
    "two jobs at a time": two_at_a_time,
    "tests marked gpu": tests,
}
"""In this order, after `cells`: some look at what those before have made."""


def built_in_cells() -> list[str]:
    """Return the options of the group `cell`."""
    return sorted(file.stem for file in (REPOSITORY / "conf" / "cell").glob("*.yaml"))


def versions() -> dict[str, Any]:
    """Return the machine and the versions that the checks ran with."""
    from rnnlab.provenance.environment import machine, package_versions

    known = machine()
    about = {"machine": {key: known[key] for key in known if key != "host"}, "packages": package_versions()}
    return dict(json.loads(json.dumps(about)))
