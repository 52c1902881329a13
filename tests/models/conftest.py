"""A hub for each test, and folders of its own."""

import random

import pytest

from llmx.core.settings.keys import defaults
from llmx.models.places import places
from tests.models.hub import Hub

REPO = "acme/tiny-GGUF"


@pytest.fixture
def content():
    """The bytes of a model file: 3 MB and a bit, of which no two parts are alike."""
    return random.Random(1).randbytes(3_000_017)


@pytest.fixture
def hub(monkeypatch, content):
    """A hub with one repository of two quantizations, which llmx asks instead of the real one."""
    served = Hub({REPO: {"tiny-Q4_K_M.gguf": content, "tiny-Q8_0.gguf": content[::-1], "README.md": b"hello"}})
    monkeypatch.setenv("HF_ENDPOINT", served.url)
    for name in ("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN", "HF_HOME", "HF_TOKEN_PATH", "OLLAMA_MODELS", "HF_HUB_CACHE"):
        monkeypatch.delenv(name, raising=False)
    yield served
    if served.cdn:
        served.cdn.close()
    served.close()


@pytest.fixture
def where():
    """The folders under the test's own HOME."""
    return places(defaults())
