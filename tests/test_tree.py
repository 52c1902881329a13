"""The command tree is whole, and what is shipped about it is true."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from llmx import errors
from llmx.cli.app import Root
from llmx.cli.complete import SCRIPTS
from llmx.cli.places import places
from llmx.core.doctor import ISSUES
from llmx.core.settings.keys import BY_NAME
from tests import forked
from tests.regenerate import stale, subclasses

ROOT = Path(__file__).resolve().parents[1]
KNOWN = {place.path: place for place in places()}
COMMANDS = [path.split()[1:] for path in KNOWN if path not in ("llmx", "llm-exec")]


def llmx(*words, **options):
    """Run ``llmx`` as a process of its own."""
    return forked.run([sys.executable, "-m", "llmx", *words], text=True, **options)


def shown_commands(text):
    """The commands of llmx in a chapter: in backticks, and the lines of its shell blocks."""
    blocks = [block.split("\n```")[0] for block in text.split("```sh\n")[1:]]
    inline = re.findall(r"`([^`\n]+)`", re.sub(r"```.*?```", "", text, flags=re.DOTALL))
    lines = [line.partition(" #")[0].strip() for block in blocks for line in block.splitlines()]
    return [line for line in [*inline, *lines] if line.split()[:1] and line.split()[0] in ("llmx", "llm-exec")]


@pytest.mark.promise("S0-56", "S2-08")
def test_what_is_generated_is_current():
    assert stale() == []


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_every_command_says_what_it_is_for(words):
    done = llmx(*words, "--help")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(f"Usage: llmx {' '.join(words)} ")
    assert len(done.stdout.split("\n\n")[1].strip()) > 10


def test_no_list_of_commands_cuts_what_a_command_is_for():
    lists = [file.read_text().partition("\n\n")[2] for file in (ROOT / "tests/snapshots").glob("*.txt")]
    assert [line for text in lists for line in text.splitlines() if line.endswith("...")] == []


def test_help_of_llm_exec_has_its_own_name():
    code = (
        "import sys; sys.argv = ['/x/llm-exec', '--help']; from llmx.__main__ import exec_main; sys.exit(exec_main())"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("Usage: llm-exec [OPTIONS] [--] CMD [ARGS]...\n")


def test_an_unknown_command_gets_a_suggestion():
    done = llmx("exce")
    assert done.returncode == 2
    assert "exec" in done.stderr
    assert done.stdout == ""


def test_help_through_a_pipe_is_plain():
    assert "\x1b" not in llmx("--help").stdout


@pytest.mark.parametrize("words", [["help", "nonsense"], ["help", "exit-code"]])
def test_a_missing_chapter_exits_4_and_says_what_to_type(words):
    done = llmx(*words)
    assert done.returncode == 4
    assert "hint: " in done.stderr


def test_every_chapter_is_listed_and_readable():
    listed = [line.split()[0] for line in llmx("help").stdout.splitlines()]
    assert "exit-codes" in listed
    for topic in listed:
        assert llmx("help", topic).stdout.startswith("# ")


CHAPTERS = sorted((ROOT / "llmx/data/guide").glob("*.md"))
SHOWN = [(chapter, line) for chapter in CHAPTERS for line in shown_commands(chapter.read_text())]


@pytest.mark.parametrize(("chapter", "line"), SHOWN, ids=lambda value: getattr(value, "stem", value))
def test_commands_and_options_that_the_guide_shows_exist(chapter, line):
    place, words = KNOWN[line.split()[0]], line.split()[1:]
    while words and words[0] != "--":
        word = words.pop(0).partition("=")[0]
        if word.startswith("-"):
            assert word in place.options or word in place.values, line
            words = words[1:] if word in place.values and "=" not in line else words
        elif place.runs:
            break
        elif place.members:
            assert f"{place.path} {word}" in KNOWN, line
            place = KNOWN[f"{place.path} {word}"]


@pytest.mark.parametrize("chapter", CHAPTERS, ids=lambda chapter: chapter.stem)
def test_links_of_the_guide_lead_to_its_chapters(chapter):
    links = re.findall(r"\]\(([^)]*)\)", chapter.read_text())
    assert [link for link in links if not (chapter.parent / link).is_file()] == []
    topics = re.findall(r"llmx help ([a-z-]+)", chapter.read_text())
    assert [topic for topic in topics if not (chapter.parent / f"{topic}.md").is_file()] == []


@pytest.mark.parametrize("text", [*CHAPTERS, ROOT / "README.md", ROOT / "AGENTS.md"], ids=lambda text: text.stem)
def test_a_line_has_120_columns_at_most(text):
    """But for rows of tables, and for README's two commands that are to be pasted whole."""
    free = ("|", "sudo apt-get")
    assert [line for line in text.read_text().splitlines() if len(line) > 120 and not line.startswith(free)] == []


def test_the_guide_has_the_chapters_that_everyone_looks_for():
    known = {chapter.stem for chapter in CHAPTERS}
    assert {
        "getting-started",
        "concepts",
        "configuration",
        "security",
        "troubleshooting",
        "exit-codes",
        "providers",
    } <= known


