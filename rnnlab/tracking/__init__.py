"""What is kept of a run: its folder, its MLflow run, its metrics and its status."""
