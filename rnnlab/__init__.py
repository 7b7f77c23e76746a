"""rnnlab: compare recurrent networks on curves and series, with enough seeds and honest numbers."""

__version__ = "0.1.0"
