"""What results are worth: baselines and statistics, in NumPy and SciPy."""
