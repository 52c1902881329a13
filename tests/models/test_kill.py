"""A pull that is killed with SIGKILL at any moment goes on with what it had."""

import os
import random
import subprocess
import sys
from pathlib import Path

import pytest

from tests.models.conftest import REPO

KILLS = int(os.environ.get("LLMX_TEST_KILLS", "10"))
KILLS_PER_FILE = 5
CHUNK = 2 << 20
SIZE = 9_000_011

PULL = f"""
import sys
from llmx.core.settings.keys import defaults
from llmx.models.download import Patience, Way
from llmx.models.hub import Hub
from llmx.models.places import places
from llmx.models.pull import Choices, Errand, pull_from_hub
from llmx.models.sources import HubSource
errand = Errand(places(defaults()), Choices(), lambda event: None, Way(3, {CHUNK}, Patience()))
pull_from_hub(HubSource({REPO!r}), Hub(sys.argv[1]), errand)
"""


@pytest.mark.parametrize("seed", range(max(1, KILLS // KILLS_PER_FILE)))
@pytest.mark.promise("S2-13")
def test_killed_at_random_moments_it_ends_with_the_right_file(hub, where, seed):
    draw = random.Random(seed)
    content = draw.randbytes(SIZE)
    hub.repos[REPO] = {"tiny-Q4_K_M.gguf": content}
    moments = sorted(draw.randrange(SIZE) for _ in range(KILLS_PER_FILE))
    killed = 0
    for moment in moments:
        with subprocess.Popen([sys.executable, "-c", PULL, hub.url]) as puller:
            hub.after_bytes = (moment + killed * CHUNK // 4, puller.kill)
            killed += puller.wait() != 0
        hub.after_bytes = None
    subprocess.run([sys.executable, "-c", PULL, hub.url], check=True)
    (model,) = Path(where.own).rglob("*.gguf")
    assert model.read_bytes() == content
    assert killed > 0
    assert hub.bytes_sent <= SIZE + killed * CHUNK
