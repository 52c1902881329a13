"""Nix users' values: read by the real Nix, every option taken or named, and back again without loss."""

import json
import os
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest

from llmx.core.edits import Change, edit
from llmx.errors import ConfigError, InconclusiveError, NotFoundError, UsageError
from llmx.nix.exporting import text, written
from llmx.nix.exporting import values as exported
from llmx.nix.importing import imports
from llmx.nix.options import options
from llmx.nix.reading import values

ROOT = Path(__file__).resolve().parents[2]
EXAMPLE = ROOT / "examples/nix"
PRESET = tomllib.loads((ROOT / "llmx/data/presets/seed.toml").read_text())


def nix(expression, *words):
    """The value of an expression; fails with Nix's own words."""
    command = ["nix-instantiate", "--eval", "--strict", "--json", "--store", "dummy://", *words, "-E", expression]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture
def write(tmp_path):
    def make(text, name="values.nix"):
        (tmp_path / name).write_text(text)
        return tmp_path / name

    return make


def document(found, tmp_path):
    """The settings file that a set of values comes to."""
    file = tmp_path / "made.toml"
    _, operations = imports(found, {}, overwrite=False)
    edit([Change(file, operations)], title="x")
    return tomllib.loads(file.read_text())


def test_every_option_of_the_example_is_taken_or_named(tmp_path):
    found = values(EXAMPLE / "values.nix", os.environ)
    rows, _ = imports(found, {}, overwrite=False)
    named = {row.option for row in rows}
    assert {row.option for row in rows if row.state == "unmapped"} == {
        *(f"{client}.enabled" for client in ("claude", "goose", "opencode", "cursor")),
        "mcp.servers.docs.description",
    }
    for option in options():
        given = any(name == option or name.startswith(f"{option}.") for name in named)
        together = option in ("cursor.permissions.kubectl.allowed", "claude.mcp.additionalServers", "goose.leadModel")
        assert given or together, option
    made = document(found, tmp_path)
    assert made["exec"]["isolation"] == {"enabled": True, "monitoring": True, "timeout": 300}
    assert made["permissions"]["clients"]["cursor"]["allow"][-1] == "kubectl describe"
    assert made["clients"]["goose"]["providers"]["github_copilot"]["model"] == "gpt-4o-mini"
    assert made["mcp"]["servers"]["docs"]["env"] == {"TOKEN": "${DOCS_TOKEN}"}
    assert [server["name"] for server in made["mcp"]["additional_servers"]] == ["web"]


def test_the_options_are_those_of_the_document():
    found = nix(f"(import {EXAMPLE}/values.nix).llm")
    leaves = {option for option in options() if reach(found, option)}
    assert leaves == options().keys()


def reach(value, option):
    for name in option.split("."):
        if not isinstance(value, dict) or name not in value:
            return False
        value = value[name]
    return True


def test_the_module_has_the_same_settings_as_the_import(tmp_path):
    made = document(values(EXAMPLE / "values.nix", os.environ), tmp_path)
    ours = nix(f"import {EXAMPLE}/settings.nix (import {EXAMPLE}/values.nix).llm")
    del ours["mcp"]["servers"]["aws-api"]["enabled"], made["mcp"]["servers"]["aws-api"]["enabled"]
    assert ours == made


LIB = """rec {
  mkOption = it: it // { isOption = true; };
  mkEnableOption = description: mkOption { inherit description; default = false; };
  mkIf = condition: value: if condition then value else { };
  types = { str = "str"; anything = "anything"; attrsOf = it: "attrsOf ${it}"; listOf = it: "listOf ${it}"; };
  escapeShellArg = it: "'${it}'";
  escapeShellArgs = it: builtins.concatStringsSep " " (map escapeShellArg it);
  hm.dag.entryAfter = after: data: { inherit after data; };
}"""
"""What the module uses of nixpkgs' lib and home-manager, which are not to be had without a network."""
PKGS = "{ formats.toml = { }: { generate = name: value: { inherit name value; }; }; }"


