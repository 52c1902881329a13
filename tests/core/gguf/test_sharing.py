"""Prompts that come together are read once as far as they begin alike, by each of the two engines."""

import json
import subprocess
import sys

import pytest

from llmx.core.runner.engines import ENGINES
from llmx.core.runner.prefixes import in_common, shared
from tests.core.gguf.tiny import write_tiny

PROMPTS = [f"{'word ' * 40}{number}" for number in range(3)] + ["none of it " * 20]
ENGINE = """
import json, os, sys
from llmx.core.plugins import load
from llmx.core.runner import Configuration
from llmx.core.runner.engines import Job

name, target, path, prompts = sys.argv[1:]
engine = load(target)(Configuration(path, name, 2048, parallel=4), lambda *_: None)
rounds = []
for asked in (json.loads(prompts), *[[prompt[::-1], prompt] for prompt in json.loads(prompts)]):
    said, spent = [b""] * len(asked), [None] * len(asked)
    for number, prompt in enumerate(asked):
        engine.add(Job(number, prompt, 6, 0.0, 1.0, 0, None, "", float("inf")))
    while engine.is_busy:
        for output in engine.step():
            assert not output.error, output.error
            said[output.id] += output.data
            spent[output.id] = output.spent
    rounds.append([[text.decode() for text in said], [each.prompt - each.cached for each in spent]])
print(json.dumps(rounds))
sys.stdout.flush()
os._exit(0)  # the library's own end may hang
"""


@pytest.mark.parametrize("name", ["llama-cpp-python", "xllamacpp"])
def test_prompts_that_come_together_are_read_once_as_far_as_they_begin_alike(name, tmp_path):
    words = [sys.executable, "-c", ENGINE, name, ENGINES[name], write_tiny(tmp_path / "m.gguf"), json.dumps(PROMPTS)]
    done = subprocess.run(words, capture_output=True, text=True, check=True, timeout=120)
    (together, computed), *alone = json.loads(done.stdout.splitlines()[-1])
    whole = computed[3]
    assert whole > 50
    assert sorted(computed[:3])[1] < 12  # one may have read it for all
    assert together == [said[1] for said, _ in alone]


@pytest.mark.parametrize(
    ("plans", "prefix"),
    [
        ([], []),
        ([[1, 2]], []),
        ([[1, 2], [3, 4]], []),
        ([[1, 2, 3], [9], [1, 2, 4]], [1, 2]),
        ([[5, 6], [1, 2, 3], [5, 6]], [5, 6]),
        ([[], [1]], []),
    ],
)
def test_the_longest_beginning_that_two_share_is_found(plans, prefix):
    assert in_common(plans) == prefix


@pytest.mark.parametrize(
    ("a", "b", "length"), [([], [1], 0), ([1], [1], 1), ([1, 2, 3, 4], [1, 2, 4], 2), ([2], [1], 0)]
)
def test_what_two_have_in_common_is_counted_from_the_beginning(a, b, length):
    assert shared(a, b) == shared(b, a) == length