def test_keys_that_the_guide_names_are_settings():
    sections = {name.partition(".")[0] for name in BY_NAME}
    for chapter in CHAPTERS:
        named = re.findall(r"(?<![\w/.-])([a-z_]+(?:\.[a-z_]+)+)\b", chapter.read_text())
        assert {name for name in named if name.partition(".")[0] in sections} <= BY_NAME.keys(), chapter.stem


def test_the_guide_names_the_checks_of_the_doctor_for_each_common_issue():
    text = (ROOT / "llmx/data/guide/troubleshooting.md").read_text()
    for issue, checks in ISSUES.items():
        row = next(line for line in text.splitlines() if line.startswith(f"| {issue} |"))
        assert set(re.findall(r"`([a-z]+)`", row)) == set(checks), issue


FACTS = [p.path.split()[1:] for p in KNOWN.values() if "--output" in p.options and p.path != "llmx"]
NO_FACTS = {
    *("llmx config init", "llmx config set", "llmx config unset", "llmx config edit", "llmx config schema"),
    *("llmx completion show", "llmx completion install", "llmx exec", "llm-exec"),
    *("llmx runs logs", "llmx session export", "llmx chat", "llmx template schema", "llmx template batch"),
    *(f"llmx agent {name}" for name in ("edit", "delete", "default", "enable", "disable")),
    *(f"llmx mcp {name}" for name in ("remove", "enable", "disable")),
    *(f"llmx {group} {name}" for group in ("prompt", "lsp", "hook") for name in ("enable", "disable")),
    *(f"llmx hook {name}" for name in ("session-start", "pre-command")),
}
"""Commands that change something and say no more, or whose output has their own form: a script, a schema, a result,
what a run has printed."""

ARGUMENTS = {
    "config get": ["exec.grace"],
    "cache clear": ["--all"],
    "template search": ["review"],
    "template estimate": ["interactive-chat", "--backend", "mock"],
    "template info": ["code-review"],
    "template new": ["No Slug"],
    "template import": ["none.prompt.yml"],
    "template exec": ["interactive-chat", "--backend", "mock", "--param", "message=hi"],
    **{f"workflow {name}": ["none.yaml"] for name in ("run", "validate")},
    "mcp add": ["no slug", "--", "x"],
    "client show": ["goose"],
    "client render": ["goose"],
    "client diff": ["goose"],
    "client apply": ["goose"],
    "client check": ["goose"],
    "client verify": ["cursor"],
    **{f"client {verb}": ["cursor", "ls"] for verb in ("permit", "deny", "revoke")},
    "client endpoint set": ["nonsense", "--model", "m"],
    "client endpoint reset": ["goose"],
    "agents-md init": ["nowhere"],
    "config import": ["none.nix"],
    "config export": ["nix"],
    "prompt show": ["ai-engineer"],
    "prompt render": ["ai-engineer"],
    "prompt new": ["No_Slug"],
    "agent get": ["nobody"],
    "agent run": ["nobody", "hi"],
    "agent create": ["No_Slug", "--provider", "ollama", "--model", "x"],
    "agent set": ["nobody", "name=x"],
    "agent resolve": ["nobody"],
    "agent import": ["nowhere.toml"],
    "generate": ["hi", "--backend", "mock"],
    "embed": ["hi", "--backend", "mock"],
    "backend test": ["mock"],
    "keys add": ["groq"],
    "keys remove": ["groq"],
    "model info": ["none.gguf"],
    "model install": ["ollama"],
    "model pull": ["file:none.gguf"],
    "model remove": ["none", "--yes"],
    **{f"model {name}": ["none.gguf"] for name in ("info", "load", "unload")},
    "model bench": ["file:/none.gguf"],
    **{f"runs {name}": ["last"] for name in ("show", "stop", "wait")},
    **{f"session {name}": ["work"] for name in ("show", "resume", "suspend", "complete", "delete")},
    "session import": ["none.json"],
}
NOTHING_THERE = {"undo": 4, "trust revoke": 4, "runs show": 4, "runs stop": 4, "runs wait": 4}
NOTHING_THERE |= {"model info": 4, "model load": 4, "model unload": 4, "model stats": 3, "model bench": 4}
NOTHING_THERE |= {f"session {name}": 4 for name in ("show", "resume", "suspend", "complete", "delete", "import")}
NOTHING_THERE |= {f"model {name}": 4 for name in ("info", "pull", "remove")}
NOTHING_THERE |= {"keys add": 2, "keys remove": 4, "template new": 2, "template import": 4, "template test": 3}
NOTHING_THERE |= {"mcp add": 2, "client verify": 3, "client undo": 4, "client endpoint set": 2}
NOTHING_THERE |= {"prompt new": 2, "agents-md init": 4, "agents-md update": 4}
NOTHING_THERE |= {"config import": 4, "config export": 4}
NOTHING_THERE |= {"prompt new": 2, "workflow run": 4, "workflow validate": 4}
NOTHING_THERE |= {"agent get": 4, "agent set": 4, "agent run": 4, "agent create": 2, "agent import": 4}
"""What these exit with in a home without keys, edits, trust and runs; their error is JSON then."""


