"""What people look at: figures and tables. matplotlib lives here and nowhere else."""
