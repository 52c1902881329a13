"""Prompts: the eight that llmx brings, and those of a user, read, filled in and found wrong with their lines."""

import re

import pytest

from llmx.core.source import read_source
from llmx.errors import ConfigError, LlmxError, NotFoundError, UsageError
from llmx.prompts.completing import completed
from llmx.prompts.library import BUILT_IN, find, members, prompts, user_folder
from llmx.prompts.reading import read_prompt
from llmx.prompts.rendering import rendered, shown_text

SEED = [
    *("agent-organizer", "ai-engineer", "api-documenter", "backend-architect", "context-manager"),
    *("frontend-developer", "platform-engineer", "typescript-expert"),
]
CLIENTS = [
    *("claude", "goose", "opencode", "cursor", "codex"),
    *("gemini", "crush", "zed", "vscode-copilot", "amp"),
]
"""Those that take prompts."""
MOST_TOKENS = 600

HEAD = "---\ndescription: Use when x.\n---\n"


@pytest.fixture
def write(tmp_path):
    def make(text, name="mine"):
        file = tmp_path / f"{name}.md"
        file.write_text(text)
        return file

    return make


@pytest.mark.promise("S0-35")
def test_the_eight_are_there_and_sound():
    found, faults = prompts()
    assert [prompt.name for prompt in found] == SEED
    assert faults == []
    assert [file.stem for file in sorted(BUILT_IN.glob("*.md"))] == SEED


@pytest.mark.promise("S0-36", "S0-37")
@pytest.mark.parametrize("name", SEED)
def test_each_is_short_and_names_agents_md_and_llm_exec(name):
    text = shown_text(find(name), "claude")
    assert "AGENTS.md" in text
    assert "llm-exec --json --" in text
    assert "{{" not in text
    assert len(re.findall(r"\w+|[^\w\s]", text)) < MOST_TOKENS


@pytest.mark.promise("S0-37")
@pytest.mark.parametrize("name", SEED)
def test_how_to_run_commands_can_be_left_out(name):
    text = rendered(find(name), {}, with_exec=False)
    assert "llm-exec" not in text
    assert "\n\n\n" not in text


@pytest.mark.promise("S0-38")
@pytest.mark.parametrize("name", SEED)
def test_each_client_gets_a_text_of_its_own(name):
    texts = {rendered(find(name), {}, client) for client in CLIENTS}
    assert len(texts) == len(CLIENTS)


def test_the_organizer_hands_work_to_the_other_seven():
    team = members(find("agent-organizer"))
    assert sorted([*(one.name for one in team), "agent-organizer"]) == SEED


def test_a_users_prompt_takes_the_place_of_one_that_llmx_brings():
    user_folder().mkdir(parents=True)
    (user_folder() / "ai-engineer.md").write_text(f"{HEAD}Mine.\n")
    assert (find("ai-engineer").source, rendered(find("ai-engineer"), {})) == ("user", "Mine.\n")
    (user_folder() / "broken.md").write_text("no head")
    found, faults = prompts()
    assert len(found) == len(SEED)
    assert [str(fault.source) for fault in faults] == [f"{user_folder() / 'broken.md'}:1"]


@pytest.mark.promise("S3-34")
def test_words_are_filled_in_and_a_missing_or_unknown_one_is_an_error(write):
    head = "---\ndescription: d\nvariables:\n  who:\n  how: {default: well}\n---\n"
    prompt = read_prompt(write(head + "Ask {{ who }} {{ how }}.\n"))
    assert rendered(prompt, {"who": "{{ how }}"}) == "Ask {{ how }} well.\n"
    assert shown_text(prompt) == "Ask {{ who }} well.\n"
    with pytest.raises(UsageError, match="needs a value for who"):
        rendered(prompt, {"how": "x"})
    with pytest.raises(UsageError, match="no variable 'hwo'") as caught:
        rendered(prompt, {"hwo": "x"})
    assert caught.value.hint == "did you mean how?"


def test_parts_hold_for_a_client_and_code_keeps_its_blank_lines(write):
    body = '{% if client == "goose" %}\nG\n{% else %}\nO\n{% endif %}\n\n{{ client_notes }}\n\n```\na\n\n\nb\n```\n'
    prompt = read_prompt(write(HEAD + body))
    assert rendered(prompt, {}).startswith("O\n\n```\na\n\n\nb\n```")
    assert rendered(prompt, {}, "goose").startswith("G\n\n## In Goose")


@pytest.mark.promise("S0-35", "S0-39")
@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        ("hello", 1, "no front matter"),
        ("---\ndescription: x\n", 1, "no end"),
        ('---\ndescription: "x\n---\nbody', 3, "end of stream"),
        ("---\ndescription: a\n b: [\n---\nbody", 3, ""),
        ("---\n- a\n---\nbody", 2, "no table"),
        ("---\nkind: skill\n---\nbody", 1, "description must be"),
        ("---\ndescription: x\nkind: sub\n---\nbody", 3, "kind must be one of subagent, command, skill"),
        ("---\ndescription: x\nmode: [a]\n---\nbody", 3, "mode must be"),
        ("---\ndescription: x\ndescriptio: y\n---\nbody", 3, "no key descriptio"),
        ("---\ndescription: x\nteam: ai-engineer\n---\nbody", 3, "team must be a list"),
        ("---\ndescription: x\nvariables: [a]\n---\nbody", 3, "variables must be a table"),
        ("---\ndescription: x\nvariables:\n  a: 1\n  client: 2\n---\n{{ a }}{{ client }}", 5, "llmx fills it in"),
        ("---\ndescription: x\nvariables:\n  a: [1]\n---\n{{ a }}", 4, "a default"),
        ("---\ndescription: x\nvariables:\n  unused: 1\n---\nbody", 4, "stands nowhere"),
        (f"{HEAD}\n\n", 4, "no text"),
        (f"{HEAD}\na\n{{{{ nme }}}}", 6, "nme is not declared"),
        (f"{HEAD}a\n{{% if %}}", 5, "Expected an expression"),
        (f"{HEAD}a\n\n{{% for x in client %}}{{% endfor %}}", 6, "no {% for %}"),
        (f"{HEAD}{{{{ client.__class__ }}}}", 4, "no dots"),
        (f"{HEAD}{{{{ client['x'] }}}}", 4, "no brackets"),
        (f"{HEAD}{{{{ client() }}}}", 4, "no call"),
        (f"{HEAD}{{{{ client | upper }}}}", 4, "no filter"),
        (f"{HEAD}{{% include 'x' %}}", 4, "no include"),
        (f"{HEAD}{{{{ 'a' * 1000000000 }}}}", 4, "no mul"),
    ],
)
def test_what_is_wrong_is_said_with_its_line(write, text, line, says):
    with pytest.raises(ConfigError) as caught:
        read_prompt(write(text))
    assert f"mine.md:{line}: " in caught.value.message
    assert says in caught.value.message