@pytest.mark.parametrize("enable", ["true", "false"])
def test_the_module_writes_the_file_and_applies_the_clients(enable):
    config = (
        f'{{ home.homeDirectory = "/home/me"; programs.llmx = {{ enable = {enable}; program = "/opt/my llmx"; '
        f'clients = [ "claude" "goose" ]; values = (import {EXAMPLE}/values.nix).llm; }}; }}'
    )
    made = nix(f"import {EXAMPLE}/home-manager.nix {{ lib = {LIB}; pkgs = {PKGS}; config = {config}; }}")
    names = made["options"]["programs"]["llmx"]
    assert all(option["isOption"] and option["description"] for option in names.values())
    assert names["program"]["default"] == "/home/me/.local/bin/llmx"
    if enable == "false":
        assert made["config"] == {}
        return
    file = made["config"]["xdg"]["configFile"]["llmx/config.toml"]["source"]["value"]
    assert file["agents_md"] == {"auto_update": True, "enabled": True}
    script = made["config"]["home"]["activation"]["llmxClients"]
    assert script["after"] == ["linkGeneration"]
    assert "run '/opt/my llmx' client apply --user 'claude' 'goose'" in script["data"]
    checked = subprocess.run(["bash", "-n"], input=script["data"], text=True, check=False, capture_output=True)
    assert checked.returncode == 0, checked.stderr


@pytest.mark.parametrize(("is_there", "said"), [(True, "client apply --user claude\n"), (False, "is not at")])
def test_the_activation_runs_llmx_where_it_is(tmp_path, is_there, said):
    program = tmp_path / "llmx"
    if is_there:
        program.write_text('#!/bin/sh\necho "$@"\n')
        program.chmod(0o755)
    config = (
        f'{{ home.homeDirectory = "/h"; programs.llmx = {{ enable = true; program = "{program}"; '
        'clients = [ "claude" ]; values = { }; }; }'
    )
    expression = f"import {EXAMPLE}/home-manager.nix {{ lib = {LIB}; pkgs = {PKGS}; config = {config}; }}"
    script = nix(f"({expression}).config.home.activation.llmxClients.data")
    shell = f'run() {{ "$@"; }}; warnEcho() {{ echo "$@"; }}\n{script}'
    assert said in subprocess.run(["bash", "-c", shell], capture_output=True, text=True, check=True).stdout


DOCUMENTS = [
    PRESET,
    {},
    {"llm": {"temperature": 0.7, "max_tokens": 5}, "exec": {"policy": {"deny": ["rm -rf *", 'a "b" ${c}\n\\']}}},
    {"mcp": {"servers": {"a b": {"command": "x"}, "old": {"url": "http://x", "transport": "sse"}}}},
    {"mcp": {"servers": {"odd": {"command": "x", "transport": "stdio"}}, "aws": {"region": "eu-west-1"}}},
    {"mcp": {"additional_servers": [{"name": "a", "command": "x", "args": ["-1", "--"]}]}},
    {"clients": {"goose": {"active_provider": "p", "providers": {"p": {"model": "m"}}}}},
    {"clients": {"codex": {"tui": {"if": [-1, 2, {"let": False}]}}}},
    {"prompts": {"ai-engineer": {"kind": "skill"}}, "profile": "ci"},
]


@pytest.mark.parametrize("made", DOCUMENTS)
def test_what_is_exported_is_imported_again_without_loss(write, tmp_path, made):
    file = write(text(exported(made)))
    assert document(values(file, os.environ), tmp_path) == made if made else values(file, os.environ) == {}


def test_the_export_uses_the_documents_options_where_they_fit():
    found = exported(PRESET)
    assert found["goose"]["provider"] == "github_copilot"
    assert found["goose"]["model"] == "gpt-4o-mini"
    assert found["claude"]["mcp"]["aws"]["region"] == "us-east-1"
    assert "kubectl get" in found["cursor"]["permissions"]["shell"]["allowed"]
    assert found["settings"]["clients"].keys() == {"goose", "opencode", "cursor"}
    assert found["settings"]["clients"]["goose"] == {"EDIT_MODE": "vi"}


@pytest.mark.parametrize(
    "value",
    ["", "a'b''c", "${x} $${y} $z", "tab\there\r\n", "é\U0001f600", -1, 0.5, True, None, [], {}, [[-2], {"a b": "c"}]],
)
def test_every_value_is_written_as_nix_reads_it(value):
    assert nix(f"({written(value)})") == value


