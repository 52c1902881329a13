"""research-assistant: sources are read, and what is said of them stands in them."""

import json
import os
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest

from llmx.core.demo import PATH as DEMO
from llmx.errors import UsageError
from tests import forked
from tests.templates.play import played, script
from tests.templates.test_fetching import serving

ROOT = Path(__file__).resolve().parents[2]
CHAPTER = (ROOT / "llmx/data/guide/research-assistant.md").read_text()
SEARCH = str(ROOT / "tests/core/mcp/searching.py")

HERONS = "# Herons\n\nThe grey heron eats fish and frogs.\nIt nests in tall trees.\n"
STORKS = "Storks nest on roofs.\nThey eat frogs, mice and worms.\n"


@pytest.fixture
def birds(tmp_path, monkeypatch):
    """A folder with two sources, and nothing that a model is reached by."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("OLLAMA_HOST", "127.0.0.1:9")
    for name in ("OPENAI_API_KEY", "ANTHROPIC_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "birds").mkdir()
    (tmp_path / "birds" / "herons.md").write_text(HERONS)
    (tmp_path / "birds" / "storks.txt").write_text(STORKS)
    return tmp_path / "birds"


def research(**parameters):
    options = {name: parameters.pop(name) for name in ("backend", "model", "resume") if name in parameters}
    return played("research-assistant", {"topic": "what herons and storks eat", **parameters}, **options)


def said(**sections):
    """An answer of the model: by heading, statements with (source, quote) pairs."""
    return {
        "sections": [
            {
                "heading": heading,
                "statements": [
                    {"text": text, "citations": [{"source": number, "quote": quote} for number, quote in citations]}
                    for text, *citations in statements
                ],
            }
            for heading, statements in sections.items()
        ]
    }


GOOD = said(
    Food=[
        ("Herons eat fish and frogs.", (1, "grey heron eats fish and frogs")),
        ("Both eat frogs.", (1, "eats fish and frogs"), (2, "They eat frogs, mice and worms.")),
    ]
)
BOGUS = said(
    Food=[
        ("Herons eat fish.", (1, "grey heron eats fish and frogs"), (1, "herons are vegetarians at heart")),
        ("Storks eat bread.", (2, "They eat bread, butter and jam.")),
    ],
    Nothing=[("Swans sing.", (7, "Swans sing before they die."))],
)


def artifacts(result):
    return {each.name: each.data.decode() for each in result.artifacts}


@pytest.mark.promise("S2-33")
def test_a_synthesis_names_the_lines_that_it_stands_on(birds, tmp_path, monkeypatch):
    script(tmp_path, monkeypatch, GOOD)
    result = research(sources=["birds"])
    told = result.result
    assert (result.exit_code, result.outcome) == (0, "clean")
    assert [each["id"] for each in result.phases] == ["gather", "ingest", "synthesize", "validate", "report"]
    (section,) = told["sections"]
    assert [(each["source"], each["first"]) for each in section["statements"][1]["citations"]] == [(1, 3), (2, 2)]
    assert [(each["name"], each["citations"]) for each in told["sources"]] == [
        ("birds/herons.md", 2),
        ("birds/storks.txt", 1),
    ]
    assert (told["validation"]["verified"], told["validation"]["removed"]) == (3, 0)
    assert told["search"] == {"tool": None, "found": 0, "failed": []}
    made = artifacts(result)
    assert list(made) == ["synthesis.md", "sources.json", "validation.txt"]
    assert "Both eat frogs. [2][3]" in made["synthesis.md"]
    assert '[1] `birds/herons.md:3`: "grey heron eats fish and frogs"' in made["synthesis.md"]
    assert json.loads(made["sources.json"]) == told["sources"]
    assert "citations checked: 3\nverified: 3, of which put right: 0\nremoved: 0\n" in made["validation.txt"]
    assert (result.metrics.model_calls, result.metrics.rag_queries) == (1, 1)


@pytest.mark.promise("S2-33")
def test_what_is_made_up_is_taken_out_and_counted(birds, tmp_path, monkeypatch):
    script(tmp_path, monkeypatch, BOGUS)
    result = research(sources=["birds"])
    told = result.result
    assert result.exit_code == 0
    assert [(each["heading"], len(each["statements"])) for each in told["sections"]] == [("Food", 1)]
    assert len(told["sections"][0]["statements"][0]["citations"]) == 1
    assert (told["validation"]["checked"], told["validation"]["verified"], told["validation"]["removed"]) == (4, 1, 3)
    assert (result.checks.verified, result.checks.unverified) == (1, 3)
    assert told["validation"]["unsupported"] == ["Storks eat bread.", "Swans sing."]
    made = artifacts(result)
    assert "bread" not in made["synthesis.md"]
    assert 'source 2, it is not in the source: "They eat bread, butter and jam."' in made["validation.txt"]
    assert "source 7, there is no such source" in made["validation.txt"]
    assert "found: 1; not found and taken out: 3, and statements with them: 2." in made["synthesis.md"]


@pytest.mark.promise("S2-33")
def test_without_validation_nothing_is_taken_out_and_that_is_said(birds, tmp_path, monkeypatch):
    script(tmp_path, monkeypatch, BOGUS)
    result = research(sources=["birds"], enable_validation=False)
    assert {each["id"]: each["status"] for each in result.phases}["validate"] == "skipped"
    assert result.result["validation"] is None
    made = artifacts(result)
    assert list(made) == ["synthesis.md", "sources.json"]
    assert "Storks eat bread." in made["synthesis.md"]
    assert "The citations were not checked." in made["synthesis.md"]
    assert '[4] `no source` (not checked): "Swans sing before they die."' in made["synthesis.md"]


class Tags(HTMLParser):
    """The tags of a page."""

    def __init__(self, text):
        super().__init__()
        self.found = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))


def test_html_is_escaped_and_fetches_nothing(birds, tmp_path, monkeypatch):
    evil = '<script>alert(1)</script><img src="https://evil.example/x">'
    (birds / "storks.txt").write_text(f"{STORKS}{evil} is a quote of some length\n")
    script(tmp_path, monkeypatch, said(**{f"H {evil}": [(f"T {evil}", (2, f"{evil} is a quote of some length"))]}))
    result = research(sources=["birds"], output_format="html", topic=f"frogs {evil}")
    page = artifacts(result)["synthesis.html"]
    tags = Tags(page).found
    assert not {"script", "img", "iframe", "link"} & {tag for tag, _ in tags}
    assert page.count("&lt;script&gt;") == 5  # the topic twice, the heading, the statement and the quote
    policy = [attrs["content"] for tag, attrs in tags if attrs.get("http-equiv") == "Content-Security-Policy"]
    assert policy == ["default-src 'none'; style-src 'unsafe-inline'"]
    script(tmp_path, monkeypatch, GOOD)
    text = artifacts(research(sources=["birds"], topic=f"frogs {evil}"))["synthesis.md"]
    assert "<script" not in text


def test_json_holds_all_of_it_and_citations_can_be_left_out_of_a_text(birds, tmp_path, monkeypatch):
    script(tmp_path, monkeypatch, GOOD)
    told = json.loads(artifacts(research(sources=["birds"], output_format="json"))["synthesis.json"])
    assert told["sections"][0]["statements"][0]["citations"][0]["quote"] == "grey heron eats fish and frogs"
    text = artifacts(research(sources=["birds"], include_citations=False))["synthesis.md"]
    assert "Both eat frogs.\n" in text
    assert "[1]" not in text
    assert "## Sources" in text


def test_pages_are_sources_too_and_what_cannot_be_had_makes_it_inconclusive(birds, tmp_path, monkeypatch):
    script(tmp_path, monkeypatch, said(F=[("Cranes dance.", (2, "Cranes dance in spring."))]))
    with serving() as site:
        page = b"<html><title>Cranes</title><body><script>no()</script><p>Cranes dance in spring.</p></body></html>"
        site.pages["/cranes"] = (200, {"Content-Type": "text/html"}, page)
        given = ["birds/herons.md", f"{site.url}/cranes"]
        result = research(sources=given)
        assert result.exit_code == 0
        assert result.result["sources"][1] == {
            "number": 2,
            "name": f"{site.url}/cranes",
            "title": "Cranes",
            "kind": "html",
            "digest": result.result["sources"][1]["digest"],
            "notes": result.result["sources"][1]["notes"],
            "citations": 1,
        }
        assert (
            f'<a href="{site.url}/cranes"' in artifacts(research(sources=given, output_format="html"))["synthesis.html"]
        )
        result = research(sources=[*given, f"{site.url}/none"])
    assert (result.exit_code, result.outcome) == (3, "inconclusive")
    assert {each["path"]: each["reason"] for each in result.coverage if not each["read"]} == {
        f"{site.url}/none": "answered 404 Not Found"
    }
    assert result.result["sections"]


def searching(home, name, answer, tools="web_search"):
    """Declare an MCP server that answers so."""
    folder = home / ".config" / "llmx"
    folder.mkdir(parents=True, exist_ok=True)
    args = json.dumps([SEARCH, tools, json.dumps(answer)])
    with open(folder / "config.toml", "a") as file:
        file.write(f"[mcp.servers.{name}]\ncommand = {json.dumps(sys.executable)}\nargs = {args}\n")


def test_a_search_finds_sources_but_none_of_this_machines_network(birds, home, tmp_path, monkeypatch):
    script(tmp_path, monkeypatch, GOOD)
    with serving() as site:
        site.pages["/a"] = (200, {"Content-Type": "text/plain"}, b"Secret of the intranet.")
        site.pages["http://herons.example/b"] = (200, {"Content-Type": "text/plain"}, b"Herons wait for hours.")
        monkeypatch.setenv("http_proxy", site.url)  # the tests have no other internet
        text = f"1. {site.url}/a\n2. [b](http://herons.example/b), and http://herons.example/b again. 3. http://x.example/c"
        searching(home, "web", {"content": [{"type": "text", "text": text}]})
        result = research(sources=["birds"], search_tool="web")
    told = result.result
    assert result.exit_code == 0
    assert [each["name"] for each in told["sources"]][2:] == ["http://herons.example/b"]
    assert (told["search"]["tool"], told["search"]["found"], result.metrics.tools_invoked) == ("web", 3, 1)
    failed = {each["url"]: each["reason"] for each in told["search"]["failed"]}
    assert "loopback" in failed[f"{site.url}/a"]
    assert failed["http://x.example/c"] == "answered 404 Not Found"
    assert ("/a", f"127.0.0.1:{site.server_port}") not in site.seen


@pytest.mark.parametrize(
    ("tool", "code", "problem"),
    [
        ("wbe", 4, "there is no MCP server 'wbe' (did you mean web?)"),
        ("web/other", 2, "web has no tool 'other' (search_tool=web/TOOL; its tools: web_search, fetch)"),
        ("two", 2, "two has no tool"),
        ("broken", 3, "broken/web_search: no quota"),
    ],
)
def test_a_search_tool_that_cannot_be_used_is_said(birds, home, tool, code, problem):
    searching(home, "web", {}, tools="web_search,fetch")
    searching(home, "two", {}, tools="web_search,image_search")
    searching(home, "broken", {"isError": True, "content": [{"type": "text", "text": "no quota"}]})
    result = research(search_tool=tool)
    assert result.exit_code == code
    assert problem in result.problem


def test_what_is_too_much_is_named_and_not_cut_silently(birds, tmp_path, monkeypatch):
    script(tmp_path, monkeypatch, said(Food=[("Frogs.", (1, "grey heron eats fish and frogs"))]))
    result = research(sources=["birds", "http://127.0.0.1:9/x"], max_sources=1)
    assert result.exit_code == 3
    assert [(each["path"], each["read"], each["reason"]) for each in result.coverage] == [
        ("birds/herons.md", True, ""),
        ("birds/storks.txt", False, "there are more than 1"),
        ("http://127.0.0.1:9/x", False, "there are more than 1"),
    ]


def test_what_does_not_fit_a_question_becomes_more_and_their_sections_one(birds, tmp_path, monkeypatch):
    lines = "".join(f"The heron number {number} eats {number} frogs a day.\n" for number in range(1200))
    (birds / "herons.md").write_text(lines)
    script(
        tmp_path,
        monkeypatch,
        {"when": "number 7 eats", "text": json.dumps(said(Food=[("Seven.", (1, "number 7 eats 7 frogs a day"))]))},
        {"when": "heron", "text": json.dumps(said(food=[("1199.", (1, "number 1199 eats 1199 frogs a day"))]))},
    )
    result = research(sources=["birds"], chunk_bytes=5000, max_passages=1000)
    assert result.metrics.model_calls > 5
    assert result.result["passages"]["used"] == result.result["passages"]["of"]
    assert [each["heading"] for each in result.result["sections"]] in (["Food"], ["food"])
    last = result.result["sections"][0]["statements"][-1]["citations"][0]
    assert (last["first"], last["last"]) == (1200, 1200)


def test_what_the_models_context_does_not_hold_is_asked_in_parts(birds, tmp_path, monkeypatch):
    (birds / "herons.md").write_text("".join(f"The heron number {number} eats frogs.\n" for number in range(400)))
    answer = said(Food=[("Frogs.", (1, "heron number 7 eats frogs"))])
    script(tmp_path, monkeypatch, {"context": 3000}, {"text": json.dumps(answer)})
    result = research(sources=["birds"])
    assert (result.exit_code, result.metrics.model_calls > 2) == (0, True), result.problem
    assert [len(each["statements"]) for each in result.result["sections"]] == [result.metrics.model_calls]
    script(tmp_path, monkeypatch, {"context": 500}, {"text": json.dumps(answer)})
    result = research(sources=["birds"])
    assert "context" in result.problem
    assert result.exit_code != 0


def test_every_source_is_shown_to_the_model_even_where_no_word_of_the_topic_is_in_it(birds, tmp_path, monkeypatch):
    (birds / "tea.txt").write_text("Oolong rests for three minutes.\n")
    script(tmp_path, monkeypatch, said(Tea=[("Oolong rests.", (3, "Oolong rests for three minutes."))]))
    result = research(sources=["birds"], max_passages=1)
    assert result.result["passages"] == {"used": 3, "of": 3}
    assert result.result["sources"][2]["citations"] == 1


def test_sources_can_be_kept_for_questions_later(birds, tmp_path, monkeypatch):
    script(tmp_path, monkeypatch, GOOD)
    research(sources=["birds"], collection="birds")
    asked = {"operation": "query", "collection": "birds", "query": "where do storks nest", "answer": False}
    best = played("knowledge-management", asked).result["passages"][0]
    assert (best["document"], best["first"]) == (f"{birds}/storks.txt", 1)


@pytest.mark.parametrize(
    ("answer", "code", "problem"),
    [
        (said(), 3, "the model found nothing about the topic"),
        (
            said(Food=[("No.", (1, "nothing of this stands there"))]),
            3,
            "nothing that the model said stands in the sources",
        ),
        ("garbage", 7, "does not fit the schema"),
        ("", 7, "does not fit the schema"),
        ({"error": "unavailable"}, 3, "mock: unavailable"),
        ({"error": "quota"}, 3, "mock: quota"),
    ],
    ids=["nothing", "bogus", "garbage", "empty", "down", "quota"],
)
def test_an_answer_that_is_none_is_never_0(birds, request, answer, code, problem):
    script(*map(request.getfixturevalue, ("tmp_path", "monkeypatch")), answer)
    result = research(sources=["birds"])
    assert (result.exit_code, problem in result.problem) == (code, True), result.problem


def test_what_the_demo_model_makes_up_is_never_0(birds):
    result = research(sources=["birds"], backend="gguf", model=f"file:{DEMO}")
    assert result.exit_code in (2, 3, 7)  # 2: its small context takes no more
    assert result.problem


@pytest.mark.parametrize(
    ("parameters", "code", "problem"),
    [
        ({}, 2, "no sources are given, and no search tool"),
        ({"sources": ["nowhere"]}, 4, "there is nothing at nowhere"),
        ({"sources": ["file:///etc/passwd"]}, 3, "no source could be read (file:///etc/passwd: "),
        ({"sources": ["http://169.254.169.254/latest/"]}, 3, "no source could be read"),
    ],
)
def test_what_cannot_be_done_is_said(birds, parameters, code, problem):
    result = research(**parameters)
    assert result.exit_code == code
    assert problem in result.problem
    assert result.metrics.model_calls == 0


@pytest.mark.parametrize(
    ("parameters", "problem"),
    [
        ({"topic": "ab"}, "topic"),
        ({"max_sources": 51}, "max_sources: 51 is greater than the maximum of 50"),
        ({"output_format": "pdf"}, "output_format"),
        ({"sources": [""]}, "sources"),
        ({"topc": "x"}, "did you mean topic?"),
    ],
)
def test_wrong_parameters_are_refused(birds, parameters, problem):
    with pytest.raises(UsageError) as refused:
        research(**parameters)
    assert problem in refused.value.message


def test_a_run_that_was_broken_off_does_not_fetch_again(birds, tmp_path, monkeypatch):
    script(tmp_path, monkeypatch, "garbage")
    with serving() as site:
        site.pages["/a"] = (200, {"Content-Type": "text/plain"}, HERONS.encode())
        first = research(sources=[f"{site.url}/a"])
        assert (first.exit_code, first.failed_phase) == (7, "synthesize")
    script(tmp_path, monkeypatch, said(Food=[("Fish.", (1, "grey heron eats fish and frogs"))]))
    second = research(sources=[f"{site.url}/a"], resume=first.run)
    assert (second.exit_code, second.phases[0]["status"]) == (0, "kept")
    assert second.coverage == [{"path": f"{site.url}/a", "read": True, "reason": ""}]


def llmx(*words):
    return forked.run([sys.executable, "-m", "llmx", "template", "exec", "research-assistant", *words], text=True)


def test_a_budget_ends_it_before_anything_is_sent_and_no_model_is_3(birds):
    asked = ("--param", "topic=frogs and fish", "--param", "sources=birds", "--output", "json")
    done = llmx(*asked, "--backend", "mock", "--max-tokens-total", "10")
    assert (done.returncode, json.loads(done.stdout)["metrics"]["model_calls"]) == (6, 0)
    done = llmx(*asked)
    assert done.returncode == 3
    assert "no model is configured" in done.stdout


def test_the_example_of_the_guide_runs(tmp_path, monkeypatch):
    script(tmp_path, monkeypatch, GOOD)
    example = CHAPTER.split("```sh\n")[1].split("```")[0].replace("--model ollama/qwen2.5:1.5b", "--backend mock")
    shell = f'set -e\nllmx() {{ "{sys.executable}" -m llmx "$@"; }}\n{example}'
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        ["bash", "-c", shell], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr + done.stdout
    made = CHAPTER.split("writes `report/synthesis.md`:\n\n```\n")[1].split("```")[0]
    assert made.strip() in (tmp_path / "report" / "synthesis.md").read_text()
    assert (tmp_path / "report" / "sources.json").exists()
