"""The grid: every Hydra multirun is a study of runs under one parent."""
