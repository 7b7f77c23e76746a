"""The network: a stack of sequence layers and a head on the last step."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from rnnlab.models.cells import SequenceLayer, as_sequence_layer

LayerFactory = Callable[..., nn.Module]
"""Called as ``factory(input_size, hidden_size)``, and with ``index`` if it has a parameter of that name."""

PREDICTION_BATCH = 1024
"""Windows in a batch of `predict`: fixed, because the last bits of a product depend on its size."""


class SequenceNetwork(nn.Module):
    """Stacked sequence layers; the output of the last step goes through the head.

    Args:
        layers: sequence layers, each taking what the one before returns.
        head: maps the last hidden state (batch, hidden) to predictions (batch,).
    """

    def __init__(self, layers: Sequence[SequenceLayer], head: nn.Module) -> None:
        super().__init__()
        self.layers = nn.ModuleList(layers)
        self.head = head

    @property
    def dtype(self) -> torch.dtype:
        """The precision of the weights, and of the inputs that they take."""
        return next(self.parameters()).dtype

    def forward(self, inputs: Tensor) -> Tensor:
        """Return predictions of shape (batch,) for inputs of shape (batch, time, features)."""
        hidden = inputs
        for layer in self.layers:
            hidden = layer(hidden)
        return self.head(hidden[:, -1])


def build_network(
    layer_factory: LayerFactory,
    head_factory: Callable[[int], nn.Module],
    *,
    layers: int,
    hidden_size: int,
    seed: int,
    input_size: int = 1,
    dtype: torch.dtype = torch.float32,
) -> SequenceNetwork:
    """Return a new network; the same seed gives the same weights, whatever was drawn before.

    They are drawn in float32, so that a network in float64 starts from the same ones.

    Raises:
        ValueError: a layer does not map (batch, time, features) to (batch, time, hidden).
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        stack = []
        for index in range(layers):
            features = input_size if index == 0 else hidden_size
            place = {"index": index} if _takes_index(layer_factory) else {}
            layer = as_sequence_layer(layer_factory(features, hidden_size, **place)).to(dtype)
            _check_shapes(layer, features, hidden_size, dtype)
            stack.append(layer)
        return SequenceNetwork(stack, head_factory(hidden_size).to(dtype))


def _takes_index(factory: LayerFactory) -> bool:
    try:
        return "index" in inspect.signature(factory).parameters
    except (TypeError, ValueError):
        return False


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
    """Return the network's predictions, shape (n,), for inputs of shape (n, window, features)."""
    was_training = network.training
    network.eval()
    predictions = torch.cat([network(batch) for batch in inputs.split(PREDICTION_BATCH)])
    network.train(was_training)
    return predictions.cpu().numpy()
