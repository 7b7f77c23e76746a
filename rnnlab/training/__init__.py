"""One run: build, fit, test, checkpoint, resume. Lightning lives here and nowhere else."""
