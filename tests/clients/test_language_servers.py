"""Language servers from the source, and from the catalog, in the clients that have them."""

import json
from pathlib import Path

import jsonschema
import pytest

from llmx.clients.claude_plugin import NAME
from llmx.core.source.language_servers import catalog
from tests.clients.test_applying import states

SCHEMA = Path(__file__).parents[3] / "shared/data/schemas/claude-code-plugin-manifest.json"
ALL = "".join(f"[lsp.{name}]\n" for name in catalog())
HAVE_THEM = ["claude", "opencode", "crush", "zed"]


def plugin(setting):
    return setting.home / f".claude/skills/{NAME}/.claude-plugin/plugin.json"


def written(setting, client):
    """Name -> entry, as the client has them."""
    if client == "claude":
        return json.loads(plugin(setting).read_text())["lspServers"]
    return json.loads(setting.file(client).read_text())["lsp"]


@pytest.mark.promise("S0-49")
def test_ten_are_known_and_none_is_used_unasked(setting):
    assert len(catalog()) == 10
    assert setting.source("[mcp]\n").lsp == {}
    assert list(setting.source(ALL).lsp) == list(catalog())


@pytest.mark.promise("S0-49")
@pytest.mark.parametrize("client", HAVE_THEM)
def test_each_client_gets_all_of_them_in_its_own_shape(setting, client):
    ready = setting.apply(client, ALL)
    assert ready.losses == ()
    assert len(written(setting, client)) == 10
    assert not setting.prepared(client, ALL).drift
    setting.apply(client, "")
    assert not plugin(setting).exists()
    assert setting.prepared(client, "").steps == ()


SHAPES = {
    "claude": {
        "command": "pyright-langserver",
        "args": ["--stdio"],
        "extensionToLanguage": {".py": "python", ".pyi": "python"},
    },
    "opencode": {"command": ["pyright-langserver", "--stdio"], "extensions": [".py", ".pyi"]},
    "crush": {"command": "pyright-langserver", "args": ["--stdio"], "filetypes": ["py", "pyi"]},
    "zed": {"binary": {"path": "pyright-langserver", "arguments": ["--stdio"]}},
}


@pytest.mark.parametrize("client", HAVE_THEM)
def test_the_shape_is_the_clients(setting, client):
    setting.apply(client, "[lsp.python]\n")
    assert written(setting, client)["pyright" if client == "zed" else "python"] == SHAPES[client]


def test_a_table_of_ones_own_goes_over_the_catalog(setting):
    lsp = setting.source('[lsp.python]\ncommand = ["pylsp"]\nenv = { A = "b" }\n[lsp.go]\nextensions = [".go2"]\n').lsp
    assert (lsp["python"].command, lsp["python"].extensions, lsp["python"].env) == (
        ("pylsp",),
        (".py", ".pyi"),
        {"A": "b"},
    )
    assert (lsp["go"].command, lsp["go"].extensions) == (("gopls",), (".go2",))


OFF = "[lsp.python]\nenabled = false\n"


@pytest.mark.parametrize(
    ("client", "text", "says"),
    [
        ("zed", '[lsp.cobol]\ncommand = ["cobol-ls"]\n', "only those"),
        ("zed", OFF, "no word"),
        ("claude", '[lsp.cobol]\ncommand = ["cobol-ls"]\n', "extensions"),
        ("cursor", "[lsp.python]\n", "extensions only"),
        ("gemini", "[lsp.python]\n", "no language servers"),
    ],
)
def test_what_a_client_cannot_be_told_is_said(setting, client, text, says):
    ready = setting.prepared(client, text)
    assert ready.steps == ()
    assert says in ready.losses[0][1].reason


def test_one_that_is_off_is_off_where_there_is_a_word_for_it_and_absent_elsewhere(setting):
    for client in HAVE_THEM:
        setting.apply(client, OFF)
    assert written(setting, "opencode")["python"]["disabled"] is True
    assert written(setting, "crush")["python"]["disabled"] is True
    assert not plugin(setting).exists()


def test_a_plug_in_that_the_user_changed_is_a_conflict(setting):
    setting.apply("claude", "[lsp.python]\n")
    plugin(setting).write_text("{}")
    assert states(setting.apply("claude", "[lsp.go]\n")) == {str(plugin(setting)): "conflict"}
    assert plugin(setting).read_text() == "{}"


def test_a_projects_plug_in_lies_in_it_and_counts_once_it_is_trusted(setting):
    ready = setting.apply("claude", "[lsp.python]\n", scope="project")
    assert (setting.where.project / f".claude/skills/{NAME}/.claude-plugin/plugin.json").exists()
    assert "trusted" in ready.losses[0][1].reason


@pytest.mark.skipif(not SCHEMA.exists(), reason="Claude's published schema is not beside the project")
def test_the_plug_in_is_of_claudes_published_schema(setting):
    setting.apply("claude", ALL)
    jsonschema.validate(json.loads(plugin(setting).read_text()), json.loads(SCHEMA.read_text()))