@pytest.mark.parametrize("value", [float("inf"), tomllib.loads("a = 2020-01-01")["a"]])
def test_what_nix_has_no_value_for_is_refused(value):
    with pytest.raises(ConfigError, match="Nix has no"):
        written({"a": value})


@pytest.mark.parametrize(
    ("data", "says"),
    [
        ("{ llm = { a = 1 }; }", r"values\.nix:1:17: syntax error"),
        ("{ llm.a = nope; }", r"values\.nix:1:11: undefined variable"),
        ('{ llm.a = throw "not today"; }', "not today"),
        ("{ llm.f = x: x; }", "function to JSON"),
        ("x: { }", "it is a function"),
        ("[ 1 ]", "no set of values"),
        ("{ llm = (f: f f) (f: f f); }", "stack overflow|infinite recursion"),
        ('{ llm.x = import (derivation { name = "x"; builder = "x"; system = "x"; }); }', "drv|store"),
    ],
)
def test_what_nix_refuses_is_said_with_its_place(write, data, says):
    with pytest.raises(ConfigError, match=says):
        values(write(data), os.environ)


def test_only_the_llm_part_is_evaluated_and_other_files_may_be_imported(write):
    write("{ on = true; }", "other.nix")
    file = write('{ broken = throw "x"; llm.agentsMd.enabled = (import ./other.nix).on; }')
    assert values(file, os.environ) == {"agentsMd": {"enabled": True}}


def test_without_nix_its_json_is_taken(write):
    file = write("{ llm.a = 1; }")
    with pytest.raises(InconclusiveError) as caught:
        values(file, {"PATH": "/nonexistent"})
    assert "values.json" in str(caught.value.hint)
    assert values(write('{"llm": {"a": 1}}', "v.json"), {}) == {"a": 1}
    with pytest.raises(ConfigError, match="no JSON"):
        values(write("{", "v.json"), {})
    with pytest.raises(UsageError):
        values(write("", "v.txt"), {})
    with pytest.raises(NotFoundError):
        values(Path("none.nix"), os.environ)


@pytest.mark.parametrize(
    ("given", "option", "reason"),
    [
        ({"agentsMd": {"enable": True}}, "agentsMd.enable", "did you mean agentsMd.enabled"),
        ({"goose": {"model": "m"}}, "goose.model", "goose.provider"),
        ({"goose": True}, "goose", "no such option"),
        ({"withContext": {"enable": True}}, "withContext", "no such option"),
        ({"mcp": {"servers": [1]}}, "mcp.servers", "no set"),
        ({"mcp": {"servers": {"a": 1}}}, "mcp.servers.a", "no server"),
        ({"mcp": {"additionalServers": {"a": {}}}}, "mcp.additionalServers", "no list"),
        ({"opencode": {"enabled": False}}, "opencode.enabled", "client apply opencode"),
    ],
)
def test_what_llmx_has_nothing_for_is_named_with_the_reason(given, option, reason):
    (row,) = [row for row in imports(given, {}, overwrite=False)[0] if row.state == "unmapped"]
    assert row.option == option
    assert reason in row.reason


def test_what_the_file_says_already_stays_unless_it_is_to_be_overwritten():
    given = {"agentsMd": {"enabled": True, "autoUpdate": True}}
    there = {"agents_md": {"enabled": True, "auto_update": False}}
    rows, operations = imports(given, there, overwrite=False)
    assert {row.option: row.state for row in rows} == {"agentsMd.enabled": "same", "agentsMd.autoUpdate": "conflict"}
    assert operations == []
    assert len(imports(given, there, overwrite=True)[1]) == 1


@pytest.mark.parametrize("odd", [None, 1, "x", [], {}, [{}], {"a": None}, {"a": {"b": [1]}}])
def test_the_import_never_stumbles_over_odd_shapes(odd):
    for option in options():
        given = odd
        for name in reversed(option.split(".")):
            given = {name: given}
        rows, operations = imports(given, {}, overwrite=False)
        assert len(rows) >= len(operations)


def test_nix_is_here():
    assert shutil.which("nix-instantiate"), "the tests of Nix users' values need it: apt-get install nix-bin"
