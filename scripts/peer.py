#!/usr/bin/env python3
"""The experiment as a Lightning, Hydra and MLflow project usually runs it: what rnnlab's studies are compared with.

    .venv/bin/python scripts/peer.py -m cell=lstm,gru layers=1,3 seed=0,1,2,3,4

A DataLoader over a TensorDataset, `self.log` in every step, Lightning's MLFlowLogger on SQLite, its default
checkpoints, a plot at the end, Hydra's own launcher: one run after the other.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import hydra
import numpy as np
import pytorch_lightning as pl
import torch
from hydra.core.config_store import ConfigStore
from hydra.core.hydra_config import HydraConfig
from matplotlib import pyplot as plt
from pytorch_lightning.loggers import MLFlowLogger
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset


@dataclass
class Settings:
    """One run: the lab's."""

    cell: str = "lstm"
    layers: int = 3
    seed: int = 0
    epochs: int = 50
    hidden_size: int = 128
    window: int = 10
    batch_size: int = 64
    learning_rate: float = 0.01
    samples: int = 1000
    spacing: float = 0.01


class CurveData(pl.LightningDataModule):
    """Windows of a cosine, and the point that follows each."""

    def __init__(self, settings: Settings) -> None:
        super().__init__()
        self.settings = settings

    def setup(self, stage: str | None = None) -> None:  # noqa: ARG002
        """Sample the curve."""
        times = np.arange(2 * self.settings.samples) * self.settings.spacing
        curve = np.cos(times).astype(np.float32)
        self.train_set = self._windows(curve[: self.settings.samples])
        self.test_set = self._windows(curve[self.settings.samples :])

    def _windows(self, curve: np.ndarray[Any, Any]) -> TensorDataset:
        width = self.settings.window
        windows = np.lib.stride_tricks.sliding_window_view(curve, width + 1)
        return TensorDataset(torch.tensor(windows[:, :width, None].copy()), torch.tensor(windows[:, width].copy()))

    def train_dataloader(self) -> DataLoader[Any]:
        """Return shuffled mini-batches."""
        return DataLoader(self.train_set, batch_size=self.settings.batch_size, shuffle=True)

    def test_dataloader(self) -> DataLoader[Any]:
        """Return the test windows in their order."""
        return DataLoader(self.test_set, batch_size=self.settings.batch_size)

    predict_dataloader = test_dataloader


class CurveModel(pl.LightningModule):
    """A recurrent network with a linear head on its last step."""

    def __init__(self, settings: Settings) -> None:
        super().__init__()
        self.settings = settings
        kind = {"lstm": nn.LSTM, "gru": nn.GRU}[settings.cell]
        self.recurrent = kind(1, settings.hidden_size, settings.layers, batch_first=True)
        self.head = nn.Linear(settings.hidden_size, 1)

    def forward(self, inputs: Tensor) -> Tensor:
        """Return predictions, (batch,), for windows (batch, time, 1)."""
        hidden, _ = self.recurrent(inputs)
        return self.head(hidden[:, -1]).squeeze(-1)

    def training_step(self, batch: tuple[Tensor, Tensor], batch_idx: int) -> Tensor:  # noqa: ARG002
        """Return the lab's loss."""
        inputs, labels = batch
        loss = (self(inputs) - labels).square().sum()
        self.log("train/loss", loss, prog_bar=True)
        return loss

    def test_step(self, batch: tuple[Tensor, Tensor], batch_idx: int) -> None:  # noqa: ARG002
        """Log the mean squared error."""
        inputs, labels = batch
        self.log("test/mse", nn.functional.mse_loss(self(inputs), labels))

    def predict_step(self, batch: tuple[Tensor, Tensor], batch_idx: int) -> Tensor:  # noqa: ARG002
        """Return predictions."""
        return self(batch[0])

    def configure_optimizers(self) -> torch.optim.Optimizer:
        """Return Adam."""
        return torch.optim.Adam(self.parameters(), lr=self.settings.learning_rate)


ConfigStore.instance().store("peer", Settings)


@hydra.main(version_base="1.3", config_path=None, config_name="peer")
def main(settings: Settings) -> None:
    """Train, test and plot one run."""
    pl.seed_everything(settings.seed)
    torch.set_num_threads(1)  # as in rnnlab; with two the small products take longer
    folder = Path(HydraConfig.get().runtime.output_dir)
    store = Path.cwd().resolve() / "peer.db"
    logger = MLFlowLogger(
        "peer", tracking_uri=f"sqlite:///{store}", artifact_location=str(store.parent / "artifacts")
    )
    logger.log_hyperparams(dict(settings))
    trainer = pl.Trainer(
        max_epochs=settings.epochs,
        logger=logger,
        accelerator="cpu",
        default_root_dir=folder,
        log_every_n_steps=10,
        callbacks=[pl.callbacks.ModelCheckpoint(folder / "checkpoints", save_last=True)],
    )
    data, model = CurveData(settings), CurveModel(settings)
    trainer.fit(model, data)
    trainer.test(model, data)
    predictions = torch.cat(trainer.predict(model, data)).numpy()
    figure, axes = plt.subplots()
    axes.plot(data.test_set.tensors[1].numpy(), label="truth")
    axes.plot(predictions, label="prediction")
    axes.legend()
    figure.savefig(folder / "prediction.png")
    plt.close(figure)
    logger.experiment.log_artifact(logger.run_id, str(folder / "prediction.png"))


if __name__ == "__main__":
    main()
