"""How much memory a model needs, and what is said where there is less."""

import pytest

from llmx.core.gguf.header import read_header
from llmx.core.gguf.memory import MB, InsufficientMemoryError, largest_context, need, require_room, usual_context
from llmx.core.gguf.model_facts import ModelFacts, Shape, facts_of
from llmx.core.process.headroom import Headroom, headroom

LLAMA = Shape(12, 1024, 2816, 64, 64, (8,) * 12, 32_000)
MODEL = ModelFacts("/m.gguf", "medium", "llama", 174_000_000, 187 * MB, 1, "Q8_0", 32_768, "gpt2", "", "", LLAMA)


def test_the_cache_is_counted_by_layers_heads_and_type():
    assert need(MODEL, 2048).cache == 12 * 8 * 128 * 2 * 2048
    assert need(MODEL, 2048, cache_type="q8_0").cache == int(12 * 8 * 128 * 34 / 32) * 2048
    assert need(MODEL, 1).cache == need(MODEL, 256).cache
    few = MODEL._replace(shape=LLAMA._replace(kv_heads=(8, 0) * 6))
    assert need(few, 2048).cache * 2 == need(MODEL, 2048).cache


@pytest.mark.promise("S4-26")
def test_a_model_that_does_not_fit_is_refused_with_both_figures_and_what_would_fit():
    wanted = need(MODEL, 32_768)
    with pytest.raises(InsufficientMemoryError) as raised:
        require_room(MODEL, wanted, Headroom(500 * MB, "free memory"))
    assert f"needs {wanted.total // MB} MB of memory, and 500 MB are available (free memory)" in str(raised.value)
    assert (raised.value.required, raised.value.available) == (wanted.total, 500 * MB)
    fits = largest_context(MODEL, 500 * MB)
    assert raised.value.hint == f"a context of {fits} tokens fits: llmx config set gguf.context {fits}"
    assert need(MODEL, fits).total <= 500 * MB < need(MODEL, fits + 256).total
    require_room(MODEL, need(MODEL, fits), Headroom(500 * MB, "free memory"))


@pytest.mark.promise("S4-26")
def test_where_no_context_fits_a_smaller_model_is_named():
    with pytest.raises(InsufficientMemoryError) as raised:
        require_room(MODEL, need(MODEL, 256), Headroom(100 * MB, "free memory"))
    assert "llmx model presets" in str(raised.value.hint)
    large = MODEL._replace(size=40_000 * MB)
    with pytest.raises(InsufficientMemoryError) as raised:
        require_room(large, need(large, 256), Headroom(8000 * MB, "free memory"))
    assert str(raised.value.hint).endswith("llmx model load --preset small --pull")


def test_the_usual_context_is_what_the_model_and_the_machine_have_room_for(tiny):
    assert usual_context(facts_of(read_header(tiny)), 10**12) == 2048
    assert usual_context(MODEL, 10**12) == 8192
    assert 256 <= usual_context(MODEL, 500 * MB) < 8192
    assert usual_context(MODEL, 1) == 0


def test_a_control_group_bounds_what_is_available(tmp_path):
    group = tmp_path / "cgroup" / "outer" / "inner"
    group.mkdir(parents=True)
    for folder, limit, used in ((group, "max", 10 * MB), (group.parent, 300 * MB, 250 * MB)):
        (folder / "memory.max").write_text(f"{limit}\n")
        (folder / "memory.current").write_text(f"{used}\n")
        (folder / "memory.stat").write_text(f"anon 1\ninactive_file {20 * MB}\n")
    proc = tmp_path / "proc"
    proc.mkdir()
    (proc / "cgroup").write_text("0::/outer/inner\n")
    (proc / "mountinfo").write_text(f"1 0 0:1 / {tmp_path}/cgroup rw - cgroup2 none rw\n")
    assert headroom(str(proc)) == Headroom(70 * MB, "the control group's limit of 300 MB")
    assert headroom(str(tmp_path / "none")).bytes > 70 * MB
