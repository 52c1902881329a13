"""What a model is, told before it is pulled."""

import hashlib
import os

import pytest

from llmx.core.gguf.header import GGUFError
from llmx.errors import NotFoundError
from llmx.models.finding import path_of, refs
from llmx.models.hub import Hub
from llmx.models.inspection import inspect
from tests.core.gguf.tiny import ARRAY, STRING, gguf, metadata, tiny_bytes, vocabulary
from tests.models.conftest import REPO
from tests.models.test_shelves import put, put_in_hub_cache, put_in_ollama


def large_vocabulary():
    """A model whose header is 2 MB long, so that one request does not hold it."""
    tokens, kinds, merges = vocabulary()
    tokens = [*tokens[:-3], *(f"word{number:06d}" for number in range(120_000)), *tokens[-3:]]
    said = metadata(tokens, [*kinds, *[1] * 120_000], merges)
    return gguf(said | {"tokenizer.ggml.tokens": (ARRAY, (STRING, tokens))}, [])


@pytest.mark.parametrize("has_ranges", [True, False])
@pytest.mark.promise("S2-15")
def test_the_header_is_read_before_any_download(hub, where, has_ranges):
    hub.has_ranges = has_ranges
    data = tiny_bytes() + bytes(4 << 20)
    hub.repos[REPO] = {"tiny-Q4_K_M.gguf": data}
    found = inspect(f"hf:{REPO}:Q4_K_M", Hub(hub.url), where)
    assert (found.is_here, found.facts.architecture, found.facts.size) == (False, "llama", len(data))
    assert found.digest == f"sha256:{hashlib.sha256(data).hexdigest()}"
    assert [seen.range for seen in hub.bodies] == ["bytes=0-1048575"]
    assert not os.path.exists(where.own)


def test_a_long_header_takes_as_many_requests_as_it_needs(hub, where):
    data = large_vocabulary() + bytes(4 << 20)
    hub.repos[REPO] = {"tiny-Q4_K_M.gguf": data}
    assert inspect(f"hf:{REPO}", Hub(hub.url), where).facts.shape.vocabulary > 120_000
    assert [seen.range for seen in hub.bodies] == ["bytes=0-1048575", "bytes=1048576-4194303"]


def test_the_size_of_a_model_in_parts_is_that_of_all(hub, where):
    data = tiny_bytes()
    hub.repos[REPO] = {f"tiny-Q4_K_M-0000{number}-of-00002.gguf": data + bytes(number) for number in (1, 2)}
    facts = inspect(f"hf:{REPO}", Hub(hub.url), where).facts
    assert (facts.size, facts.parts) == (2 * len(data) + 3, 2)


def test_what_is_no_gguf_file_is_said_to_be_none(hub, where):
    with pytest.raises(GGUFError):
        inspect(f"hf:{REPO}", Hub(hub.url), where)


def test_of_what_is_here_the_hub_is_not_asked(hub, home, where):
    put_in_hub_cache(home, tiny_bytes())
    put_in_ollama(home, tiny_bytes(seed=1))
    for name in (f"hf:{REPO}/tiny-Q4_K_M.gguf", f"hf:{REPO}", f"hf:{REPO}:Q4_K_M", "ollama/qwen2.5:1.5b"):
        found = inspect(name, Hub(hub.url), where)
        assert (found.is_here, found.digest[:7], len(found.digest)) == (True, "sha256:", 71)
    assert hub.requests == []
    with pytest.raises(NotFoundError):
        inspect("ollama/none", Hub(hub.url), where)


def test_a_ref_is_found_in_every_store(home, where):
    own = put(home / ".local/share/llmx/models/hf/a/b/m-Q8_0.gguf")
    usual = put(home / ".local/share/llmx/models/hf/a/b/m-Q4_K_M.gguf")
    cached = put_in_hub_cache(home, b"data")
    folder = home / ".local/share/llmx/models/hf/mlx-community/Tiny-4bit"
    for name in ("model.safetensors", "config.json"):
        put(folder / name)
    assert path_of("hf:a/b/m-Q8_0.gguf") == own
    assert path_of("hf:a/b") == usual
    assert path_of("hf:a/b:Q8_0") == own
    assert path_of("hf:a/b:Q5_0") == path_of("hf:no/where") == ""
    assert path_of(f"hf:{REPO}") == cached
    assert path_of("hf:mlx-community/Tiny-4bit") == path_of("mlx-community/Tiny-4bit") == str(folder)
    assert [(ref.backend, str(ref)) for ref in refs()] == [
        ("gguf", "hf:a/b/m-Q4_K_M.gguf"),
        ("gguf", "hf:a/b/m-Q8_0.gguf"),
        ("mlx", "hf:mlx-community/Tiny-4bit"),
        ("gguf", f"hf:{REPO}/tiny-Q4_K_M.gguf"),
    ]
