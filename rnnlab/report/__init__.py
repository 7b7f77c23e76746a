"""What people look at: figures and tables. matplotlib lives here and nowhere else."""

from rnnlab.report.settings import tolerate_user_settings

tolerate_user_settings()
