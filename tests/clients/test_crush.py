"""Crush in JSON and in Bash: which file is edited, what stands in it, and that Bash reads it as it was meant."""

import json
import os
import subprocess
from pathlib import Path

import jsonschema
import pytest

from llmx.clients.crushrc import quoted, servers_in
from llmx.clients.reading import value_in
from llmx.clients.registry import find

SOURCE = """
[mcp.servers.one]
command = "node"
args = ["a b.js", "it's", "--token=${TOKEN}"]
env = { A = "${B}", C = "d" }
[mcp.servers.two]
url = "https://example.com/mcp"
headers = { Authorization = "Bearer ${KEY}" }
timeout = 30
enabled = false
[lsp.python]
command = ["pyright-langserver", "--stdio"]
extensions = [".py"]
[endpoint]
url = "http://127.0.0.1:1/v1"
model = "m"
api_key = "env:MY_KEY"
"""
SCHEMA = Path(__file__).parents[3] / "shared/data/schemas/crush.json"
RECORD = 'for name in mcp lsp provider model; do eval "$name() { printf \'%s\\\\0\' $name \\"\\$@\\" END; }"; done\n'
"""Bash functions in the place of Crush's commands, that say what they were given."""


def bash(script, **variables):
    """The commands that Bash makes of the script."""
    done = subprocess.run(["bash", "-c", RECORD + script], capture_output=True, text=True, check=True, env=variables)
    return [line.strip("\0").split("\0") for line in done.stdout.split("END\0") if line]


def test_a_crushrc_that_is_there_is_edited_and_bash_reads_it_as_it_was_meant(setting):
    mine = '# mine\nif [[ $HOSTNAME == x ]]; then\n  mcp add mine --command "mine"\nfi\n'
    file = setting.home / ".config/crush/crushrc"
    file.parent.mkdir(parents=True)
    file.write_text(mine)
    setting.apply("crush", SOURCE)
    assert file.read_text().startswith(mine)
    assert not file.with_name("crush.json").exists()
    made = bash(file.read_text(), TOKEN="t t", B="b", KEY="k", MY_KEY="secret")
    one = ["--type", "stdio", "--command", "node", "--args", "a b.js", "--args", "it's", "--args", "--token=t t"]
    assert made[0] == ["mcp", "add", "one", *one, "--env", "A", "b", "--env", "C", "d"]
    assert made[1][-6:] == ["Authorization", "Bearer k", "--disabled", "true", "--timeout", "30"]
    assert made[2][:5] == ["lsp", "add", "python", "--command", "pyright-langserver"]
    assert made[3][-2:] == ["--api-key", "secret"]
    assert made[4][:3] == ["model", "add", "llmx/m"]
    assert [line[1:] for line in made[5:]] == [["large", "llmx/m"], ["small", "llmx/m"]]
    assert "secret" not in file.read_text()
    assert not setting.prepared("crush", SOURCE).drift
    setting.apply("crush", "[mcp]\n")
    assert file.read_text() == mine


def test_servers_of_a_crushrc_are_read_as_they_were_written(setting):
    file = setting.home / ".config/crush/crushrc"
    file.parent.mkdir(parents=True)
    file.write_text("mcp add \\\n  gone --command x\nmcp rm gone\nmcp add old --command 'a b' # first\necho 'open\n")
    setting.apply("crush", SOURCE)
    found = {server.name: server for server in find("crush").servers(setting.where, "user", value_in)}
    wanted = setting.source(SOURCE).servers
    assert {name: found[name] for name in ("one", "two")} == wanted
    assert found["old"].command == "a b"
    assert "gone" not in found


def test_json_that_llmx_wrote_goes_once_there_is_a_crushrc(setting):
    setting.apply("crush", SOURCE)
    older = setting.home / ".config/crush/crush.json"
    assert older.exists()
    older.with_name("crushrc").write_text("# mine\n")
    setting.apply("crush", SOURCE)
    assert not older.exists()
    assert "mcp add one" in older.with_name("crushrc").read_text()


@pytest.mark.skipif(not SCHEMA.exists(), reason="Crush's published schema is not beside the project")
def test_what_is_written_is_of_crushs_published_schema(setting):
    setting.apply("crush", SOURCE)
    jsonschema.validate(json.loads(setting.file("crush").read_text()), json.loads(SCHEMA.read_text()))


@pytest.mark.parametrize("text", ["a$(touch x)", "`id`", "a $HOME"])
def test_what_crush_would_run_is_told_and_not_written(setting, text):
    ready = setting.prepared("crush", f"[mcp.servers.a]\ncommand = 'x'\nargs = [{json.dumps(text)}]\n")
    assert not ready.steps
    assert "run or fill in" in ready.losses[0][1].reason


@pytest.mark.parametrize("text", ["", "a", "a b", "'", '"', "${HOME}", "x${HOME}'y", "$(id)", "\\"])
def test_a_quoted_word_is_one_word_of_bash(text):
    done = subprocess.run(["bash", "-c", f"printf %s {quoted(text)}"], capture_output=True, text=True, check=True)
    assert done.stdout == text.replace("${HOME}", os.environ["HOME"])


@pytest.mark.parametrize("line", ["mcp", "mcp add", "mcp add x --env", "mcp rm nowhere", "mcp add 'open"])
def test_half_a_command_is_no_server(line):
    assert {name: entry for name, entry in servers_in(line).items() if entry.get("command")} == {}
