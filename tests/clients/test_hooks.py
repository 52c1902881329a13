"""Hooks: asked for by the source only, in each client's own form, and what they answer."""

import json
import os
import shlex
import shutil
import subprocess
import sys
from typing import Any

import pytest
from ruamel.yaml import YAML

from llmx.clients.hook_answers import ANSWERS, answer
from llmx.clients.registry import CLIENTS
from llmx.clients.routing import routed
from tests import forked

BOTH = "[hooks]\nagents_md = true\nllm_exec = true\n"


@pytest.mark.parametrize("client", CLIENTS)
def test_no_client_gets_a_hook_that_nobody_asked_for(setting, client):
    for text in ("", "[hooks]\n", "[hooks]\nllm_exec = false\n"):
        assert not any(step.kind == "hook" for step in setting.prepared(client, text).steps)


FORMS = {
    "claude": (".claude/settings.json", ["llmx hook session-start claude", "llmx hook pre-command claude"]),
    "codex": (".codex/hooks.json", ["llmx hook pre-command codex"]),
    "gemini": (".gemini/settings.json", ["llmx hook pre-command gemini", "AGENTS.md", "GEMINI.md"]),
    "goose": (".agents/plugins/llmx/hooks/hooks.json", ["llmx hook pre-command goose"]),
    "opencode": (".config/opencode/plugins/llmx.js", ['"pre-command", "opencode"']),
    "aider": (".aider.conf.yml", ["AGENTS.md"]),
    "cursor": (".cursor/hooks.json", ["llmx hook pre-command cursor", '"Shell"', '"version": 1']),
    "crush": (".config/crush/crush.json", ["llmx hook pre-command crush", "^bash$"]),
    "vscode-copilot": (".copilot/hooks/llmx.json", ["llmx hook pre-command vscode-copilot"]),
    "amp": (".config/amp/plugins/llmx.ts", ['"pre-command", "amp"']),
}


@pytest.mark.parametrize("client", FORMS)
def test_a_hook_is_in_the_clients_own_form_and_goes_with_the_source(setting, client):
    name, texts = FORMS[client]
    setting.apply(client, BOTH)
    said = (setting.home / name).read_text()
    assert [text for text in texts if text not in said] == []
    assert not setting.prepared(client, BOTH).drift
    setting.apply(client, "")
    assert not (setting.home / name).exists()


@pytest.mark.parametrize("client", [name for name in CLIENTS if name not in FORMS])
def test_a_client_without_a_hook_that_llmx_knows_is_told(setting, client):
    ready = setting.prepared(client, BOTH)
    assert ready.steps == ()
    assert "llm_exec" in [loss.what for _, loss in ready.losses]


@pytest.mark.promise("S0-44")
def test_hooks_of_the_users_own_stay(setting):
    mine = '{"hooks": {"PreToolUse": [{"matcher": "Bash", "hooks": [{"type": "command", "command": "mine"}]}]}}\n'
    for client, at in (("claude", 1), ("codex", 2)):
        file = setting.write(client, mine, at)
        setting.apply(client, BOTH)
        assert [one["hooks"][0]["command"] for one in json.loads(file.read_text())["hooks"]["PreToolUse"]] == [
            "mine",
            f"llmx hook pre-command {client}",
        ]
        setting.apply(client, "")
        assert file.read_text() == mine


@pytest.mark.parametrize(
    ("client", "text"), [("aider", "read: MINE.md\n"), ("gemini", '{"context": {"fileName": "MINE.md"}}')]
)
def test_a_single_name_of_the_users_is_left_alone_and_told(setting, client, text):
    file = setting.write(client, text)
    ready = setting.apply(client, "[hooks]\nagents_md = true\n")
    assert file.read_text() == text
    assert "make it a list" in ready.losses[0][1].reason


def test_aider_reads_one_more_file_than_the_user_said(setting):
    file = setting.write("aider", "# mine\nread: [A.md] # short\n")
    setting.apply("aider", BOTH)
    assert YAML(typ="safe").load(file.read_text()) == {"read": ["A.md", "AGENTS.md"]}
    assert "# short" in file.read_text()


def test_a_crushrc_gets_the_command_that_adds_the_hook(setting):
    file = setting.home / ".config/crush/crushrc"
    file.parent.mkdir(parents=True)
    file.write_text("# mine\n")
    setting.apply("crush", BOTH)
    added = ["hook", "add", "PreToolUse", "--name", "llm-exec", "--matcher", "^bash$"]
    lines = [shlex.split(line) for line in file.read_text().splitlines() if line.startswith("hook")]
    assert lines == [[*added, "--command", "llmx hook pre-command crush"]]
    setting.apply("crush", "")
    assert file.read_text() == "# mine\n"


