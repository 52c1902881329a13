"""``templates/metering.py`` and ``provenance.py``: what a run used is told as it is, and what is not known as null."""

import hashlib
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from llmx.core.calls import Calls
from llmx.core.client import LLMClient
from llmx.core.demo import PATH as DEMO
from llmx.core.events import Usage
from llmx.core.llm_config import LLMConfig
from llmx.core.settings import active
from llmx.core.usage import Call, Caller, Target
from llmx.templates.digests import model_digest
from llmx.templates.loading import load_template
from llmx.templates.metering import RunMeter
from llmx.templates.reports.plain import as_markdown
from tests.templates.conftest import asked_of, perform
from tests.templates.model import Model

ASK = '[[phases]]\nid = "ask"\nprompt = "ask.j2"\n'
FREE, PRICED = Target("mock", "", "mock"), Target("openai", "https://api.openai.com/v1", "gpt-4o-mini")
MUCH, NOT_TOLD = Usage(1_000_000, 1_000_000), Usage()
UNPRICED = Target("openai", "https://example.com/v1", "nobody-knows")


def call(target=PRICED, usage=MUCH, status="done", cached=False, first_ms=5):
    at = datetime(2026, 1, 1, tzinfo=UTC).timestamp()
    return Call(at, Caller("r"), target, status, usage, 9, first_ms, cached)


@pytest.mark.parametrize(
    ("calls", "cost", "tokens"),
    [
        ([], 0, 0),
        ([call(FREE)], 0, 2_000_000),
        ([call()], 0.75, 2_000_000),
        ([call(), call(cached=True)], 0.75, 2_000_000),
        ([call(UNPRICED)], None, 2_000_000),
        ([call(), call(UNPRICED)], None, 4_000_000),
        ([call(usage=NOT_TOLD)], None, None),
        ([call(FREE, usage=NOT_TOLD)], 0, None),
        ([call(usage=NOT_TOLD, status="stopped", first_ms=None)], None, None),
        ([call(usage=NOT_TOLD, status="failed", first_ms=None)], 0, 0),
        ([call(UNPRICED, usage=NOT_TOLD, status="failed")], None, None),
    ],
)
def test_what_is_not_known_is_none_and_never_0(calls, cost, tokens):
    meter = RunMeter()
    for each in calls:
        meter.note(each)
    assert (meter.cost, meter.tokens) == (cost if cost is None else pytest.approx(cost), tokens)


@pytest.mark.promise("S2-29")
def test_every_call_counts_also_those_that_had_to_be_repaired(own, alone):
    schema = 'schema = { type = "object", required = ["n"] }\n'
    answers = iter(["no json", '{"n": 1}'])
    with Model(lambda body: next(answers)) as model:
        result = perform(own(ASK + schema, ask_j2="n?"), client=asked_of(model.url))
    assert result.result == {"n": 1}
    assert (result.metrics.model_calls, result.metrics.tokens_used) == (2, 220)
    assert (result.metrics.agents_invoked, result.metrics.tools_invoked, result.metrics.rag_queries) == (0, 0, 0)
    assert result.metrics.cost_usd is None or result.metrics.cost_usd > 0


def test_a_failed_run_tells_what_it_has_used(own, alone):
    answers = iter(["first", 500])
    two = ASK + '[[phases]]\nid = "again"\nprompt = "ask.j2"\n'
    with Model(lambda body: next(answers, 400)) as model:
        result = perform(own(two, ask_j2="n?"), client=asked_of(model.url))
    assert result.exit_code != 0
    assert (result.failed_phase, result.metrics.model_calls, result.metrics.tokens_used) == ("again", 1, 110)
    assert result.metrics.failed_calls >= 1


def test_a_share_holds_what_a_phase_may_use_and_leaves_the_rest(own, alone):
    phases = '[[phases]]\nid = "small"\nprompt = "ask.j2"\nmax_tokens = 400\nshare = {}\n' + ASK.replace(
        "ask", "all", 1
    )
    enough = perform(own(phases.format(0.6), ask_j2="n?"), client=asked_of(max_tokens=1000))
    assert enough.outcome == "clean", enough.problem
    short = perform(own(phases.format(0.4), ask_j2="n?"), client=asked_of(max_tokens=1000))
    assert (short.exit_code, short.failed_phase, short.metrics.model_calls) == (6, "small", 0)
    assert "phase small may use 400 tokens" in short.problem
    assert perform(own(phases.format(0.01), ask_j2="n?")).outcome == "clean", "without a limit a share limits nothing"


