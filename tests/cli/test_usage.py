"""``llmx usage``: sums of what was asked, with what nobody knows kept apart from nothing."""

import json
import re
import sys
import time

import pytest

from llmx.core.events import Usage
from llmx.core.usage import Call, Caller, Target
from llmx.core.usage.ledger import Ledger, day
from tests import forked

NOW = time.time()
MINI = Target("openai", "https://api.openai.com/v1", "gpt-4o-mini")
NOVEL = MINI._replace(model='no"vel')
LOCAL = Target("gguf", "", "/m/x.gguf")
CALLS = [
    Call(NOW, Caller("r1", "/p", "reviewer"), MINI, "done", Usage(1_000_000, 1_000_000, 5), 1000, 300),
    Call(NOW, Caller("r1", "/p", "reviewer"), MINI, "done", Usage(1_000_000, 1_000_000), 3, cached=True),
    Call(NOW, Caller("r2", "/p"), MINI, "failed", Usage(), 2000),
    Call(NOW, Caller("r2", "/q", template="code-review"), NOVEL, "done", Usage(10, None), 4000),
    Call(NOW - 3 * 86400, Caller("r3"), LOCAL, "done", Usage(7, 8), 100),
]


@pytest.fixture
def ledger():
    ledger = Ledger()
    for call in CALLS:
        ledger.settle(call)
    yield ledger
    ledger.close()


def llmx(*words):
    return forked.run([sys.executable, "-m", "llmx", "usage", *words], text=True)


def rows(*words):
    ran = llmx(*words, "--output", "json")
    assert ran.returncode == 0, ran.stderr
    return json.loads(ran.stdout)


def test_without_calls_there_is_nothing_to_show():
    assert rows() == []
    assert llmx().returncode == 0


@pytest.mark.promise("S3-31")
def test_sums_by_model_keep_unknown_apart_from_nothing(ledger):
    by_model = {row["model"]: row for row in rows("--by", "model")}
    mini = by_model["openai/gpt-4o-mini"]
    assert (mini["calls"], mini["failed"], mini["cached"]) == (3, 1, 1)
    assert (mini["prompt_tokens"], mini["completion_tokens"], mini["reasoning_tokens"]) == (1_000_000, 1_000_000, 5)
    assert mini["cost"] == pytest.approx(0.75)
    novel = by_model['openai/no"vel']
    assert (novel["cost"], novel["unpriced"], novel["unknown"]) == (None, 1, 1)
    assert by_model["gguf//m/x.gguf"]["cost"] == 0


@pytest.mark.promise("S3-31")
@pytest.mark.parametrize(
    ("by", "groups"),
    [
        ("agent", [("",), ("reviewer",)]),
        ("template", [("",), ("code-review",)]),
        ("project", [("",), ("/p",), ("/q",)]),
        ("run", [("r1",), ("r2",), ("r3",)]),
        ("day", [(day(NOW - 3 * 86400),), (day(NOW),)]),
        ("backend,day", [(day(NOW - 3 * 86400), "gguf"), (day(NOW), "openai")]),
    ],
)
def test_rows_are_by_what_is_asked(ledger, by, groups):
    names = [name for name in ("day", "backend", "agent", "template", "project", "run") if name in by.split(",")]
    assert [tuple(row[name] for name in names) for row in rows("--by", by)] == groups


def test_since_leaves_out_what_is_older(ledger):
    assert sum(row["calls"] for row in rows("--since", "2d")) == 4


def test_the_table_says_what_is_not_in_its_sums(ledger):
    lines = llmx("--by", "model").stdout.splitlines()
    assert lines[0].split()[:6] == ["calls", "failed", "cached", "prompt", "answer", "cost"]
    assert lines[1].endswith("$0.000000  gguf//m/x.gguf")
    assert re.search(r" -  openai/no\"vel$", lines[3])
    assert lines[4:] == [
        "the price of 1 calls is not known, and not in these sums",
        "1 calls did not say how many tokens they used",
    ]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--by", "modle"], "did you mean model?"),
        (["--by", "xyzzy"], "it can be day"),
        (["--since", "soon"], "--since"),
    ],
)
def test_a_wrong_word_is_refused(words, said):
    ran = llmx(*words)
    assert ran.returncode == 2
    assert said in ran.stderr


@pytest.mark.promise("S2-73")
def test_prometheus_reads_counters_and_latencies(ledger):
    text = llmx("--prometheus").stdout
    samples = dict(line.rsplit(" ", 1) for line in text.splitlines() if not line.startswith("#"))
    mini = 'backend="openai",model="gpt-4o-mini"'
    assert samples[f'llmx_requests_total{{{mini},status="done",cached="0"}}'] == "1"
    assert samples[f'llmx_requests_total{{{mini},status="failed",cached="0"}}'] == "1"
    assert samples[f"llmx_cache_hits_total{{{mini}}}"] == "1"
    assert samples[f"llmx_prompt_tokens_total{{{mini}}}"] == "1000000"
    assert samples[f"llmx_cost_dollars_total{{{mini}}}"] == "0.75"
    assert samples[f'llmx_request_seconds{{{mini},quantile="0.99"}}'] == "1.0"
    assert samples['llmx_request_seconds_count{backend="openai",model="no\\"vel"}'] == "1"
    for line in text.splitlines():
        assert re.fullmatch(r'# (HELP|TYPE) \w+ .+|\w+\{(\w+="([^"\\]|\\.)*",?)+\} [0-9.e+-]+', line), line
