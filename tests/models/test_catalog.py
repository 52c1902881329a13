"""What is recommended, and how backends are installed."""

import pytest

from llmx.errors import UsageError
from llmx.models.catalog import CATALOG, offers
from llmx.models.installing import install_commands
from llmx.models.sources import parse_source

GB = 10**9


@pytest.mark.promise("S3-10")
def test_the_three_small_ones_are_always_recommended_with_their_sizes():
    found = {offer.entry.ref: offer.entry for offer in offers(GB, recommended=True)}
    assert found.keys() >= {"ollama/qwen2.5:1.5b", "ollama/llama3.2:1b", "ollama/phi3:mini"}
    assert found["ollama/phi3:mini"].parameters == 3.8
    assert all(entry.size > 0 for entry in found.values())


@pytest.mark.parametrize("room", [0, 2 * GB, 8 * GB, 64 * GB])
def test_the_best_is_the_largest_that_fits(room):
    found = offers(room)
    best = [offer.entry for offer in found if offer.is_best]
    fitting = [offer.entry for offer in found if offer.fits]
    assert all(entry.memory <= room for entry in fitting)
    assert best == sorted(fitting, key=lambda entry: (entry.size, entry.memory))[-1:]
    assert len(found) == len(CATALOG)


def test_every_entry_can_be_pulled_as_it_is_written():
    assert all(str(parse_source(entry.ref)) in (entry.ref, entry.ref.rpartition(":")[0]) for entry in CATALOG)


@pytest.mark.parametrize("platform", ["linux", "darwin"])
@pytest.mark.parametrize("backend", ["ollama", "gguf", "mlx", "llama-cpp-python", "xllamacpp"])
@pytest.mark.promise("S2-17")
def test_what_is_to_be_typed_pipes_nothing_into_a_shell(backend, platform):
    commands = install_commands(backend, platform)
    assert commands
    assert not [command for command in commands if "|" in command]


def test_a_backend_that_needs_nothing_is_refused_with_those_that_do():
    with pytest.raises(UsageError) as caught:
        install_commands("olama")
    assert caught.value.hint == "did you mean ollama?"
    with pytest.raises(UsageError):
        install_commands("openai")
