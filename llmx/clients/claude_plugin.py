"""Claude's plug-in with language servers: a folder beside its skills, which it loads by itself."""

import json
from pathlib import Path

from llmx.clients.protocol import Entry, File, Loss
from llmx.clients.shapes import dropped
from llmx.core.source import Lsp

NAME = "llmx-language-servers"
LANGUAGES = {
    ".bash": "shellscript",
    ".cc": "cpp",
    ".cjs": "javascript",
    ".cpp": "cpp",
    ".h": "c",
    ".hpp": "cpp",
    ".js": "javascript",
    ".jsx": "javascriptreact",
    ".mjs": "javascript",
    ".pyi": "python",
    ".sh": "shellscript",
    ".tfvars": "terraform-vars",
    ".ts": "typescript",
    ".tsx": "typescriptreact",
}
"""Extension -> what the protocol calls its language, where that is not the server's name in the source."""


def plugin(servers: dict[str, Lsp], skills: Path) -> tuple[list[Entry], list[Loss]]:
    """The plug-in's one file below the folder of skills, and what cannot be told in it."""
    losses = [Loss("lsp", name, reason) for name, lsp in servers.items() if (reason := unsaid(lsp))]
    said = {name: written(name, lsp) for name, lsp in servers.items() if lsp.enabled and lsp.extensions}
    if not said:
        return [], losses
    manifest = {"name": NAME, "description": "Language servers, written by llmx", "version": "1.0.0"}
    text = json.dumps({**manifest, "lspServers": said}, indent=2, ensure_ascii=False) + "\n"
    file = File(skills / NAME / ".claude-plugin/plugin.json", "text")
    return [Entry(file, ("text",), text, "lsp")], losses


def unsaid(lsp: Lsp) -> str:
    """Why Claude cannot be told of the server; empty where it can, or need not be."""
    return "Claude starts one by the extensions of files, and it has none" if lsp.enabled and not lsp.extensions else ""


def written(name: str, lsp: Lsp) -> dict[str, object]:
    """A server as Claude's plug-ins have it."""
    command, *args = lsp.command
    languages = {extension: LANGUAGES.get(extension, name) for extension in lsp.extensions}
    return dropped({"command": command, "args": args, "env": lsp.env, "extensionToLanguage": languages})
