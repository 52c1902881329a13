"""The configuration of other people's agents."""

from tests.promises import Row

ROWS = [
    Row("S0-05", "One source renders for Claude, Goose, opencode and Cursor", "Claude Desktop and Codex besides"),
    Row("S0-43", "Claude Desktop gets its servers; all else in its file stays", "by `client apply claude-desktop`"),
    Row("S0-44", "Claude loads every AGENTS.md as a session begins, by a hook that the source asks for", "[hooks]"),
    Row("S0-45", "Goose gets servers as extensions, and the document's settings by the preset", "timeout 300 each"),
    Row("S0-46", "opencode gets servers, language servers, prompts as agents, and settings", "$schema with the preset"),
    Row(
        "S0-47",
        "Cursor's CLI: permit, deny and revoke edit its rules once; vim mode and the verbs are in the preset",
        "rules with arguments are written Shell(git:diff), as the CLI reads them now",
    ),
    Row("S0-48", "Servers of the list go over those of the table, and those over the catalog; all clients get them"),
    Row("S0-49", "Language servers by name, ten known, for opencode, Claude, Crush and Zed", "Claude: a plug-in"),
    Row("S0-50", "Servers get the variables declared for them; those of AWS have one region and write nothing"),
    Row("S0-51", "One dead MCP server hides no other: mcp check names each with its reason, and exits 1"),
    Row("S0-52", "mcp list --client reads a client's own file; none there is exit 4"),
    Row("S0-53", "apply --dry-run shows a diff; undo brings back every byte", "from a journal, not .bak"),
]
