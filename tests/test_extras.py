"""What rnnlab can do without is asked for by the name of its extra."""

import pytest

from rnnlab.cluster.extras import imported
from rnnlab.errors import BadInputError


def test_an_engine_that_is_not_installed_is_said_with_what_installs_it():
    with pytest.raises(
        BadInputError, match=r"cluster=ray: needs the module no_such_engine: pip install 'rnnlab\[ray\]'"
    ):
        imported("no_such_engine", "ray")
    assert imported("json", "ray").dumps([]) == "[]"