@pytest.mark.promise("S2-01")
def test_every_command_that_tells_facts_can_tell_them_as_json():
    assert {p.path for p in KNOWN.values() if not p.members and "--output" not in p.options} == NO_FACTS


@pytest.mark.promise("S2-01")
@pytest.mark.parametrize("words", FACTS, ids=" ".join)
def test_stdout_is_json_and_nothing_else_wherever_the_option_stands(words, tmp_path):
    line = [*words, *ARGUMENTS.get(" ".join(words), [])]
    for typed in (["--output", "json", *line], [*line, "--output", "json"], ["--output=json", "--trace=trace", *line]):
        done = llmx(*typed, cwd=tmp_path)
        facts = json.loads(done.stdout)
        assert done.returncode == NOTHING_THERE.get(" ".join(words), 0), done.stderr
        assert ("error" in facts) == (done.returncode != 0)


@pytest.mark.promise("S2-07")
def test_version_as_text_and_as_json():
    assert llmx("--version").stdout == llmx("version").stdout
    assert llmx("version", "--short").stdout.strip() == llmx("version").stdout.split()[1]
    facts = json.loads(llmx("version", "--output", "json").stdout)
    assert facts["version"] == llmx("version", "--short").stdout.strip()
    assert facts["python"].count(".") == 2
    assert facts["optional"].keys() >= {"gguf", "mlx"}
    assert "pip install 'llmx-toolkit[" in llmx("version", "--verbose").stdout or all(facts["optional"].values())


def codes(text):
    """The first column of the tables in ``text``."""
    return {line.split()[1] for line in text.splitlines() if line.startswith("| ") and line.split()[1] != "code"}


@pytest.mark.promise("S2-96")
def test_every_kind_of_error_has_an_exit_code_that_the_readme_and_the_guide_explain():
    readme = codes((ROOT / "README.md").read_text().split("## Exit codes")[1])
    guide = codes((ROOT / "llmx/data/guide/exit-codes.md").read_text())
    for kind in subclasses(errors.LlmxError):
        assert str(kind.exit_code) in readme & guide, kind.__name__
        assert "exit_code" in vars(kind) or kind.__module__ != errors.__name__, f"{kind.__name__} has none of its own"
    assert readme - guide == set()


@pytest.mark.promise("S2-96")
@pytest.mark.parametrize("kind", subclasses(errors.LlmxError), ids=lambda kind: kind.__name__)
def test_every_kind_of_error_shows_its_hint_below_its_message(kind):
    assert errors.render(kind("this is wrong", hint="type that")) == "error: this is wrong\nhint: type that"
    assert errors.render(kind("this is wrong")) == "error: this is wrong"


CHECKS = {"llmx.bash": ["bash", "-n"], "_llmx": ["zsh", "-n"], "llmx.fish": ["fish", "--no-execute"]}


@pytest.mark.promise("S2-08")
@pytest.mark.parametrize("name", SCRIPTS)
def test_the_shell_accepts_its_completion_script(name):
    if shutil.which(CHECKS[name][0]) is None:
        pytest.fail(f"{CHECKS[name][0]} is not installed: apt-get install {CHECKS[name][0]}")
    done = subprocess.run([*CHECKS[name], ROOT / "completions" / name], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


TYPED = [
    (["llmx", ""], "exec"),
    (["llmx", "config", "s"], "show"),
    (["llm-exec", "--ti"], "--timeout"),
    (["llmx", "exec", "--js"], "--json"),
    (["llm-exec", "--timeout", "5", "--mon"], "--monitor"),
]


@pytest.mark.promise("S2-08")
@pytest.mark.parametrize(("words", "offered"), TYPED, ids=[" ".join(words) for words, _ in TYPED])
def test_bash_offers_what_may_follow(words, offered):
    assert offered in completed(words)


@pytest.mark.parametrize("words", [["llm-exec", "ls", "--"], ["llm-exec", "--", "--ti"], ["llm-exec", "--cwd", ""]])
def test_bash_leaves_the_command_and_its_values_to_others(words):
    assert completed(words) == []


def completed(words):
    """What bash's completion offers for the last of ``words``."""
    script = 'source "$0"; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _llmx; printf "%s\\n" "${COMPREPLY[@]}"'
    command = ["bash", "-c", script, ROOT / "completions/llmx.bash", *words]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()


def test_completion_is_installed_where_the_shell_looks(home):
    done = llmx("completion", "install", "bash")
    for path in done.stdout.split():
        assert Path(path).read_text() == (ROOT / "completions/llmx.bash").read_text()
        assert path.startswith(str(home))
    assert llmx("completion", "show", "fish").stdout == (ROOT / "completions/llmx.fish").read_text()


def test_every_member_of_the_tree_stands_in_the_readme():
    text = (ROOT / "README.md").read_text()
    assert all(f"`llmx {name}" in text for name in Root.members)
