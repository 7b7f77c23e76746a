"""What trained networks do inside: saved runs, looked into and written up as a page with its figures."""

from rnnlab.report.settings import tolerate_user_settings

tolerate_user_settings()  # before matplotlib is imported here
