"""Cells, heads and the network that stacks them: NumPy and PyTorch, nothing else."""
