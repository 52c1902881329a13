"""The ceiling of ``--plan`` holds for every built-in template, whatever a model answers, however often it is asked."""

import asyncio
import json
import os
import shutil
import tomllib
from pathlib import Path
from typing import Any

import pytest

from llmx.core.calls import CallOptions, Calls
from llmx.core.client import LLMClient
from llmx.core.llm_config import LLMConfig
from llmx.core.settings import active
from llmx.core.usage import prices
from llmx.templates.cases import cases_of
from llmx.templates.estimating import estimate
from llmx.templates.placeholders import placeholder
from llmx.templates.planning import plan
from llmx.templates.running import RunOptions, execute
from llmx.templates.sources import BUILT_IN, find
from tests.templates.model import OVERFLOW, Bytes, Cut, Model
from tests.templates.record import SCRIPTS

SENTENCE = "Yeast makes gas and the rent is 950 euros. "


@pytest.fixture(autouse=True)
def alone(monkeypatch, tmp_path, home):
    """A working folder, no pause between tries, and repairs that are paid for; no sandbox, which others test."""
    monkeypatch.setenv("LLMX_LLM__REPAIR", "2")
    monkeypatch.setenv("LLMX_LLM__RETRY__TRIES", "2")
    monkeypatch.setenv("LLMX_LLM__RETRY__FIRST", "0")
    monkeypatch.chdir(tmp_path)
    real = prices._looked_up
    known = "https://api.openai.com/v1"  # the table knows prices by URL, and the models here are on 127.0.0.1
    monkeypatch.setattr(prices, "_looked_up", lambda target, *rest: real(target._replace(base_url=known), *rest))


def case_of(name):
    """The parameters of the golden case, in a copy of its folder."""
    case = cases_of(find(name))[0]
    shutil.copytree(case.folder, "case")
    os.chdir("case")
    return tomllib.loads(Path("case.toml").read_text()).get("parameters", {}), case.options


def client(url, **limits):
    config = LLMConfig(backend="openai", model="gpt-4o-mini", api_base=url, api_key="k", enable_cache=False)
    return LLMClient(config, calls=Calls(active(os.environ, os.getcwd()).values, CallOptions(**limits)))


def text_of(body):
    return "\n".join(str(turn["content"]) for turn in body["messages"])


def room(body):
    return body.get("max_tokens") or body["max_completion_tokens"]


def golden(name):
    """The answers of the golden case, in their order or by what is asked."""
    rows = [json.loads(line) for line in (SCRIPTS / f"{name}.jsonl").read_text().splitlines()]

    def answer(body):
        row = next((row for row in rows if row.get("when", "") in text_of(body)), None)
        if row and "when" not in row:
            rows.remove(row)
        return row["text"] if row else SENTENCE

    return answer


def garbage(body):
    """As many bytes as may be, which fit no schema."""
    return ("}{ <<<" * room(body))[: room(body)]


def cut(body):
    """The same, ended for its length."""
    return Cut(("word " * room(body))[: room(body)])


def endless(body):
    """What fits every schema, is as long as it may be, and is never good enough."""
    if "response_format" not in body:
        return (SENTENCE * room(body))[: room(body) - 1]
    value = placeholder(body["response_format"]["json_schema"]["schema"])
    least = len(json.dumps(value))
    return json.dumps(_longer(value, max(0, room(body) - least - 10)))


def _longer(value, size):
    """The first text in it made longer by so many bytes."""
    if isinstance(value, str):
        return (SENTENCE * size)[:size].strip() or value
    if isinstance(value, dict):
        names = list(value)
        return {name: _longer(value[name], size) if name == names[-1] else value[name] for name in names}
    return [_longer(value[0], size), *value[1:]] if isinstance(value, list) and value else value


ANSWERS: dict[str, Any] = {
    "golden": golden,
    "garbage": lambda _: garbage,
    "cut": lambda _: cut,
    "endless": lambda _: endless,
}
OPTIONS: dict[str, dict[str, Any]] = {"code-review": {"votes": 3, "canaries": 2}}


@pytest.mark.promise("S2-26")
@pytest.mark.parametrize("said", ANSWERS)
@pytest.mark.parametrize("name", BUILT_IN)
def test_what_a_run_takes_is_never_more_than_the_plan_says(name, said):
    parameters, options = case_of(name)
    options = RunOptions(extra=options.extra, min_coverage=options.min_coverage, **OPTIONS.get(name, {}))
    require_within(name, parameters, options, ANSWERS[said](name))


