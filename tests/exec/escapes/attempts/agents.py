"""Files of the work tree that an editor, an agent or a shell obeys later: they stay writable, and are reported."""

import os

from tests.exec.escapes.attempts import Group, changes

FILES = {
    "vscode_tasks": ".vscode/tasks.json",
    "vscode_settings": ".vscode/settings.json",
    "idea_workspace": ".idea/workspace.xml",
    "claude_settings": ".claude/settings.json",
    "claude_command": ".claude/commands/evil.md",
    "cursor_rules": ".cursor/rules/evil.mdc",
    "codex_config": ".codex/config.toml",
    "mcp_servers": ".mcp.json",
    "direnv": ".envrc",
    "agents_md": "AGENTS.md",
    "claude_md": "CLAUDE.md",
    "agents_md_below": "sub/AGENTS.md",
    "claude_settings_below": "sub/.claude/settings.json",
}
THERE = ("vscode_tasks", "agents_md", "direnv", "claude_settings")
"""These exist and are changed; the others are new."""


def prepare(scene):
    scene.make_repository()
    for name in THERE:
        scene.give_text(scene.work / FILES[name], "# mine\n")


def obey(at, path):
    os.makedirs(os.path.dirname(f"{at.work}/{path}"), exist_ok=True)
    with open(f"{at.work}/{path}", "a") as file:
        file.write("changed\n")


GROUP = Group(prepare)
for _name, _path in FILES.items():
    GROUP.add(_name, obey, _path, effect=changes(f"work/{_path}"), sensitive=_path)
