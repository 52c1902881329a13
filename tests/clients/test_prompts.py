"""Prompts of the source in each client's files: every kind, taken out again, and never over a file of the user's."""

import json
import tomllib

import pytest
from ruamel.yaml import YAML

from llmx.clients.applying import prepare
from llmx.clients.recipes import unfilled
from llmx.clients.registry import find
from llmx.core.edits import undo
from llmx.core.source import Prompt, read_source

KINDS = ["subagent", "command", "skill"]
FILES = {
    ("claude", "subagent"): ".claude/agents/x.md",
    ("claude", "command"): ".claude/commands/x.md",
    ("claude", "skill"): ".claude/skills/x/SKILL.md",
    ("goose", "subagent"): ".config/goose/agents/x.md",
    ("goose", "command"): ".config/goose/recipes/x.yaml",
    ("goose", "skill"): ".config/goose/skills/x/SKILL.md",
    ("opencode", "subagent"): ".config/opencode/opencode.json",
    ("opencode", "command"): ".config/opencode/opencode.json",
    ("opencode", "skill"): ".config/opencode/skills/x/SKILL.md",
    ("cursor", "subagent"): ".cursor/agents/x.md",
    ("cursor", "command"): ".cursor/commands/x.md",
    ("cursor", "skill"): ".cursor/skills/x/SKILL.md",
    ("codex", "subagent"): ".codex/agents/x.toml",
    ("codex", "skill"): ".codex/skills/x/SKILL.md",
    ("gemini", "subagent"): ".gemini/agents/x.md",
    ("gemini", "command"): ".gemini/commands/x.toml",
    ("gemini", "skill"): ".gemini/skills/x/SKILL.md",
    ("crush", "command"): ".config/crush/commands/x.md",
    ("crush", "skill"): ".config/crush/skills/x/SKILL.md",
    ("zed", "skill"): ".agents/skills/x/SKILL.md",
    ("vscode-copilot", "subagent"): ".config/Code/User/prompts/x.agent.md",
    ("vscode-copilot", "command"): ".config/Code/User/prompts/x.prompt.md",
    ("vscode-copilot", "skill"): ".copilot/skills/x/SKILL.md",
    ("amp", "skill"): ".config/agents/skills/x/SKILL.md",
}
BARE = [("crush", "command")]
"""The text is all there is in the file."""
OF_PROJECT = {
    "claude": ".claude/skills/x/SKILL.md",
    "goose": ".goose/skills/x/SKILL.md",
    "opencode": ".opencode/skills/x/SKILL.md",
    "cursor": ".cursor/skills/x/SKILL.md",
    "codex": ".codex/skills/x/SKILL.md",
    "gemini": ".gemini/skills/x/SKILL.md",
    "crush": ".crush/skills/x/SKILL.md",
    "zed": ".agents/skills/x/SKILL.md",
    "vscode-copilot": ".github/skills/x/SKILL.md",
    "amp": ".agents/skills/x/SKILL.md",
}
NAMES = list(OF_PROJECT)
TEXT = 'Say "hi".\n\n  Then: go.\n'


def named(kind, text=TEXT):
    return f"[prompts.x]\nkind = {json.dumps(kind)}\ndescription = \"D: 'd'\"\nprompt = {json.dumps(text)}\n"


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("client", [*NAMES, "aider"])
def test_a_prompt_becomes_what_its_kind_is(setting, client, kind):
    ready = setting.apply(client, named(kind))
    if (client, kind) not in FILES:
        assert [loss.what for _, loss in ready.losses] == ["x"]
        assert not ready.steps
        return
    text = (setting.home / FILES[client, kind]).read_text()
    if (client, kind) in BARE:
        assert text.strip() == TEXT.strip()
        return
    told = json.loads(text)[{"subagent": "agent"}.get(kind, kind)]["x"] if text.startswith("{") else meaning(text)
    assert told["description"] == "D: 'd'"
    assert TEXT.strip() in [str(value).strip() for value in told.values()]
    assert setting.prepared(client, named(kind)).drift == []


def meaning(text):
    """What a file of a prompt says: TOML, a recipe, or Markdown below a head."""
    if text.startswith(("name = ", "description = ")):
        return tomllib.loads(text)
    if text.startswith("version"):
        return YAML(typ="safe").load(text)
    _, head, body = text.split("---\n", 2)
    return {**YAML(typ="safe").load(head), "body": body}


@pytest.mark.parametrize("client", NAMES)
def test_what_the_source_names_no_more_is_gone_with_its_file(setting, client):
    setting.apply(client, named("skill"))
    file = setting.home / FILES[client, "skill"]
    assert file.exists()
    ready = setting.apply(client, "")
    assert [(step.state, step.place) for step in ready.steps] == [("remove", str(file))]
    assert not file.exists()
    undo()
    assert file.exists()


