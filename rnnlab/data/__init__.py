"""From a function to windows: signals, sampled series, windows and the order they are trained in."""
