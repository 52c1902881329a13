"""``--plan`` and ``template estimate``: what a run would ask and cost, before anything is sent."""

import asyncio
import json
import socket
import textwrap
from pathlib import Path

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmx.api import Template
from llmx.core.client import LLMClient
from llmx.core.llm_config import LLMConfig
from llmx.core.usage import Target
from llmx.errors import ConfigError, LlmxError
from llmx.templates.metering import cost_of
from llmx.templates.placeholders import placeholder
from llmx.templates.planning import plan
from llmx.templates.running import RunOptions
from tests.templates.conftest import HEAD, asked_of, llmx, perform
from tests.templates.model import Model

REAL = "https://api.openai.com/v1"
CODE = "import os\n\n\ndef run(command):\n    return os.system(command)\n"
ASK = '[[phases]]\nid = "ask"\nprompt = "ask.j2"\nmax_tokens = 100\n'


@pytest.fixture
def code(alone, tmp_path):
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "a.py").write_text(CODE)
    return tmp_path / "src"


def planned(name, parameters=None, client=None, **options):
    return asyncio.run(plan(name, parameters or {}, client or asked_of(), RunOptions(**options)))


def review(*words, **env):
    given_ = ["--param", "code_path=src", "--param", "aspects=security,style"]
    return llmx("exec", "code-review", *given_, "--plan", *words, **env)


def test_a_plan_sends_nothing_and_has_the_prompts_that_are_sent(code):
    parameters = {"code_path": "src", "aspects": ["security", "style"]}
    with Model(lambda body: '{"findings": []}') as model:
        found = planned("code-review", parameters, asked_of(model.url))
        assert model.bodies == []
        perform("code-review", parameters, asked_of(model.url), jobs=1)
        sent = [[turn["content"] for turn in body["messages"]] for body in model.bodies]
    assert sent == [[turn.text for turn in each.request.messages] for each in found.questions]
    assert found.most.prompt_tokens > sum(len(text.encode()) for texts in sent for text in texts)
    assert found.as_dict()["coverage"] == [{"path": "a.py", "read": True, "reason": ""}]


def test_no_packet_leaves_and_no_key_is_needed(code, monkeypatch):
    def refuse(*_):
        raise AssertionError("something was sent")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    client = LLMClient(LLMConfig(backend="openai", model="gpt-4o-mini"))
    found = planned("code-review", {"code_path": "src"}, client)
    assert len(found.questions) == 7
    price = cost_of(Target("openai", REAL, "gpt-4o-mini"), found.most)
    assert price is not None
    assert found.ceiling == pytest.approx(price / 1e9, rel=1e-6)


def test_the_ceiling_holds_with_all_repairs_and_tries(own, alone):
    """The worst that can happen: every answer is as long as it may be, and no answer fits before the last."""
    phases = ASK + 'retries = 1\nschema = { type = "object", required = ["n"] }\n'
    name = own(phases, ask_j2="n?")
    with Model(lambda body: "x" * 100, usage=(0, 100)) as model:
        found = planned(name, client=asked_of(model.url))
        perform(name, client=asked_of(model.url))
        worst = [sum(len(text) for text in model.prompts()), 100 * len(model.bodies)]
    assert len(model.bodies) == 3, "an answer that does not fit is repaired, and not asked for anew"
    assert found.most.prompt_tokens >= worst[0]
    assert found.most.completion_tokens >= worst[1]


@pytest.mark.parametrize(
    ("words", "ceiling", "said"),
    [
        (["--backend", "openai", "--model", "gpt-4o-mini"], True, None),
        (["--backend", "mock"], 0, None),
        (["--backend", "openai", "--model", "nobody-knows"], None, "the price of nobody-knows is not known"),
        ([], None, "no model is configured"),
        (["--backend", "openai", "--model", "gpt-4o-mini", "--max-cost", "0.000001"], 0.000001, None),
    ],
)
def test_an_unknown_price_is_null_and_said(code, words, ceiling, said):
    done = review(*words, "--output", "json")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert (told["plan"], told["outcome"], told["questions"], len(told["prompts"])) == (1, "planned", 2, 2)
    assert (told["ceiling_usd"] > 0) if ceiling is True else told["ceiling_usd"] == ceiling
    assert told["why_no_ceiling"] == said
    text = review(*words).stdout
    assert "nothing was sent" in text
    assert (said or "at most $") in text
    assert "def run(command):" in text


def test_votes_and_canaries_are_in_the_plan(code):
    parameters = {"code_path": "src", "aspects": ["security"]}
    found = planned("code-review", parameters, votes=3, canaries=2)
    assert len(found.questions) == 3
    assert found.questions[0].prompt_tokens > planned("code-review", parameters).questions[0].prompt_tokens


