"""What trained networks do inside: saved runs, looked into and written up as a page with its figures."""
