"""A tiny model file, made once for the tests of a process."""

import pytest

from tests.core.gguf.tiny import write_tiny


@pytest.fixture(scope="session")
def tiny(tmp_path_factory):
    """The path of a model that says printable ASCII."""
    return write_tiny(tmp_path_factory.mktemp("models") / "tiny.gguf")
