"""Which model answers, as a table: what was asked for, what is at hand, and who speaks."""

import pytest

from llmx.core.choice import Asked, AtHand, Named, at_hand, named
from llmx.core.demo import PATH
from llmx.core.refs import ModelRef, parse
from llmx.errors import InconclusiveError, UsageError

NAMED = [
    # flags (backend, model), agent, settings (backend, model), base URL -> who answers
    (("", ""), "", ("ollama", ""), "", "ollama qwen2.5:1.5b"),
    (("", ""), "", ("", "llama3.2:1b"), "", "ollama llama3.2:1b"),
    (("", ""), "", ("groq", "llama-3.1-8b-instant"), "", "groq llama-3.1-8b-instant"),
    (("", ""), "", ("openrouter", "openai/gpt-4o"), "", "openrouter openai/gpt-4o"),
    (("", ""), "", ("openrouter", "openrouter/openai/gpt-4o"), "", "openrouter openai/gpt-4o"),
    (("", ""), "", ("", "openai/gpt-4o"), "", "openai gpt-4o"),
    (("", ""), "", ("mock", ""), "", "mock mock"),
    (("", ""), "", ("remote", "gpt-4"), "", "openai gpt-4"),
    (("", ""), "", ("remote", "claude-3-opus"), "", "anthropic claude-3-opus"),
    (("", ""), "", ("remote", "x"), "https://api.anthropic.com", "anthropic x"),
    (("", ""), "", ("", "x"), "http://box/v1", "openai x"),
    (("", ""), "", ("candle", "file:/x.gguf"), "", "gguf file:/x.gguf"),
    (("", ""), "", ("", "hf:org/repo"), "", "gguf hf:org/repo"),
    (("ollama", "hf:org/repo"), "", ("", ""), "", "ollama hf.co/org/repo"),
    (("", "file:/models/mlx-4bit/"), "", ("", ""), "", "mlx file:/models/mlx-4bit/"),
    (("", "hf:org/repo:q8_0"), "", ("", ""), "", "gguf hf:org/repo:Q8_0"),
    (("ollama", "hf:org/repo:Q8_0"), "", ("", ""), "", "ollama hf.co/org/repo:Q8_0"),
    (("huggingface", "hf:org/repo"), "", ("", ""), "", "huggingface org/repo"),
    (("", ""), "mistral:7b-instruct", ("", ""), "", "ollama mistral:7b-instruct"),
    (("", ""), "groq/x", ("ollama", "y"), "", "groq x"),
    (("", ""), "x", ("groq", "y"), "", "groq x"),
    (("", "groq/x"), "ollama/y", ("openai", "z"), "", "groq x"),
    (("", "x"), "", ("groq", "y"), "", "groq x"),
    (("", "x"), "", ("", "groq/y"), "", "ollama x"),
    (("", "x"), "", ("", ""), "http://box/v1", "openai x"),
    (("groq", "x"), "", ("ollama", "y"), "", "groq x"),
    (("openrouter", "openai/gpt-4o:free"), "", ("", ""), "", "openrouter openai/gpt-4o:free"),
    (("ollama", ""), "", ("groq", "y"), "", "ollama qwen2.5:1.5b"),
    (("groq", ""), "", ("groq", "y"), "", "groq y"),
    (("groq", ""), "", ("", "y"), "", "groq y"),
    (("ollama", ""), "", ("", "groq/y"), "", "ollama qwen2.5:1.5b"),
    (("local", "x"), "", ("", ""), "", "ollama x"),
]


@pytest.mark.promise("S3-03", "S3-04", "S3-12")
@pytest.mark.parametrize(("flags", "agent", "settings", "url", "who"), NAMED)
def test_who_is_named_answers(flags, agent, settings, url, who):
    choice = named(Asked(Named(*flags), agent, Named(*settings), url))
    assert choice is not None
    assert f"{choice.backend} {choice.model}" == who
    assert choice.reason
    assert not choice.notices


def test_where_nothing_is_named_nothing_is_guessed():
    assert named(Asked()) is None


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (Asked(Named("groq")), "no model of groq is configured"),
        (Asked(settings=Named("openai")), "no model of openai is configured"),
        (Asked(base_url="http://box/v1"), "no model of remote is configured"),
    ],
)
def test_a_backend_without_a_model_is_no_answer(asked, said):
    with pytest.raises(InconclusiveError, match=said) as raised:
        named(asked)
    assert "--model" in str(raised.value.hint)


@pytest.mark.promise("S3-20")
@pytest.mark.parametrize(
    "asked", [Asked(Named("olama")), Asked(settings=Named("olama", "x")), Asked(Named("Olama", "x"))]
)
def test_an_unknown_backend_is_an_error_with_the_nearest_name(asked):
    with pytest.raises(UsageError) as raised:
        named(asked)
    assert str(raised.value.hint).startswith("did you mean ollama? the backends are ")


@pytest.mark.promise("S3-20")
def test_a_mock_stands_in_for_an_unknown_backend_only_where_that_is_allowed_and_says_so():
    choice = named(Asked(settings=Named("olama"), allows_mock=True))
    assert choice is not None
    assert choice.backend == "mock"
    assert "'olama'" in choice.notices[0]
    with pytest.raises(InconclusiveError):  # a backend that exists is never replaced
        named(Asked(settings=Named("groq"), allows_mock=True))
    with pytest.raises(UsageError):
        named(Asked(Named("", "a b"), allows_mock=True))


GGUF = ModelRef("", source="file", file="/models/x.gguf", backend="gguf")
DEMO = parse("mock/demo")
AT_HAND = [
    (AtHand(ollama=("llama3.2:1b", "qwen2.5:1.5b"), local=(GGUF,), demo=DEMO), "ollama qwen2.5:1.5b"),
    (AtHand(ollama=("llama3.2:1b",), local=(GGUF,), demo=DEMO), "ollama llama3.2:1b"),
    (AtHand(local=(GGUF,), demo=DEMO), "gguf file:/models/x.gguf"),
    (AtHand(demo=DEMO), "mock demo"),
]


@pytest.mark.promise("S2-19")
@pytest.mark.parametrize(("found", "who"), AT_HAND)
def test_what_this_machine_has_answers_where_nothing_is_named(found, who):
    choice = at_hand(Asked(allows_demo=True), found)
    assert f"{choice.backend} {choice.model}" == who
    assert choice.is_demo == bool(choice.notices) == (who == "mock demo")


@pytest.mark.parametrize("asked", [Asked(), Asked(allows_demo=True)])
def test_with_nothing_at_hand_there_is_no_answer_and_the_way_to_one_is_told(asked):
    with pytest.raises(InconclusiveError, match="no model is configured") as raised:
        at_hand(asked, AtHand(demo=None if asked.allows_demo else DEMO))
    assert "--model" in str(raised.value.hint)


@pytest.mark.parametrize(
    ("flags", "settings", "backend"),
    [
        (("", "demo"), ("", ""), "gguf"),
        (("gguf", "demo"), ("openai", "x"), "gguf"),
        (("", ""), ("", "demo"), "gguf"),
        (("ollama", "demo"), ("", ""), "ollama"),
        (("", "demo"), ("vllm", "x"), "vllm"),
        (("", "ollama/demo"), ("", ""), "ollama"),
    ],
)
def test_the_model_that_comes_along_has_a_name_where_no_other_backend_is_named(flags, settings, backend):
    choice = named(Asked(Named(*flags), settings=Named(*settings)))
    assert choice is not None
    assert (choice.backend, choice.model) == (backend, f"file:{PATH}" if backend == "gguf" else "demo")
