"""What every client keeps to, and its files before and after (``clients/NAME/before`` and ``after``)."""

import os
from pathlib import Path

import pytest

from llmx.clients.applying import prepare
from llmx.clients.protocol import Where
from llmx.clients.reading import value_in
from llmx.clients.registry import CLIENTS, clients, find
from llmx.core.edits import undo
from llmx.core.source import Source, read_source
from llmx.errors import NotFoundError

GOLDEN = Path(__file__).parent / "clients"
WHOLE = (GOLDEN / "source.toml").read_text()
LOCAL = '[mcp.servers.one]\ncommand = "node"\nargs = ["x.js"]\nenv = { A = "b" }\n'
NAMES = list(CLIENTS)
WITH_SERVERS = [name for name in NAMES if name != "aider"]
"""Those that use MCP servers."""

WITHOUT_A_SWITCH = ("claude", "claude-desktop", "cursor", "vscode-copilot", "aider", "amp")
"""Those that are not told of a server that is off."""


def source(text):
    return read_source("/x/config.toml", text.encode())


@pytest.fixture
def where(home, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return Where({"HOME": str(home), "PATH": os.environ["PATH"]}, tmp_path, "linux")


def prepared(name, text, where, scope="user", **options):
    return prepare({scope: source(text)}, [find(name)], where, **options)


def apply(name, text, where, **options):
    ready = prepared(name, text, where, **options)
    ready.plan().apply()
    return ready


def contents(name, where, scope="user"):
    """The bytes of each of the client's files that is there."""
    return {f.path: f.path.read_bytes() for f in find(name).files(where, scope) if f.path.exists()}


@pytest.mark.promise("S0-05", "S0-43", "S0-45", "S0-46", "S0-47", "S0-49")
@pytest.mark.parametrize("name", NAMES)
def test_files_before_and_after(name, where):
    files = find(name).files(where, "user")
    for at, file in enumerate(files):
        before = GOLDEN / name / f"before-{at}{file.path.suffix}"
        if before.exists():
            file.path.parent.mkdir(parents=True, exist_ok=True)
            file.path.write_bytes(before.read_bytes())
    apply(name, WHOLE, where)
    for at, file in enumerate(files):
        after = GOLDEN / name / f"after-{at}{file.path.suffix}"
        assert file.path.exists() == after.exists(), file.path
        assert not after.exists() or file.path.read_text() == after.read_text()


@pytest.mark.parametrize("name", NAMES)
def test_what_is_applied_twice_changes_nothing_the_second_time(name, where):
    apply(name, WHOLE, where)
    before = contents(name, where)
    again = prepared(name, WHOLE, where)
    assert again.drift == []
    assert again.plan().is_empty
    assert contents(name, where) == before


@pytest.mark.promise("S0-53")
@pytest.mark.parametrize("name", NAMES)
def test_undo_leaves_no_trace(name, where):
    apply(name, WHOLE, where)
    assert contents(name, where)
    undo()
    assert contents(name, where) == {}
    assert prepared(name, WHOLE, where).drift[0].state == "add"


@pytest.mark.parametrize("name", NAMES)
def test_all_of_the_source_is_written_or_told_to_be_left_out(name, where):
    ready = prepared(name, WHOLE, where)
    said = " ".join([*(step.place for step in ready.steps), *(loss.what for _, loss in ready.losses)])
    found = source(WHOLE)
    for server in found.servers.values():
        assert server.name in said or (not server.enabled and name in WITHOUT_A_SWITCH)
    for kind in ("endpoint", "permission", "lsp", "prompt"):
        assert any(step.kind == kind for step in ready.steps) or any(loss.kind == kind for _, loss in ready.losses)


@pytest.mark.promise("S0-48", "S0-52")
@pytest.mark.parametrize("name", WITH_SERVERS)
def test_a_server_is_read_as_it_was_written(name, where):
    apply(name, LOCAL, where)
    assert [s._replace(timeout=None) for s in find(name).servers(where, "user", value_in)] == [
        source(LOCAL).servers["one"]
    ]


@pytest.mark.parametrize("name", WITH_SERVERS)
def test_an_entry_of_the_users_own_is_a_conflict_and_stays(name, where):
    apply(name, LOCAL, where)
    for ledger in (Path(where.env["HOME"]) / ".local/state/llmx/clients").iterdir():
        ledger.unlink()
    before = contents(name, where)
    other = LOCAL.replace("node", "deno")
    ready = apply(name, other, where)
    assert [step.state for step in ready.steps] == ["conflict"]
    assert contents(name, where) == before
    assert [step.state for step in apply(name, other, where, overwrite=True).steps] == ["change"]
    assert "deno" in "".join(data.decode() for data in contents(name, where).values())


@pytest.mark.parametrize("name", NAMES)
def test_an_empty_source_means_nothing(name, where):
    rendering = find(name).render(Source(), where, "user", value_in)
    assert not rendering.entries
    assert not rendering.losses


@pytest.mark.parametrize("name", NAMES)
def test_the_files_of_a_project_lie_in_the_project(name, where):
    for file in find(name).files(where, "project"):
        assert file.path.is_relative_to(where.project)
    prepared(name, LOCAL, where, scope="project").plan().apply()
    assert contents(name, where) == {}


@pytest.mark.parametrize(
    ("platform", "name", "place"),
    [
        ("linux", "claude-desktop", ".config/Claude/claude_desktop_config.json"),
        ("darwin", "claude-desktop", "Library/Application Support/Claude/claude_desktop_config.json"),
        ("win32", "claude-desktop", "AppData/Roaming/Claude/claude_desktop_config.json"),
        ("linux", "goose", ".config/goose/config.yaml"),
        ("darwin", "goose", ".config/goose/config.yaml"),
        ("win32", "goose", "AppData/Roaming/Block/goose/config/config.yaml"),
        ("linux", "claude", ".claude.json"),
        ("win32", "codex", ".codex/config.toml"),
        ("darwin", "cursor", ".cursor/mcp.json"),
        ("darwin", "opencode", ".config/opencode/opencode.json"),
        ("win32", "gemini", ".gemini/settings.json"),
        ("darwin", "crush", ".config/crush/crush.json"),
        ("win32", "crush", "AppData/Local/crush/crush.json"),
        ("darwin", "zed", ".config/zed/settings.json"),
        ("linux", "vscode-copilot", ".config/Code/User/mcp.json"),
        ("darwin", "vscode-copilot", "Library/Application Support/Code/User/mcp.json"),
        ("win32", "vscode-copilot", "AppData/Roaming/Code/User/mcp.json"),
        ("win32", "aider", ".aider.conf.yml"),
        ("darwin", "amp", ".config/amp/settings.json"),
        ("win32", "zed", "AppData/Roaming/Zed/settings.json"),
    ],
)
def test_each_platform_has_its_places(where, platform, name, place):
    files = find(name).files(where._replace(platform=platform), "user")
    assert files[0].path == Path(where.env["HOME"]) / place


def test_variables_move_the_files(where, tmp_path):
    moved = {"CLAUDE_CONFIG_DIR": f"{tmp_path}/c", "CODEX_HOME": f"{tmp_path}/x", "XDG_CONFIG_HOME": f"{tmp_path}/d"}
    there = where._replace(env={**where.env, **moved})
    places = [str(file.path) for name in NAMES for file in find(name).files(there, "user")]
    assert f"{tmp_path}/c/.claude.json" in places
    assert f"{tmp_path}/c/settings.json" in places
    assert f"{tmp_path}/x/config.toml" in places
    assert f"{tmp_path}/d/goose/config.yaml" in places
    assert f"{tmp_path}/d/cursor/cli-config.json" in places
    assert f"{tmp_path}/d/crush/crush.json" in places
    assert f"{tmp_path}/d/zed/settings.json" in places


def test_a_client_of_another_package_comes_by_entry_point(tmp_path, monkeypatch):
    info = tmp_path / "other-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: other\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[llmx.clients]\nother = llmx.clients.cursor:CURSOR\n")
    monkeypatch.syspath_prepend(tmp_path)
    assert find("other") is find("cursor")
    assert len(clients()) == len(NAMES) + 1


def test_an_unknown_client_gets_the_nearest():
    with pytest.raises(NotFoundError) as caught:
        find("cluade")
    assert caught.value.hint == "did you mean claude?"