UNKNOWN = [
    ('[[phases]]\nid = "code"\nrun = "phases:x"\n', "phase code is code that may ask"),
    (f'{ASK}[[phases]]\nid = "then"\nprompt = "then.j2"\n', "what phase then asks depends on answers"),
    (f'[[phases]]\nid = "code"\nrun = "phases:x"\n{ASK}', "phase code is code that may ask"),
    ('[[phases]]\nid = "other"\ntemplate = "interactive-chat"\n', "phase talk: what is said on stdin is not known"),
    (ASK + 'schema = { type = "string", pattern = "^q{40}$" }\n', "no answer can be made up"),
]


@pytest.mark.parametrize(("phases", "said"), UNKNOWN)
def test_what_cannot_be_planned_is_named_and_has_no_ceiling(own, alone, phases, said):
    broken = "def x(context):\n    raise AssertionError\n"
    found = planned(own(phases, broken, ask_j2="{{ code }}" if "code" in phases else "n?", then_j2="{{ ask }}"))
    assert found.ceiling is None
    assert said in found.why_no_ceiling
    assert found.as_dict()["most_questions"] is None


BOUND = ASK + '[[phases]]\nid = "code"\nrun = "phases:never"\nplan = "bound:most"\n'
MOST = """
    from llmx.templates.ceilings import at_most, longest
    async def most(context):
        with at_most(3):
            await context.ask("again " + longest(10), max_tokens=10)
    """


def test_a_template_of_ones_own_can_say_what_its_code_asks_at_most(own, alone):
    name = own(BOUND, "def never(context):\n    raise AssertionError\n", ask_j2="n?")
    Path(name, "bound.py").write_text(textwrap.dedent(MOST))
    found = planned(name)
    assert (found.unknown, found.ceiling) == ([], 0)
    assert [each.request.messages[-1].text for each in found.questions] == ["n?"]
    assert found.as_dict()["most_questions"] == 4
    assert found.most.completion_tokens == 100 + 3 * 10
    only_first = planned(own(ASK, ask_j2="n?"))
    assert found.most.prompt_tokens - only_first.most.prompt_tokens >= 3 * len("again " + 10 * "...")


@pytest.mark.parametrize(
    ("when", "is_known"),
    [("depth > 1", True), ("ask", False), ("depth > 1 and ask", False), ("depth > 9 and ask", True)],
)
def test_whether_a_phase_is_done_is_known_only_where_the_parameters_decide(own, alone, when, is_known):
    depth = '[parameters.depth]\ntype = "integer"\ndescription = "d"\ndefault = 2\n'
    name = own(f'{depth}{BOUND}when = "{when}"\n', ask_j2="n?")
    Path(name, "bound.py").write_text(textwrap.dedent(MOST))
    assert ("whether phase code is done depends on answers" in planned(name).why_no_ceiling) is not is_known


def test_another_template_is_planned_as_part_of_one(own, alone):
    phases = '[[phases]]\nid = "other"\ntemplate = "interactive-chat"\nparameters = { message = "\'hello\'" }\n'
    found = planned(own(phases))
    assert [each.request.messages[-1].text for each in found.questions] == ["hello"]
    assert (found.unknown, found.ceiling) == ([], 0)


def test_code_runs_in_a_plan_only_where_it_says_that_it_only_reads(own, alone, tmp_path):
    code_ = f"""
        from pathlib import Path
        def touch(context):
            Path({str(tmp_path)!r}, "touched").touch()
            return ["a", "b"]
        """
    phases = '[[phases]]\nid = "items"\nrun = "phases:touch"\n{}[[phases]]\nid = "ask"\n'
    phases += 'for_each = "items"\nprompt = "a.j2"\n'
    found = planned(own(phases.format('plan = "skip"\n'), code_, a_j2="{{ item }}"))
    assert (found.questions, (tmp_path / "touched").exists()) == ([], False)
    assert "phase ask needs what is not planned" in found.why_no_ceiling
    found = planned(own(phases.format('plan = "run"\n'), code_, a_j2="{{ item }}"))
    assert [each.request.messages[-1].text for each in found.questions] == ["a", "b"]
    assert found.ceiling == 0


SCHEMAS = st.recursive(
    st.sampled_from(
        [
            {"type": "string"},
            {"type": "string", "minLength": 3},
            {"type": "integer", "minimum": 4},
            {"type": "number", "minimum": 1, "maximum": 2},
            {"type": "integer", "maximum": -5},
            {"type": "boolean"},
            {"enum": ["a", 2]},
            {"const": None},
            {"type": ["null", "string"]},
        ]
    ),
    lambda inner: st.one_of(
        st.builds(lambda i, n: {"type": "array", "items": i, "minItems": n}, inner, st.integers(0, 3)),
        st.builds(lambda a, b: {"type": "object", "required": ["a"], "properties": {"a": a, "b": b}}, inner, inner),
        st.builds(lambda a: {"anyOf": [a]}, inner),
    ),
    max_leaves=6,
)


@given(SCHEMAS)
def test_a_made_up_answer_fits_its_schema(schema):
    jsonschema.validate(placeholder(schema), schema)


