"""``from llmx import Template``: the calls of the command line for programs, with the same results."""

import asyncio
import json
import sys

import pytest

import llmx.api
from llmx import LLMConfig, NotFoundError, Template, UsageError
from tests import forked

MOCK = LLMConfig(backend="mock")
HI = {"message": "hi"}
CHAT = ["interactive-chat", "--param", "message=hi", "--backend", "mock"]


def told(*words):
    done = forked.run([sys.executable, "-m", "llmx", "template", *words], check=True)
    return json.loads(done.stdout)


def timeless(envelope):
    """What two runs have in common."""
    del envelope["metrics"]["duration_ms"], envelope["metadata"]["run"]
    for phase in envelope["metadata"]["phases"]:
        del phase["ms"]
    return envelope


@pytest.mark.promise("S2-90")
@pytest.mark.parametrize(
    ("call", "words"),
    [
        (Template.list, ["list", "--output", "json"]),
        (lambda: Template.list("CODE"), ["list", "--category", "code", "--output", "json"]),
        (lambda: Template.search("review ci"), ["search", "review", "ci", "--output", "json"]),
        (lambda: Template.info("code-review"), ["info", "code-review", "--output", "json"]),
        (lambda: Template.schema("code-review"), ["schema", "code-review"]),
        (lambda: Template.estimate_cost("interactive-chat", HI, config=MOCK), ["estimate", *CHAT, "--output", "json"]),
    ],
)
def test_a_call_says_what_the_command_says(call, words):
    assert call() == told(*words)


@pytest.mark.promise("S2-90")
def test_execute_gives_the_envelope_of_the_command(tmp_path):
    found = timeless(Template.execute("interactive-chat", HI, config=MOCK))
    assert found["result"]["reply"] == "Mock response to: hi"
    assert found == timeless(told("exec", *CHAT, "--output", "json"))


def test_it_runs_beside_an_event_loop_too():
    async def inside():
        waited = await Template.execute_async("interactive-chat", {"message": "a"}, config=MOCK)
        return waited, Template.execute("interactive-chat", {"message": "b"}, config=MOCK)

    assert [each["result"]["reply"][-1] for each in asyncio.run(inside())] == ["a", "b"]


def test_what_is_wrong_before_it_begins_raises_and_what_goes_wrong_later_is_told():
    with pytest.raises(NotFoundError):
        Template.info("nothing")
    with pytest.raises(UsageError, match="no parameter 'mesage', did you mean message"):
        Template.execute("interactive-chat", {"mesage": "x"}, config=MOCK)
    failed = Template.execute(
        "interactive-chat", {"message": "x"}, config=LLMConfig(backend="ollama", api_base="http://127.0.0.1:9")
    )
    assert (failed["outcome"], failed["exit_code"]) == ("inconclusive", 3)


def test_it_is_offered_under_both_names():
    assert llmx.api.Template is Template