def require_within(name, parameters, options, answers):
    """Run it; what it takes is within the plan's ceiling, which is returned with the questions that were asked."""
    with Model(answers, usage=Bytes.of) as model:
        found = asyncio.run(plan(name, parameters, client(model.url), options))
        assert model.bodies == [], "a plan asks nobody"
        assert found.unknown == []
        assert found.ceiling is not None
        told = asyncio.run(estimate(name, parameters, client(model.url), options))
        assert told["ceiling_usd"] == found.ceiling
        assert 0 < told["cost_usd"] <= found.ceiling
        result = asyncio.run(execute(name, parameters, client(model.url), options))
    used = [sum(counts) for counts in zip(*model.counted, strict=True)]
    assert 0 < used[0] <= found.most.prompt_tokens
    assert 0 < used[1] <= found.most.completion_tokens
    assert len(model.bodies) - model.counted.count((0, 0)) <= found.as_dict()["most_questions"]
    assert result.metrics.cost_usd is None or result.metrics.cost_usd <= found.ceiling
    assert result.metrics.tokens_used in (None, sum(used))
    return result, len(model.bodies)


def copies(body):
    """A summary that is the text itself, as long as it may be: no round makes anything shorter."""
    text = text_of(body).rpartition("\n<<<document ")[2].partition("\n")[2].rpartition("\ndocument ")[0]
    return json.dumps({"summary": text})


def test_summaries_that_do_not_get_shorter_are_within_the_ceiling():
    Path("long.txt").write_text("".join(f"Sentence {number} says that yeast makes gas.\n" for number in range(400)))
    parameters = {"document_paths": ["long.txt"], "transformation_type": "summarize", "chunk_chars": 1000}
    result, asked = require_within("document-processor", parameters, RunOptions(), copies)
    assert (result.problem, asked > 20) == ("", True)


def test_parts_that_end_for_their_length_are_within_the_ceiling():
    Path("long.txt").write_text("Yeast makes gas. " * 500)
    parameters = {"document_paths": ["long.txt"], "transformation_type": "reformat"}
    _, asked = require_within("document-processor", parameters, RunOptions(), cut)
    assert asked > 3


