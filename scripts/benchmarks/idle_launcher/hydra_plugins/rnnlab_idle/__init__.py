"""A launcher whose jobs do no work, for benchmarks."""
