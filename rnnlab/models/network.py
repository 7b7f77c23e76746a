"""The network: a stack of sequence layers and a head on the last step."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from rnnlab.models.cells import SequenceLayer, as_sequence_layer
from rnnlab.models.scaling import Scaling

LayerFactory = Callable[..., nn.Module]
"""Called as ``factory(input_size, hidden_size)``, and with ``index`` if it has a parameter of that name."""

PREDICTION_BATCH = 1024
"""Windows in a batch of `predict`: fixed, because the last bits of a product depend on its size."""


class SequenceNetwork(nn.Module):
    """Stacked sequence layers; the output of the last step goes through the head.

    It takes values as they are and returns values as they are: what is scaled in between is its own business.

    Args:
        layers: sequence layers, each taking what the one before returns.
        head: maps the last hidden state (batch, hidden) to outputs, (batch,) or (batch, outputs).
        scaling: between values and features, and between outputs and predictions.
    """

    def __init__(self, layers: Sequence[SequenceLayer], head: nn.Module, scaling: Scaling | None = None) -> None:
        super().__init__()
        self.scaling = Scaling() if scaling is None else scaling
        self.layers = nn.ModuleList(layers)
        self.head = head

    @property
    def dtype(self) -> torch.dtype:
        """The precision of the weights, and of the inputs that they take."""
        return next(self.parameters()).dtype

    def forward(self, inputs: Tensor) -> Tensor:
        """Return predictions, (batch,) or (batch, outputs), for windows of values (batch, window, 1)."""
        hidden = self.scaling.inputs(inputs)
        for layer in self.layers:
            hidden = layer(hidden)
        return self.scaling.predictions(self.head(hidden[:, -1]), inputs)


def build_network(
    layer_factory: LayerFactory,
    head_factory: Callable[..., nn.Module],
    *,
    layers: int,
    hidden_size: int,
    seed: int,
    features: str = "values",
    standardize: bool = False,
    outputs: int = 1,
    dtype: torch.dtype = torch.float32,
) -> SequenceNetwork:
    """Return a new network; the same seed gives the same weights, whatever was drawn before.

    They are drawn in float32, so that a network in float64 starts from the same ones.

    Args:
        layer_factory: makes a layer.
        head_factory: makes the head; where several values are predicted it is told ``outputs``.
        layers: how many.
        hidden_size: of each.
        seed: of the weights.
        features: what a step of a window is to the first layer, see `rnnlab.models.scaling.FEATURES`.
        standardize: whether values are standardised for the layers.
        outputs: how many values are predicted from a window.
        dtype: the precision of weights, scales and predictions.

    Raises:
        ValueError: a layer does not map (batch, time, features) to (batch, time, hidden).
        TypeError: the head cannot predict several values.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        stack = []
        for index in range(layers):
            size = (2 if features == "both" else 1) if index == 0 else hidden_size
            stack.append(build_layer(layer_factory, index, size, hidden_size, dtype))
        head = head_factory(hidden_size, outputs=outputs) if outputs > 1 else head_factory(hidden_size)
        increments = bool(getattr(head, "predicts_increments", False))
        return SequenceNetwork(stack, head.to(dtype), Scaling(features, standardize, increments, outputs).to(dtype))


def build_layer(
    factory: LayerFactory, index: int, input_size: int, hidden_size: int, dtype: torch.dtype
) -> SequenceLayer:
    """Return one layer of a stack, counted from 0.

    Raises:
        ValueError: it does not map (batch, time, features) to (batch, time, hidden).
    """
    layer = as_sequence_layer(factory(input_size, hidden_size, **layer_arguments(factory, index))).to(dtype)
    _check_shapes(layer, input_size, hidden_size, dtype)
    return layer


def layer_arguments(factory: LayerFactory, index: int) -> dict[str, int]:
    """Return what a factory of layers is told beside the sizes: its place in the stack, if it asks for that."""
    try:
        return {"index": index} if "index" in inspect.signature(factory).parameters else {}
    except (TypeError, ValueError):
        return {}


@torch.no_grad()
def _check_shapes(layer: SequenceLayer, features: int, hidden_size: int, dtype: torch.dtype) -> None:
    batch, time = 2, 3
    hidden = layer(torch.zeros(batch, time, features, dtype=dtype))
    found = tuple(hidden.shape) if isinstance(hidden, Tensor) else type(hidden).__name__
    if found != (batch, time, hidden_size):
        raise ValueError(
            f"the cell returned {found} for inputs of shape {(batch, time, features)}; "
            f"hidden states of shape {(batch, time, hidden_size)} were expected"
        )


def parameter_count(network: nn.Module) -> int:
    """Return the number of trainable parameters."""
    return sum(parameter.numel() for parameter in network.parameters() if parameter.requires_grad)


@torch.no_grad()
def predict(network: SequenceNetwork, inputs: Tensor) -> NDArray[np.floating]:
    """Return the network's predictions, (n,) or (n, outputs), for inputs of shape (n, window, 1)."""
    was_training = network.training
    network.eval()
    predictions = torch.cat([network(batch) for batch in inputs.split(PREDICTION_BATCH)])
    network.train(was_training)
    return predictions.cpu().numpy()