def test_cursors_hooks_of_the_users_own_stay_with_their_version(setting):
    mine = '{"version": 1, "hooks": {"preToolUse": [{"command": "mine"}]}}\n'
    file = setting.write("cursor", mine, 2)
    setting.apply("cursor", BOTH)
    said = [one["command"] for one in json.loads(file.read_text())["hooks"]["preToolUse"]]
    assert said == ["mine", "llmx hook pre-command cursor"]
    setting.apply("cursor", "")
    assert file.read_text() == mine


@pytest.mark.parametrize(
    ("client", "scope", "name"),
    [
        ("cursor", "project", ".cursor/hooks.json"),
        ("vscode-copilot", "project", ".github/hooks/llmx.json"),
        ("amp", "project", ".amp/plugins/llmx.ts"),
        ("crush", "project", "crush.json"),
    ],
)
def test_a_projects_hook_is_in_the_projects_folder(setting, client, scope, name):
    setting.prepared(client, BOTH, scope=scope).plan().apply()
    said = (setting.where.project / name).read_text()
    assert f"pre-command {client}" in said.replace('", "', " ")


DOCUMENTED: dict[str, tuple[dict[str, Any], dict[str, Any], dict[str, Any] | None]] = {
    "cursor": (
        {"tool_name": "Shell", "tool_input": {"command": "ls", "cwd": "/p"}, "tool_use_id": "t", "cwd": "/p"},
        {"updated_input": {"command": "llm-exec -- ls", "cwd": "/p"}},
        {},
    ),
    "crush": (
        {"event": "PreToolUse", "session_id": "3", "cwd": "/p", "tool_name": "bash", "tool_input": {"command": "ls"}},
        {"updated_input": {"command": "llm-exec -- ls"}},
        None,
    ),
    "vscode-copilot": (
        {
            "hookEventName": "PreToolUse",
            "tool_name": "run_in_terminal",
            "tool_input": {"command": "ls", "mode": "sync"},
        },
        {
            "hookSpecificOutput": {
                "hookEventName": "PreToolUse",
                "updatedInput": {"command": "llm-exec -- ls", "mode": "sync"},
            }
        },
        None,
    ),
    "amp": (
        {"tool_input": {"cmd": "ls", "cwd": "/p"}},
        {"action": "modify", "input": {"cmd": "llm-exec -- ls", "cwd": "/p"}},
        {"action": "allow"},
    ),
}
"""Client -> an event as its documentation has it, the answer, and the answer where the command stays."""


@pytest.mark.parametrize("client", DOCUMENTED)
def test_an_answer_is_in_the_form_that_the_client_documents(client):
    event, said, unchanged = DOCUMENTED[client]
    assert answer(client, event) == said
    assert "permission" not in json.dumps(said)
    key = "cmd" if client == "amp" else "command"
    assert answer(client, {**event, "tool_input": {**event["tool_input"], key: "llm-exec -- ls"}}) == unchanged


@pytest.mark.skipif(not shutil.which("node"), reason="Node.js is not installed, so nothing runs Amp's plug-in")
@pytest.mark.parametrize(
    ("event", "said"),
    [
        ({"tool": "Bash", "input": {"cmd": "ls"}}, {"action": "modify", "input": {"cmd": "llm-exec -- ls"}}),
        ({"tool": "shell_command", "input": {"command": "cd x"}}, {"action": "allow"}),
        ({"tool": "Read", "input": {"path": "x"}}, {"action": "allow"}),
    ],
)
def test_amps_plug_in_answers_a_call_of_a_tool(setting, tmp_path, monkeypatch, event, said):
    setting.apply("amp", BOTH)
    (tmp_path / "llmx").write_text(f'#!/bin/sh\nexec {sys.executable} -m llmx "$@"\n')
    (tmp_path / "llmx").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    plugin = tmp_path / "plugin.mjs"  # it has no types in it, so Node.js runs it, too
    plugin.write_text((setting.home / ".config/amp/plugins/llmx.ts").read_text())
    script = f"""import plugin from "{plugin}"
plugin({{ on: (name, heard) => console.log(JSON.stringify([name, heard({json.dumps(event)})])) }})"""
    done = subprocess.run(
        ["node", "--input-type=module", "-e", script], capture_output=True, text=True, check=True, timeout=60
    )
    assert json.loads(done.stdout) == ["tool.call", said]


