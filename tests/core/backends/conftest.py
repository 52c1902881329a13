"""A scripted server of a test's own."""

import pytest

from tests.core.backends.server import ModelServer


@pytest.fixture
def server():
    with ModelServer() as server:
        yield server
