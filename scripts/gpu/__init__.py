"""What `scripts/gpu_check.py` checks."""
