"""What each agent loads of a project, and what hides what; the four measured ones are held to it in tests/oracles."""

import pytest

from llmx.agents_md.reader import Place
from llmx.agents_md.readers import READERS


@pytest.fixture
def ask(home, tmp_path):
    """Writes files, starts an agent in ``project/a``: the files that it loads, by their places, and its warnings."""
    root = tmp_path / "up/project"
    (root / ".git").mkdir(parents=True)
    (root / "a").mkdir()

    def asked(client, files, version="", **env):
        for name, text in files.items():
            file = (home if name.startswith("~") else tmp_path) / name.removeprefix("~/")
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
        reader, _ = READERS[client]
        loaded = reader(Place(root / "a", {"HOME": str(home), **env}, version))
        shown = [str(file).replace(f"{tmp_path}/", "").replace(f"{home}/", "~/") for file in loaded.files]
        return shown, " ".join(loaded.warnings)

    return asked


ROOT, NESTED, ABOVE = "up/project/AGENTS.md", "up/project/a/AGENTS.md", "up/AGENTS.md"
ALL = {ROOT: "x", NESTED: "x", ABOVE: "x"}


@pytest.mark.promise("S0-02")
@pytest.mark.parametrize(
    ("client", "files"),
    [
        ("claude", [ABOVE, ROOT, NESTED]),
        ("codex", [ROOT, NESTED]),
        ("opencode", [NESTED, ROOT]),
        ("goose", [ROOT, NESTED]),
        ("cursor", [ROOT, NESTED]),
        ("amp", [ROOT, NESTED]),
        ("gemini", []),
        ("aider", []),
        ("claude-desktop", []),
    ],
)
def test_who_reads_which_files_without_any_setting(ask, client, files):
    found, said = ask(client, ALL)
    assert found == files
    assert bool(said) == (not files)


@pytest.mark.parametrize(
    ("client", "found", "says"),
    [
        ("crush", [NESTED], "where it is started only"),
        ("zed", [ROOT], "no file below the root"),
        ("vscode-copilot", [ROOT], "without chat.useNestedAgentsMdFiles"),
    ],
)
def test_who_reads_one_of_them_and_says_which_it_does_not(ask, client, found, says):
    loaded, said = ask(client, ALL)
    assert loaded == found
    assert says in said
    assert (NESTED if client != "crush" else ROOT) in said


def test_the_first_of_many_names_hides_agents_md_from_zed(ask):
    found, said = ask("zed", {ROOT: "x", "up/project/.cursorrules": "x", "~/.config/zed/AGENTS.md": "x"})
    assert found == ["~/.config/zed/AGENTS.md", "up/project/.cursorrules"]
    assert "hides" in said
    assert ask("zed", {"up/project/.rules": "x"})[0][-1] == "up/project/.rules"


def test_amp_takes_one_file_a_folder_behind_the_users_own(ask):
    files = {ROOT: "x", "up/project/CLAUDE.md": "x", "up/project/a/CLAUDE.md": "x", "~/.config/amp/AGENTS.md": "x"}
    assert ask("amp", files) == (["~/.config/amp/AGENTS.md", ROOT, "up/project/a/CLAUDE.md"], "")


def test_crush_reads_every_name_that_it_knows_beside_the_users_own(ask):
    files = {NESTED: "x", "up/project/a/CLAUDE.md": "x", "~/.config/crush/CRUSH.md": "x", "~/.config/AGENTS.md": "x"}
    found, said = ask("crush", files)
    assert found == ["~/.config/crush/CRUSH.md", "~/.config/AGENTS.md", "up/project/a/CLAUDE.md", NESTED]
    assert said == ""


@pytest.mark.parametrize(
    ("user", "project", "reads"),
    [
        ("true", None, True),
        (None, "true", True),
        ("true", "false", False),
        ("false", "true", True),
        (None, None, False),
    ],
)
def test_a_setting_makes_vs_code_read_what_is_below_the_root(ask, user, project, reads):
    places = {"~/.config/Code/User/settings.json": user, "up/project/.vscode/settings.json": project}
    settings = {name: f'{{"chat.useNestedAgentsMdFiles": {said}}} // mine' for name, said in places.items() if said}
    found, said = ask("vscode-copilot", {ROOT: "x", NESTED: "x", "up/project/CLAUDE.md": "x", **settings})
    assert found == [ROOT, "up/project/CLAUDE.md", *([NESTED] if reads else [])]
    assert bool(said) is not reads


@pytest.mark.parametrize("name", ["up/CLAUDE.md", "up/project/.claude/CLAUDE.md", "up/project/a/CLAUDE.local.md"])
def test_any_claude_md_hides_agents_md_from_claude(ask, name):
    found, said = ask("claude", ALL | {name: "x"})
    assert found == [name]
    assert "hides" in said
    assert ROOT in said


@pytest.mark.parametrize("client", ["claude", "opencode"])
def test_a_claude_md_that_is_a_link_hides_nothing(ask, tmp_path, client):
    (tmp_path / "up/project/CLAUDE.md").symlink_to("AGENTS.md")
    found, said = ask(client, {ROOT: "x"})
    assert found == ["up/project/CLAUDE.md" if client == "claude" else ROOT]
    assert said == ""


