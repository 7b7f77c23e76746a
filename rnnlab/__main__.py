"""`python -m rnnlab`: the same as the command `rnnlab`."""

from rnnlab.cli import main

main()