def test_a_schema_that_refers_into_itself_is_followed():
    schema = {"$ref": "#/$defs/n", "$defs": {"n": {"type": "integer", "minimum": 2}}}
    assert placeholder(schema) == 2


FORMULA = '[estimate]\ntokens = "500 * max_sources + 3000"\nanswers = "3000"\n'
SOURCES = '[parameters.max_sources]\ntype = "integer"\ndescription = "n"\ndefault = 10\n'


@pytest.mark.promise("S2-26")
def test_a_template_may_know_its_own_measure(own, alone):
    name = own(FORMULA + SOURCES + ASK, ask_j2="n?")
    done = llmx("estimate", name, "--backend", "openai", "--model", "gpt-4o-mini", "--output", "json")
    told = json.loads(done.stdout)
    assert (told["tokens"], told["prompt_tokens"], told["answer_tokens"], told["basis"]) == (
        8000,
        5000,
        3000,
        "formula",
    )
    assert told["cost_usd"] == pytest.approx(5000 * 0.15e-6 + 3000 * 0.6e-6)
    assert (told["duration_ms"], told["calls"]) == (None, 1)
    assert told["ceiling_usd"] > 0
    more = json.loads(llmx("estimate", name, "--param", "max_sources=20", "--output", "json").stdout)
    assert (more["tokens"], more["cost_usd"], more["model"]) == (13000, None, None)


@pytest.mark.promise("S2-26")
def test_an_estimate_is_that_of_the_plan_and_gets_surer_with_what_was_measured(code):
    parameters = {"code_path": "src", "aspects": ["security"]}
    named = LLMConfig(backend="openai", model="nobody-knows")
    first = Template.estimate_cost("code-review", parameters, config=named)
    assert (first["calls"], first["cost_usd"], first["duration_ms"], first["basis"]) == (1, None, None, "plan")
    assert first["tokens"] == first["prompt_tokens"] + first["answer_tokens"]
    given_ = ["--param", "code_path=src", "--param", "aspects=security"]
    with Model(lambda body: '{"findings": []}') as model:
        url = ["--backend", "openai", "--model", "nobody-knows", "--api-base", model.url, "--votes", "5"]
        assert llmx("exec", "code-review", *given_, *url, OPENAI_API_KEY="k").returncode == 0
    then = Template.estimate_cost("code-review", parameters, config=named)
    assert then["answer_tokens"] == 10
    assert then["duration_ms"] is not None
    assert 0 < first["confidence"] < then["confidence"] <= 1


def test_an_estimate_in_words_says_what_is_not_known(own, alone):
    done = llmx("estimate", own(FORMULA + SOURCES + ASK, ask_j2="n?"))
    text = done.stdout
    assert done.stderr == "note: no model is configured, so no price is known; --model PROVIDER/NAME\n"
    assert "about 8000: 5000 in prompts, 3000 in answers" in text
    assert "cost        not known" in text
    assert "confidence  0.5" in text


def test_an_estimate_of_a_review_of_nothing_says_why(alone, tmp_path):
    (tmp_path / "empty").mkdir()
    (tmp_path / "words").mkdir()
    for name in ("A", "B"):
        (tmp_path / "words" / name).write_text("no code")
    for folder, why in (("empty", "there is no file"), ("words", "A: not code by its name; and 1 more")):
        done = llmx("estimate", "code-review", "--param", f"code_path={tmp_path / folder}")
        assert (done.returncode, done.stderr.splitlines()[-1]) == (3, f"hint: {why}")


@pytest.mark.parametrize(
    ("table", "kind"),
    [
        ("[estimate]\ntoken = '1'\n", ConfigError),
        ("[estimate]\ntokens = 8\n", ConfigError),
        ("[estimate]\nanswers = '8'\n", ConfigError),
        ("[estimate]\ntokens = 'nothing * 2'\n", LlmxError),
    ],
)
def test_a_wrong_formula_is_refused(own, alone, table, kind):
    with pytest.raises(kind):
        Template.estimate_cost(own(table + ASK, head=HEAD, ask_j2="n?"), config=LLMConfig(backend="mock"))


def test_an_estimate_of_what_cannot_be_planned_is_null_and_never_0(own, alone):
    name = own('[[phases]]\nid = "x"\nrun = "phases:x"\n', "def x(context):\n    return 1\n")
    told = Template.estimate_cost(name, config=LLMConfig(backend="mock"))
    assert (told["tokens"], told["cost_usd"], told["confidence"]) == (None, None, 0)
    assert "phase x is code that may ask" in llmx("estimate", name).stdout


@pytest.mark.parametrize("words", [["--report", "sarif=o.sarif"], ["--report", "junit"], ["--output-dir", "out"]])
def test_a_plan_is_no_run_so_it_is_not_asked_for_what_a_run_makes(code, tmp_path, words):
    done = llmx("exec", "code-review", "--backend", "mock", "--plan", *words)
    assert (done.returncode, "--plan runs nothing" in done.stderr) == (2, True), "or all is green without a report"