def test_what_claude_md_imports_is_loaded_and_the_users_own_hides_nothing(ask):
    text = "see @AGENTS.md and `@no.md`\n```\n@not.md\n```\n@more.md"
    files = {ROOT: "x", "up/project/CLAUDE.md": text, "~/.claude/CLAUDE.md": "u"}
    more = {"up/project/more.md": "@more.md", "up/project/no.md": "x", "up/project/not.md": "x"}
    found, said = ask("claude", files | more)
    assert found == ["~/.claude/CLAUDE.md", "up/project/CLAUDE.md", ROOT, "up/project/more.md"]
    assert said == ""
    assert ask("claude", {}, "2.1.330")[1] == ""
    assert ask("claude", {}, CLAUDE_CONFIG_DIR="/nonexistent")[0][0] == "up/project/CLAUDE.md"


@pytest.mark.parametrize(("version", "reads"), [("2.1.197", False), ("2.1.277", True), ("3.0", True), ("", True)])
def test_an_older_claude_reads_none(ask, version, reads):
    found, said = ask("claude", {ROOT: "x"}, version)
    assert (found == [ROOT]) == reads
    assert ("before 2.1.277" in said) != reads


def test_agents_md_hides_claude_md_from_opencode(ask):
    found, said = ask("opencode", {NESTED: "x", "up/project/CLAUDE.md": "x", "~/.claude/CLAUDE.md": "x"})
    assert found == ["~/.claude/CLAUDE.md", NESTED]
    assert "hides" in said


def test_opencode_without_agents_md_reads_claude_md(ask):
    assert ask("opencode", {"up/project/CLAUDE.md": "x"}) == (["up/project/CLAUDE.md"], "")
    files = {"~/.config/opencode/AGENTS.md": "x", "~/.claude/CLAUDE.md": "x"}
    assert ask("opencode", files)[0][0] == "~/.config/opencode/AGENTS.md"


def test_codex_takes_one_file_a_folder_and_so_many_bytes(ask):
    files = {
        ROOT: "x",
        "up/project/AGENTS.override.md": "x",
        "up/project/a/CLAUDE.md": "y" * 40000,
        "~/.codex/AGENTS.md": "x",
        "~/.codex/config.toml": 'project_doc_fallback_filenames = ["CLAUDE.md"]\n',
    }
    found, said = ask("codex", files)
    assert found == ["~/.codex/AGENTS.md", "up/project/AGENTS.override.md", "up/project/a/CLAUDE.md"]
    assert "AGENTS.override.md stands in its place" in said
    assert "32768 bytes" in said
    assert ask("codex", {}, CODEX_HOME="/nonexistent")[0] == ["up/project/AGENTS.override.md", NESTED][:1]


def test_names_chosen_for_goose_take_the_place_of_its_own(ask):
    files = {ROOT: "x", "up/project/.goosehints": "x", "~/.config/goose/AGENTS.md": "x"}
    assert ask("goose", files)[0] == ["~/.config/goose/AGENTS.md", "up/project/.goosehints", ROOT]
    found, said = ask("goose", {"up/project/CLAUDE.md": "x"}, CONTEXT_FILE_NAMES='["CLAUDE.md"]')
    assert found == ["up/project/CLAUDE.md"]
    assert "leaves AGENTS.md out" in said
    assert ask("goose", {"~/.config/goose/config.yaml": "CONTEXT_FILE_NAMES: [CLAUDE.md]"})[0] == found


@pytest.mark.parametrize(
    ("client", "setting", "text"),
    [
        ("gemini", "up/project/.gemini/settings.json", '{"context": {"fileName": ["AGENTS.md"]}} // mine'),
        ("gemini", "~/.gemini/settings.json", '{"context": {"fileName": "AGENTS.md"}}'),
        ("aider", "up/project/.aider.conf.yml", "read: [AGENTS.md]"),
        ("aider", "~/.aider.conf.yml", "read: AGENTS.md"),
    ],
)
def test_a_setting_makes_gemini_and_aider_read_it(ask, client, setting, text):
    where = NESTED if client == "aider" else ROOT
    found, said = ask(client, {where: "x", setting: text})
    assert (found, said) == ([where], "")


def test_aider_looks_where_it_is_started_and_at_its_nearest_settings_only(ask):
    user = {"~/.aider.conf.yml": "read: AGENTS.md", ROOT: "x"}
    found, said = ask("aider", user)
    assert found == []
    assert "start it in" in said
    assert "up/project" in said
    found, said = ask("aider", {"up/project/.aider.conf.yml": "read: [o.md, missing.md]", "up/project/a/o.md": "x"})
    assert found == ["up/project/a/o.md"]
    assert "reads no AGENTS.md without" in said


def test_settings_that_are_broken_count_as_none(ask):
    assert ask("gemini", {ROOT: "x", "~/.gemini/settings.json": "{"})[0] == []
    assert ask("codex", {ROOT: "x", "~/.codex/config.toml": "["})[0] == [ROOT]