@pytest.mark.parametrize(
    ("text", "line"), [("[hooks]\nllmexec = true", 2), ("[hooks]\nllm_exec = 1", 2), ("hooks = 1", 1)]
)
def test_what_is_wrong_in_the_source_is_said_with_its_line(setting, text, line):
    with pytest.raises(Exception, match=f":{line}"):
        setting.source(text)


SINGLE = [
    "touch made",
    "git commit -m 'a;b|c'",
    "ls -la /tmp",
    "echo '$(id)\n`x`'",
    "[ -f x ]",
    "echo $HOME",
    "a/b.sh --x=y",
]
LINES = [
    *("a; b", "a && b", "a | b", "a\nb", 'echo "$(id)"', "echo `id`", "cd x && make", "(a)", "a > b", "a &"),
    *("A=b make", "source x", "eval x", "exec rm x", "llm-exec -- a; rm x", "llm-exec a && rm x", "echo 'open"),
    *(
        "if true; then a; fi",
        "echo \"it's $(id) '\"",
        "echo $'a\\' `id`",
        "{ a; }",
        "! a",
        "cd $(rm x)",
        "export A=`rm x`",
        "diff <(a) <(b)",
        "echo ${A:=b}",
    ),
]
SAME = ["", "  ", "cd x", "export A=b", "llm-exec -- ls", "llm-exec --json ls", "llmx exec -- ls", "llmx -q exec ls"]


@pytest.mark.parametrize("line", SINGLE)
def test_one_command_goes_by_its_words(line):
    assert routed(line) == f"llm-exec -- {line}"


@pytest.mark.parametrize("line", LINES)
def test_more_than_one_command_goes_as_a_line(line):
    assert shlex.split(routed(line)) == ["llm-exec", "--command", line]


@pytest.mark.parametrize("line", SAME)
def test_what_goes_through_it_already_or_runs_nothing_stays(line):
    assert routed(line) == line


@pytest.mark.parametrize("line", [*SINGLE, *LINES, *SAME])
def test_what_was_routed_is_not_routed_again(line):
    assert routed(routed(line)) == routed(line)


def test_an_answer_keeps_all_else_that_the_agent_said():
    event = {"tool_name": "Bash", "tool_input": {"command": "ls", "timeout": 5}}
    said = answer("claude", event)
    assert said == {
        "hookSpecificOutput": {
            "hookEventName": "PreToolUse",
            "updatedInput": {"command": "llm-exec -- ls", "timeout": 5},
        }
    }
    assert "permissionDecision" not in json.dumps(said)
    gemini = answer("gemini", event)
    assert gemini
    assert gemini["hookSpecificOutput"]["tool_input"]["command"] == "llm-exec -- ls"
    assert answer("opencode", event) == {"command": "llm-exec -- ls", "timeout": 5}
    assert answer("goose", {"tool_input": {"path": "x"}}) is None
    assert answer("goose", {"tool_name": "x"}) is None


def hook(*words, stdin="", cwd=None):
    return forked.run(
        [sys.executable, "-m", "llmx", "hook", *words],
        input=stdin,
        text=True,
        cwd=cwd,
    )


def test_the_command_answers_and_refuses_what_is_no_event(tmp_path):
    event = json.dumps({"tool_input": {"command": "ls"}})
    assert json.loads(hook("pre-command", "claude", stdin=event).stdout) == answer("claude", json.loads(event))
    refused = hook("pre-command", "goose", stdin=event)
    assert (refused.returncode, refused.stdout) == (2, "")
    assert "llm-exec -- ls" in refused.stderr
    for wrong in ("", "[]", "{}", '{"tool_input": {"command": 3}}', "{"):
        done = hook("pre-command", "codex", stdin=wrong)
        assert (done.returncode, done.stdout) == (2, ""), wrong
    assert hook("pre-command", "cursor", stdin=json.dumps({"tool_input": {"command": "cd x"}})).stdout == "{}\n"
    assert "did you mean claude" in hook("pre-command", "cluade", stdin=event).stderr
    assert set(ANSWERS) < set(CLIENTS)


@pytest.mark.promise("S0-44")
def test_a_session_begins_with_every_agents_md_and_its_path(tmp_path):
    subprocess.run(["git", "init", "-q", tmp_path], check=True)
    inner = tmp_path / "a"
    inner.mkdir()
    (tmp_path / "AGENTS.md").write_text("outer words\n")
    (inner / "AGENTS.md").write_text("inner words\n")
    said = hook("session-start", "claude", cwd=inner).stdout
    assert said.index("outer words") < said.index("inner words")
    assert str(inner / "AGENTS.md") in said
    assert os.fspath(tmp_path / "AGENTS.md") in said
