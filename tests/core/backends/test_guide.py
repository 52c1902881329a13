"""The guide's table of endpoints has every endpoint, with its variables."""

import re
from importlib.resources import files

from llmx.core.backends.endpoints import ENDPOINTS


def test_the_guide_lists_every_endpoint_with_its_variables():
    text = (files("llmx") / "data/guide/providers.md").read_text()
    rows = [line.split("|")[1:3] for line in text.splitlines() if line.startswith("| `")]
    listed = {
        name: set(re.findall(r"`(\w+)`", keys)) for names, keys in rows for name in re.findall(r"`([\w-]+)`", names)
    }
    assert listed.pop("mock") == set()
    assert listed == {endpoint.name: set(endpoint.variables) for endpoint in ENDPOINTS.values()}
