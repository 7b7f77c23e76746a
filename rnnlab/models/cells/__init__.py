"""Sequence layers: torch's fused LSTM, GRU and RNN, one that unrolls any other cell, and a file for each more.

A sequence layer maps inputs of shape (batch, time, features) to hidden states of shape
(batch, time, hidden). It is built as ``Layer(input_size, hidden_size, **parameters)``, the parameters
being those of its file in ``conf/cell``; one that has a parameter ``index`` is told which layer of the
stack it is, counted from 0. What is no `SequenceLayer` is taken for a cell of one step, called like
``torch.nn.GRUCell`` or ``torch.nn.LSTMCell``, and unrolled.
"""

from rnnlab.models.cells.fused import GRU, LSTM, RNN, FusedLayer
from rnnlab.models.cells.layer import SequenceLayer, Unrolled, as_sequence_layer

__all__ = ["GRU", "LSTM", "RNN", "FusedLayer", "SequenceLayer", "Unrolled", "as_sequence_layer"]
