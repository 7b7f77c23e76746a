"""Figures and page of what goes on inside trained networks. `shapes` says what they are drawn from."""
