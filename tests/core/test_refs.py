"""Model refs: what each spelling means, and that writing a ref down and reading it again changes nothing."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmx.core.backends.endpoints import ALIASES, NAMES, ollama_url, remote_name, unknown
from llmx.core.refs import ModelRef, doubt, parse
from llmx.errors import LlmxError, UsageError

READ = [
    ("qwen2.5:1.5b", ModelRef("qwen2.5", "1.5b")),
    ("gpt-4o-mini", ModelRef("gpt-4o-mini")),
    ("openai/gpt-4o-mini", ModelRef("gpt-4o-mini", backend="openai")),
    ("ollama/llama3.2:3b", ModelRef("llama3.2", "3b", "ollama")),
    ("llama3.2:3b@ollama", ModelRef("llama3.2", "3b", "ollama")),
    ("ollama/llama3.2:3b@ollama", ModelRef("llama3.2", "3b", "ollama")),
    ("openrouter/anthropic/claude", ModelRef("anthropic/claude", backend="openrouter")),
    ("openrouter/deepseek/deepseek-r1:free", ModelRef("deepseek/deepseek-r1", "free", "openrouter")),
    ("openai/gpt-oss-120b@groq", ModelRef("openai/gpt-oss-120b", backend="groq")),
    ("mlx-community/Qwen2.5-1.5B-Instruct-4bit", ModelRef("mlx-community/Qwen2.5-1.5B-Instruct-4bit")),
    ("org/repo", ModelRef("org/repo")),
    ("hf.co/org/repo:Q4_K_M", ModelRef("hf.co/org/repo", "Q4_K_M")),
    ("local/m:tag@ollama", ModelRef("m", "tag", "ollama")),
    ("local/m", ModelRef("m", backend="ollama")),
    ("candle/x", ModelRef("x", backend="gguf")),
    ("claude-3-opus@20240229", ModelRef("claude-3-opus@20240229")),
    ("openrouter/@cf/meta/llama", ModelRef("@cf/meta/llama", backend="openrouter")),
    ("@cf/meta/llama", ModelRef("@cf/meta/llama")),
    ("ft:gpt-4o:org::id", ModelRef("ft", "gpt-4o:org::id")),
    ("hf:org/repo", ModelRef("org/repo", source="hf")),
    ("hf:org/repo:Q4_K_M", ModelRef("org/repo", "Q4_K_M", source="hf")),
    ("hf:org/repo:q8_0", ModelRef("org/repo", "Q8_0", source="hf")),
    ("hf:org/repo:UD-Q4_K_XL", ModelRef("org/repo", "UD-Q4_K_XL", source="hf")),
    ("hf:org/repo:model.gguf", ModelRef("org/repo", source="hf", file="model.gguf")),
    ("hf:org/repo/q4/model.gguf", ModelRef("org/repo", source="hf", file="q4/model.gguf")),
    ("file:/models/x.gguf", ModelRef("", source="file", file="/models/x.gguf")),
    ("file:/models/mlx-4bit/", ModelRef("", source="file", file="/models/mlx-4bit/")),
    ("file:x@ollama.gguf", ModelRef("", source="file", file="x@ollama.gguf")),
]


@pytest.mark.parametrize(("text", "ref"), READ, ids=[text for text, _ in READ])
def test_each_spelling_means_one_model(text, ref):
    assert parse(text) == ref
    assert parse(str(ref)) == ref


REFUSED = [
    ("", "names no model"),
    ("a b", "names no model"),
    ("a\x1b[31m", "names no model"),
    ("ollama/", "names no model"),
    ("x:", "names no model"),
    (":x", "names no model"),
    ("a//b", "names no model"),
    ("/models/x.gguf", "did you mean file:/models/x.gguf?"),
    ("./x.gguf", "did you mean file:./x.gguf?"),
    ("https://api.openai.com/v1", "--api-base"),
    ("qwen@olama", "did you mean qwen@ollama?"),
    ("x@groq@groq", "twice"),
    ("hf:repo", "hf:org/repo"),
    ("hf:org/repo/README.md", "hf:org/repo"),
    ("hf:org/repo:", "hf:org/repo"),
    ("hf:org/repo:latest", "such as hf:org/repo:Q4_K_M"),
    ("hf:org/repo:Q4_K_M/x.gguf", "such as hf:org/repo:Q4_K_M"),
    ("hf:a:b/c", "hf:org/repo"),
    ("hf:org/../x.gguf", "hf:org/repo"),
    ("file:model.bin", "file:/path"),
    ("file:", "file:/path"),
]


@pytest.mark.parametrize(("text", "said"), REFUSED)
def test_what_is_no_ref_is_refused_with_what_to_type(text, said):
    with pytest.raises(UsageError) as raised:
        parse(text)
    assert said in f"{raised.value.message} {raised.value.hint}"
    assert raised.value.message.isprintable()


PIECES = st.sampled_from([*NAMES, *ALIASES, "org", "x.gguf", "hf", "file", "~", ".."]) | st.text("abz09.-_", max_size=5)
MARKS = st.sampled_from(["/", ":", "@", "hf:", "file:", "", "//"])
TEXTS = st.lists(st.tuples(PIECES, MARKS), max_size=6).map(lambda rows: "".join(a + b for a, b in rows)) | st.text()


@given(TEXTS)
def test_a_ref_written_down_reads_as_itself(text):
    try:
        ref = parse(text)
    except UsageError:
        return
    assert parse(str(ref)) == ref
    assert str(parse(str(ref))) == str(ref)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("org/repo", "did you mean hf:org/repo?"),
        ("olama/qwen", "did you mean ollama/qwen or hf:olama/qwen?"),
        ("olama/qwen:1b", "did you mean ollama/qwen:1b?"),
        ("qwen", ""),
        ("groq/org/repo", ""),
        ("hf:org/repo", ""),
    ],
)
def test_a_name_that_may_have_meant_something_else_says_so(text, said):
    assert doubt(parse(text)) == said


@pytest.mark.parametrize(("word", "near"), [("olama", "ollama"), ("antropic", "anthropic"), ("Groq", "groq")])
def test_an_unknown_backend_is_told_the_nearest_and_all_others(word, near):
    error: LlmxError = unknown(word)
    assert error.exit_code == 2
    assert error.hint is not None
    assert error.hint.startswith(f"did you mean {near}? the backends are ")
    assert all(name in error.hint for name in NAMES)


@pytest.mark.parametrize(
    ("model", "url", "name"),
    [
        ("gpt-4", "", "openai"),
        ("claude-3-opus", "", "anthropic"),
        ("x", "https://api.anthropic.com/v1", "anthropic"),
        ("x", "https://example.test/anthropic-like", "openai"),
    ],
)
def test_remote_is_anthropic_where_the_model_or_the_url_says_so(model, url, name):
    assert remote_name(model, url) == name


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("127.0.0.1", "http://127.0.0.1:11434"),
        ("0.0.0.0:1234", "http://127.0.0.1:1234"),
        (":1234", "http://127.0.0.1:1234"),
        ("box.lan", "http://box.lan:11434"),
        ("[::1]:5", "http://[::1]:5"),
        ("http://box.lan", "http://box.lan:80"),
        ("https://box.lan/ollama/", "https://box.lan:443/ollama"),
    ],
)
def test_ollama_host_is_read_as_ollama_reads_it(host, url):
    assert ollama_url(host) == url