def test_a_share_of_dollars_needs_a_price(own, alone):
    phases = '[[phases]]\nid = "small"\nprompt = "ask.j2"\nmax_tokens = 400\nshare = 0.5\n'
    with Model(lambda body: "yes") as model:
        result = perform(own(phases, ask_j2="n?"), client=asked_of(model.url, "nobody-knows", max_cost=1.0))
        assert (result.exit_code, model.bodies) == (6, [])
    assert "the price of nobody-knows is not known" in result.problem


def test_the_result_says_where_it_comes_from_in_every_ending(own, alone):
    name = own(ASK, ask_j2="n?")
    for client in (asked_of(), LLMClient(LLMConfig(backend="openai", model="m"))):
        result = perform(name, client=client)
        told = result.envelope([])["provenance"]
        template = load_template(result.template.folder)
        assert (told["template"], told["version"], told["template_digest"]) == ("own", "1", template.digest)
        assert len(told["input_digest"]) == 64
        assert (told["seed"], told["replayed"]) == (None, False)
        assert told["llmx"]
    assert perform(name).provenance["prices"].startswith("genai-prices ")


def test_the_digest_of_the_input_is_that_of_all_that_was_read(own, alone, tmp_path):
    code = f"""
        from pathlib import Path
        def read(context):
            context.took("x", Path({str(tmp_path)!r}, "x").read_text())
        """
    name = own('[[phases]]\nid = "read"\nrun = "phases:read"\n', code)
    digests = []
    for text in ("a", "a", "b"):
        (tmp_path / "x").write_text(text)
        digests.append(perform(name).provenance["input_digest"])
    assert digests[0] == digests[1] != digests[2]


def test_a_model_that_runs_here_has_the_digest_of_its_file(tmp_path):
    file = tmp_path / "m.gguf"
    file.write_bytes(b"weights")
    for weights in (b"weights", b"weights", b"other weights"):
        file.write_bytes(weights)
        for _ in range(2):
            assert model_digest("gguf", f"file:{file}") == f"sha256:{hashlib.sha256(weights).hexdigest()}"
    assert model_digest("gguf", f"file:{tmp_path}/none.gguf") is None
    assert model_digest("openai", "gpt-4o-mini") is None


def test_a_replayed_run_costs_nothing_and_says_that_it_was_replayed(own, alone, tmp_path):
    name = own(ASK, ask_j2="n?")
    with Model(lambda body: "yes") as model:
        recorded = perform(name, client=asked_of(model.url, record=str(tmp_path / "c.jsonl")))
    replay = Calls(active({}, "/").values, asked_of(replay=str(tmp_path / "c.jsonl")).options)
    played = perform(name, client=LLMClient(LLMConfig(), calls=replay))
    assert (recorded.result, recorded.metrics.tokens_used) == ("yes", 110)
    assert (played.result, played.metrics.tokens_used, played.metrics.cost_usd) == ("yes", 0, 0)
    assert played.provenance["replayed"] is True
    json.dumps(played.envelope([]))


def test_the_demo_model_is_told_as_such_also_where_a_copy_of_it_was_named(own, alone, tmp_path):
    pytest.importorskip("llama_cpp", reason="the demo model needs an engine: pip install llmx-toolkit[gguf]")
    (tmp_path / "mine.gguf").write_bytes(Path(DEMO).read_bytes())
    client = LLMClient(LLMConfig(backend="gguf", model=f"file:{tmp_path}/mine.gguf"))
    result = perform(own(ASK + "max_tokens = 8\n", ask_j2="Hello"), client=client)
    (who,) = result.provenance["models"]
    assert (who["backend"], who["demo"]) == ("gguf", True)
    assert who["digest"] == f"sha256:{hashlib.sha256(Path(DEMO).read_bytes()).hexdigest()}"
    assert "the demo model" in as_markdown(result)