def test_everything_that_is_wrong_is_said_at_once_in_order(write):
    with pytest.raises(ConfigError) as caught:
        read_prompt(write("---\ndescription: x\nkind: a\nmode: b\n---\n{{ c }}"))
    assert re.findall(r"mine\.md:(\d+)", caught.value.message) == ["3", "4", "6"]


@pytest.mark.parametrize("name", ["Mine", "a b", "a_b", "-a", "a--b", "x" * 65])
def test_a_name_is_of_small_letters_digits_and_dashes(write, name):
    with pytest.raises(ConfigError, match="is no name"):
        read_prompt(write(f"{HEAD}body", name))


def test_a_file_with_windows_line_ends_and_a_mark_is_read_too(tmp_path):
    (tmp_path / "mine.md").write_bytes(b"\xef\xbb\xbf---\r\ndescription: d\r\n---\r\nbody\r\n")
    assert rendered(read_prompt(tmp_path / "mine.md"), {}) == "body\n"


@pytest.mark.parametrize("data", [b"\xff\xfe", b"---\ndescription: \x07\n---\nbody"])
def test_what_is_no_text_is_refused(tmp_path, data):
    (tmp_path / "mine.md").write_bytes(data)
    with pytest.raises(ConfigError, match=r"mine\.md"):
        read_prompt(tmp_path / "mine.md")


def source(text):
    return read_source("/x/config.toml", text.encode())


def test_a_source_gets_the_texts_of_what_it_names():
    named = source('[prompts.ai-engineer]\nkind = "skill"\ninclude_exec = false\nvariables = { goal = "sort mail" }\n')
    prompt = completed(named, CLIENTS).prompts["ai-engineer"]
    assert prompt.kind == "skill"
    assert "sort mail" in prompt.prompt
    assert "## In Goose" in prompt.text_for("goose")
    assert prompt.text_for("another") == prompt.prompt
    assert "llm-exec --json" not in prompt.prompt
    own = source('[prompts.own]\nprompt = "as {{ it }} is"\n')
    assert completed(own, CLIENTS) == own


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[prompts.ai-enginer]\n", "did you mean ai-engineer"),
        ('[prompts.ai-engineer]\nvariables = { gaol = "x" }\n', "did you mean goal"),
    ],
)
def test_what_a_source_names_wrongly_is_an_error_with_its_key(text, says):
    with pytest.raises(ConfigError) as caught:
        completed(source(text), CLIENTS)
    assert caught.value.key.startswith("prompts.")
    assert caught.value.message.startswith("/x/config.toml: prompts.")
    assert says in str(caught.value.hint)


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        ('[prompts.x]\nkind = "agent"', 2, "one of subagent"),
        ('[prompts."../x"]\nprompt = "y"', 1, "letters"),
        ('[prompts.x]\nprompt = "y"\nvariables = { a = "b" }', 3, "has none"),
        ("[prompts.x]\nvariables = { a = 1 }", 2, "string"),
        ('[prompts.x]\nown = { claude = "z" }', 2, "no such key"),
    ],
)
def test_a_wrong_entry_of_a_source_is_said_with_its_line(text, line, says):
    with pytest.raises(ConfigError) as caught:
        source(text)
    assert caught.value.message.startswith(f"/x/config.toml:{line}: ")
    assert says in caught.value.message


def test_a_prompt_that_there_is_not_gets_the_nearest():
    with pytest.raises(NotFoundError) as caught:
        find("ai-enginer")
    assert caught.value.hint == "did you mean ai-engineer?"
    with pytest.raises(LlmxError):
        read_prompt(user_folder() / "none.md")


def test_a_word_that_a_source_leaves_out_is_named_with_what_to_write():
    user_folder().mkdir(parents=True)
    (user_folder() / "ask.md").write_text("---\ndescription: d\nvariables: {who: }\n---\nAsk {{ who }}.\n")
    with pytest.raises(ConfigError) as caught:
        completed(source("[prompts.ask]\n"), CLIENTS)
    assert caught.value.hint == 'write below it: variables = { who = "…" }'
    assert completed(source('[prompts.ask]\nvariables = { who = "me" }\n'), []).prompts["ask"].prompt == "Ask me.\n"


def test_a_team_names_prompts_that_there_are(write):
    prompt = read_prompt(write("---\ndescription: d\nteam: [ai-enginer]\n---\nbody"))
    with pytest.raises(ConfigError, match="no prompt 'ai-enginer'"):
        members(prompt)