def test_one_of_the_users_own_is_a_conflict_and_one_they_changed_stays(setting):
    file = setting.home / ".claude/agents/x.md"
    file.parent.mkdir(parents=True)
    file.write_text("mine\n")
    assert [step.state for step in setting.apply("claude", named("subagent")).steps] == ["conflict"]
    assert file.read_text() == "mine\n"
    setting.apply("claude", named("subagent"), overwrite=True)
    file.write_text(file.read_text() + "more\n")
    assert [step.state for step in setting.apply("claude", "").steps] == ["conflict"]
    assert file.read_text().endswith("more\n")


@pytest.mark.parametrize("client", OF_PROJECT)
def test_a_projects_prompts_lie_in_it_and_other_projects_and_the_user_keep_theirs(setting, client):
    setting.apply(client, named("skill"))
    setting.apply(client, named("skill"), scope="project")
    mine = setting.home / FILES[client, "skill"]
    there = setting.where.project / OF_PROJECT[client]
    assert mine.exists()
    assert there.exists()
    elsewhere = setting.where._replace(project=setting.where.project / "other")
    prepare({"project": setting.source("")}, [find(client)], elsewhere).plan().apply()
    assert there.exists()
    setting.apply(client, "", scope="project")
    assert (mine.exists(), there.exists()) == (True, False)
    setting.apply(client, "")
    assert not mine.exists()


def test_a_command_of_goose_is_known_by_its_recipe(setting):
    setting.apply("goose", named("command"))
    config = YAML(typ="safe").load(setting.file("goose").read_text())
    assert config["slash_commands"] == [
        {"command": "x", "recipe_path": str(setting.home / ".config/goose/recipes/x.yaml")}
    ]
    ready = setting.apply("goose", named("command"), scope="project")
    assert (setting.where.project / ".goose/recipes/x.yaml").exists()
    assert [loss.what for _, loss in ready.losses] == ["x"]


def test_a_prompt_with_a_team_is_a_recipe_of_goose_with_sub_recipes(setting):
    team = {name: Prompt(f"about {name}", prompt=f"You are {name}: {{{{ x }}}}\n") for name in ("a", "b")}
    named = {"lead": Prompt("leads", kind="subagent", prompt="Lead.", team=team)}
    source = read_source("/x/config.toml", b"")._replace(prompts=named)
    prepare({"user": source}, [find("goose")], setting.where).plan().apply()
    folder = setting.home / ".config/goose/recipes"
    lead = YAML(typ="safe").load((folder / "lead.yaml").read_text())
    assert lead["sub_recipes"] == [{"name": n, "path": str(folder / f"{n}.yaml")} for n in ("a", "b")]
    assert [p["key"] for p in lead["parameters"]] == ["task"]
    sub = YAML(typ="safe").load((folder / "b.yaml").read_text())
    assert sub["description"] == "about b"
    assert sub["instructions"] == "You are b: {% raw %}{{{% endraw %} x }}\n"
    assert "sub_recipes" not in sub


@pytest.mark.parametrize("text", ["a {{ b }} {% c %} {# d #}", "plain {}"])
def test_what_goose_would_fill_in_stays_as_it_is(text):
    assert unfilled(text).replace("{% raw %}", "").replace("{% endraw %}", "") == text
    assert ("raw" in unfilled(text)) == ("{{" in text)


def test_opencode_of_the_second_generation_has_other_keys(setting):
    setting.write("opencode", '{"agents": {}}')
    setting.apply("opencode", named("command"))
    assert json.loads(setting.file("opencode").read_text())["commands"]["x"]["template"] == TEXT


def test_a_damaged_ledger_of_another_file_stops_nothing(setting):
    setting.apply("claude", named("skill"))
    ledgers = setting.home / ".local/state/llmx/clients"
    for name, text in (("a", "{"), ("b", "[]"), ("c", '{"file": "/x", "entries": {"k": {}}}'), ("d", '{"file": 7}')):
        (ledgers / f"{name}.json").write_text(text)
    assert [step.state for step in setting.apply("claude", "").steps] == ["remove"]


@pytest.mark.parametrize("client", OF_PROJECT)
def test_a_link_in_a_project_takes_no_prompt_out_of_it(setting, client):
    skills = (setting.where.project / OF_PROJECT[client]).parents[1]
    skills.parent.mkdir(parents=True)
    elsewhere = setting.home / "elsewhere"
    elsewhere.mkdir()
    skills.symlink_to(elsewhere)
    ready = setting.apply(client, named("skill"), scope="project")
    assert any("leads out of the project" in loss.reason for _, loss in ready.losses)
    assert list(elsewhere.iterdir()) == []