@pytest.mark.parametrize("target", [2500, 5000, 7001])
def test_a_long_text_in_parts_that_never_passes_is_within_the_ceiling(target):
    plan_ = {"title": "Bread", "sections": [{"heading": f"Part {n}", "points": ["one"] * 20} for n in range(7)]}

    def answer(body):
        text = text_of(body)
        if "Plan a text" in text:
            return json.dumps(plan_)
        if "Judge this text" in text:
            said = json.dumps({"score": 0, "feedback": ["more " * 20] * 5})
            return said if len(said) < room(body) else "{}"
        return (SENTENCE * room(body))[: room(body) - 1]

    parameters = {"topic": "Bread", "target_length": target, "max_iterations": 3}
    result, asked = require_within("content-generation", parameters, RunOptions(), answer)
    parts = -(-7 // -(-7 // -(-target // 1200)))
    assert (result.exit_code, asked) == (1, 1 + parts + 3 * parts + 2 * parts)


@pytest.mark.parametrize("name", ["research-assistant", "knowledge-management"])
def test_a_context_that_holds_one_passage_at_a_time_is_within_the_ceiling(name):
    Path("notes").mkdir()
    for number in range(6):
        Path("notes", f"{number}.txt").write_text(f"Herons eat fish {number}. " * 150)
    parameters = {"paths": ["notes"]} | ({"topic": "herons"} if "research" in name else {"query": "herons"})
    if "knowledge" in name:
        parameters["operation"] = "query"

    def answer(body):
        return OVERFLOW if text_of(body).count("\n<<<") > 2 else endless(body)

    _, asked = require_within(name, parameters, RunOptions(), answer)
    assert asked > 4, "some were refused, and asked in parts"


def test_a_loop_that_never_ends_by_its_condition_is_within_the_ceiling():
    steps = [
        {"id": "again", "until": "'never' == $say.text", "times": 4, "loop": [
            {"id": "say", "prompt": "Round $round of $$.topic"},
            {"id": "mark", "prompt": "How good is $say?", "schema": {"type": "object", "required": ["n"]}},
        ]},
    ]  # fmt: skip
    parameters = {"workflow_config": {"steps": steps, "input": {"topic": "bread"}}}
    result, asked = require_within("workflow-orchestrator", parameters, RunOptions(), endless)
    assert (result.exit_code, asked) == (1, 8)


def unknown(name, parameters, **limits):
    found = asyncio.run(plan(name, parameters, client("http://127.0.0.1:9/v1", **limits)))
    return found.ceiling, found.why_no_ceiling


@pytest.mark.parametrize(
    ("name", "parameters", "why"),
    [
        ("interactive-chat", {}, "phase talk: what is said on stdin is not known before"),
        ("research-assistant", {"topic": "birds", "sources": ["https://example.org/"]}, "before they are fetched"),
        ("research-assistant", {"topic": "birds", "search_tool": "search"}, "before they are fetched"),
        (
            "workflow-orchestrator",
            {"workflow_config": {"steps": [
                {"id": "a", "prompt": "x", "model": "openai/gpt-4o"}, {"id": "b", "prompt": "$a"}
            ]}},
            "step b: $a is what another model says",
        ),
        (
            "workflow-orchestrator",
            {"workflow_config": {"steps": [
                {"id": "a", "command": ["echo", "x"]},
                {"id": "b", "template": "interactive-chat", "parameters": {"message": "$a"}},
            ]}},
            "step b: what its template asks depends on $a",
        ),
    ],
)  # fmt: skip
def test_where_there_is_no_ceiling_the_plan_says_why_and_max_cost_is_one(name, parameters, why):
    ceiling, said = unknown(name, parameters)
    assert (ceiling, why in said, said.endswith("; --max-cost sets one")) == (None, True, True)
    ceiling, said = unknown(name, parameters, max_cost=0.5)
    assert (ceiling, said.endswith("; --max-cost is the ceiling, $0.5")) == (0.5, True)


def test_a_workflow_counts_its_templates_and_each_model_at_its_own_price():
    def ceiling(*steps):
        return unknown("workflow-orchestrator", {"workflow_config": {"steps": list(steps)}})[0]

    ask = {"id": "a", "prompt": "x"}
    plain = ceiling(ask)
    assert ceiling({**ask, "model": "openai/gpt-4o"}) > 10 * plain
    assert ceiling(ask, {"id": "b", "template": "interactive-chat", "parameters": {"message": "hi"}}) > plain
    assert ceiling({"id": "l", "times": 5, "loop": [ask]}) == pytest.approx(5 * plain, rel=0.01)
    assert ceiling({"id": "c", "command": ["echo", "x"]}, {"id": "b", "prompt": "$c"}) > 0.2, "what a command may print"


def test_the_dearest_of_those_that_may_be_asked_is_the_ceiling(monkeypatch):
    plain = unknown("interactive-chat", {"message": "hi"})[0]
    monkeypatch.setenv("LLMX_LLM__FALLBACK", "openai/gpt-4o")
    assert unknown("interactive-chat", {"message": "hi"})[0] > 10 * plain


def test_what_was_said_in_a_session_is_in_the_ceiling():
    with Model(lambda body: "word " * 80, usage=Bytes.of) as model:
        given = {"message": "hi", "session_id": "mine"}
        first = unknown("interactive-chat", given)[0]
        for _ in range(3):
            asyncio.run(execute("interactive-chat", given, client(model.url)))
        assert unknown("interactive-chat", given)[0] > first
        require_within("interactive-chat", given, RunOptions(), endless)


@pytest.mark.parametrize("part", [0.1, 0.5, 0.9])
def test_max_cost_holds_however_many_ask_at_once(part):
    """Each question is held before it is sent, so that those that are under way never pass the limit together."""
    Path("src").mkdir()
    for number in range(12):
        Path("src", f"{number}.py").write_text(f"def f{number}(x):\n    return x\n" * 20)
    parameters = {"code_path": "src", "chunk_bytes": 1000}
    with Model(lambda body: '{"findings": []}', usage=Bytes.of) as model:
        asked = client(model.url)
        found = asyncio.run(plan("code-review", parameters, asked))
        assert found.ceiling is not None
        single = found.ceiling / len(found.questions)
        most = part * found.ceiling / 3  # the plan counts repairs and tries, which are not made here
        result = asyncio.run(execute("code-review", parameters, client(model.url, max_cost=most), RunOptions(jobs=16)))
        cost = sum(0.15e-6 * prompt + 0.6e-6 * answer for prompt, answer in model.counted)
    assert len(found.questions) > 50
    assert 0 < cost <= most
    assert (result.exit_code, result.outcome) in ((6, "failed"), (0, "clean"))
    assert result.exit_code == 6 or most > single
