# ruff: noqa: E501  # a file is read more easily on one line than in pieces
"""Files as people really have them: comments, odd indentation, one-liners, anchors, dotted keys, and so on.

Each text comes as it is, and with CRLF, a byte order mark or no last newline.
"""

from typing import NamedTuple


class Case(NamedTuple):
    """A client's main file with such content."""

    client: str
    name: str
    data: bytes


CLAUDE = {
    "empty": "{}\n",
    "startup": '{\n  "numStartups": 12,\n  "tipsHistory": {"new-user": 3},\n  "projects": {"/a": {"mcpServers": {}}}\n}\n',
    "one line": '{"numStartups":12,"mcpServers":{"a":{"command":"a"}}}\n',
    "four spaces": '{\n    "mcpServers": {\n        "a": {\n            "command": "a"\n        }\n    },\n    "x": 1\n}\n',
    "tabs": '{\n\t"mcpServers": {\n\t\t"a": {"command": "a", "args": []}\n\t}\n}\n',
    "unicode and escapes": '{\n  "name": "Zo\\u00eb \\"Z\\" \\\\ ünï \\/",\n  "mcpServers": {}\n}\n',
    "blank lines": '\n\n{\n\n  "a": [],\n\n\n  "mcpServers": {\n\n    "a": {"command": "x"}\n\n  }\n\n}\n\n\n',
    "numbers": '{"a": 1e5, "b": -0.0, "c": 12345678901234567890, "mcpServers": {"x": {"url": "http://x"}}}\n',
}
DESKTOP = {
    "brackets on their own lines": '{\n  "mcpServers":\n  {\n    "a":\n    {\n      "command": "a"\n    }\n  }\n}\n',
    "no servers": '{\n  "globalShortcut": "Ctrl+Space"\n}\n',
}
OPENCODE = {
    "comments": (
        '// mine\n{\n  "$schema": "https://opencode.ai/config.json", // schema\n  /* theme\n     of two lines */\n'
        '  "theme": "auto",\n  "mcp": {\n    // the first\n    "a": {"type": "local", "command": ["a"]}, // behind\n  },\n}\n'
    ),
    "commented out": '{\n  "mcp": {\n    // "old": {"type": "local", "command": ["x"]},\n  }\n}\n',
    "trailing commas": '{"mcp": {"a": {"type": "remote", "url": "http://x",},},"a": [1,2,],}\n',
    "slashes in texts": '{\n  "a": "http://x//y", // "b": {\n  "c": "/* no */"\n}\n',
    "second generation": '{\n  "mcp": {\n    "servers": {\n      "a": {"type": "local", "command": ["a"]}\n    }\n  }\n}\n',
}
CURSOR = {
    "inputs": '{\n  "mcpServers": {\n    "a": {"command": "npx", "args": ["-y", "a"], "env": {"K": "${env:K}"}}\n  }\n}\n',
    "three spaces": '{\n   "mcpServers": {\n      "a": {\n         "url": "http://x"\n      }\n   }\n}\n',
}
GOOSE = {
    "comments": (
        "# goose\nGOOSE_MODE: smart_approve # mode\n\nextensions:\n  # built in\n  developer:\n    enabled: true\n"
        "    type: builtin\n    name: developer\n\n# the end\n"
    ),
    "no indentation of lists": "extensions:\n  a:\n    type: stdio\n    cmd: a\n    args:\n    - x\n    - y\n    envs: {}\nX: 1\n",
    "deep indentation": "extensions:\n    a:\n        type: stdio\n        cmd: a\n        args:\n            - x\n",
    "quotes": "GOOSE_MODEL: \"gpt: 4\"\nA: 'it''s'\nB: yes\nC: 012\nextensions: {}\n",
    "block texts": "note: |\n  two\n    lines\n\n  more\nfolded: >-\n  a\n  b\nextensions:\n  a:\n    type: builtin\n",
    "anchors": "base: &base\n  enabled: true\nextensions:\n  a:\n    <<: *base\n    type: builtin\n  b: *base\n",
    "flow style": "extensions: {a: {type: builtin, enabled: true}}\nGOOSE_MODE: auto\n",
    "document mark": "---\nextensions:\n  a:\n    type: builtin\n...\n",
    "only comments": "# nothing here yet\n",
    "last list": "GOOSE_MODE: auto\nslash_commands:\n  - command: a\n    recipe_path: /a\n",
}
CODEX = {
    "comments": '# codex\nmodel = "o5" # best\n\n# servers\n[mcp_servers.a] # first\ncommand = "a"\n\n[tui]\ntheme = "x"\n',
    "dotted keys": 'model = "o5"\nmcp_servers.a.command = "a"\nmcp_servers.a.args = ["x"]\n\n[tui]\na = 1\n',
    "inline table": 'mcp_servers = { a = { command = "a", args = ["x"] } }\n\n[tui]\na = 1\n',
    "inline server": '[mcp_servers]\na = { command = "a" } # one line\nb = { url = "http://x" }\n',
    "arrays of tables": '[[hooks.PreToolUse]]\nmatcher = "x"\n\n[[hooks.PreToolUse.hooks]]\ncommand = "y"\n\n[a]\nb = 1\n',
    "quoted keys": '[projects."/home/me/a b"]\ntrust_level = "trusted"\n\n[mcp_servers."a-b"]\ncommand = \'c:\\x\'\n',
    "many lines": 'notify = [\n  "a", # first\n  "b",\n]\ntext = """\nmany\n[lines]\n"""\n',
    "indented": '[mcp_servers]\n  [mcp_servers.a]\n  command = "a"\n    [mcp_servers.a.env]\n    K = "v"\n',
    "dates": "a = 2026-11-21T10:00:00Z\nb = 07:32:00\nc = 0xff\nd = 1_000\ne = inf\n",
    "tables in between": '[mcp_servers.a]\ncommand = "a"\n\n[tui]\nx = 1\n\n[mcp_servers.b]\ncommand = "b"\n',
}
GEMINI = {
    "comments": '{\n  // mine\n  "mcpServers": {\n    "a": {"httpUrl": "http://x", "trust": true}, // trusted\n  },\n  "mcp": {"excluded": ["a"]}\n}\n',
    "sse": '{"mcpServers": {"a": {"url": "http://x/sse", "includeTools": ["b"]}}, "ui": {"theme": "x"}}\n',
}
CRUSH = {
    "schema": '{\n  "$schema": "https://charm.land/crush.json",\n  "mcp": {"a": {"type": "http", "url": "http://x", "headers": {"K": "$K"}}}\n}\n',
    "language servers": '{\n\t"lsp": {"go": {"command": "gopls"}},\n\t"mcp": {}\n}\n',
}
ZED = {
    "heading": '// Zed settings\n//\n// more\n{\n  "theme": {"mode": "system"}, // theme\n  "context_servers": {\n    "ext": {"settings": {}},\n  },\n}\n',
    "older shape": '{\n  "context_servers": {\n    "a": {"source": "custom", "command": {"path": "a", "args": ["b"]}}\n  }\n}\n',
}
COPILOT = {
    "inputs": '{\n\t"inputs": [{"type": "promptString", "id": "key", "password": true}], // asked once\n\t"servers": {\n\t\t"a": {"type": "http", "url": "http://x", "headers": {"K": "${input:key}"}}\n\t}\n}\n',
    "no servers": '{\n\t"servers": {}\n}\n',
}
AMP = {
    "dotted names": '{\n  // mine\n  "amp.url": "https://x/",\n  "amp.mcpServers": {\n    "a": {"command": "a", "includeTools": ["b"]},\n  },\n}\n',
    "nothing of the kind": '{"amp.showCosts": false}\n',
}
BASES = {
    "claude": CLAUDE,
    "claude-desktop": DESKTOP,
    "opencode": OPENCODE,
    "cursor": CURSOR,
    "goose": GOOSE,
    "codex": CODEX,
    "gemini": GEMINI,
    "crush": CRUSH,
    "zed": ZED,
    "vscode-copilot": COPILOT,
    "amp": AMP,
}


def shapes(text, place):
    """The content as it is, and in other bytes, each text in another way."""
    others = (
        ("CRLF", text.replace("\n", "\r\n").encode()),
        ("byte order mark", b"\xef\xbb\xbf" + text.encode()),
        ("no last newline", text.rstrip("\n").encode()),
    )
    yield "as it is", text.encode()
    yield others[place % 3]


CASES = [
    Case(client, f"{client}: {name}, {shape}", data)
    for client, bases in BASES.items()
    for place, (name, text) in enumerate(bases.items())
    for shape, data in shapes(text, place)
]

MALFORMED = [
    ("claude", '{"mcpServers": {', 1),
    ("claude", '{\n  "a": 1,\n}\n', 3),
    ("claude", '{\n  // no\n  "a": 1\n}\n', 2),
    ("claude", "{'a': 1}\n", 1),
    ("claude", '{"a": 1} {"b": 2}\n', 1),
    ("claude-desktop", '{\n  "mcpServers": {},\n}\n', 3),
    ("opencode", '{\n  "mcp": {\n    "a": \n  }\n}\n', 4),
    ("opencode", '{\n  /* open\n  "a": 1\n}\n', 2),
    ("cursor", '{\n  "mcpServers": [\n}\n', 3),
    ("gemini", '{\n  "mcpServers": {"a"}\n}\n', 2),
    ("crush", '{\n  "mcp": }\n', 2),
    ("vscode-copilot", '{\n\t"servers": {,}\n}\n', 2),
    ("amp", "{\n  amp.mcpServers: {}\n}\n", 2),
    ("zed", '// Zed\n{\n  "a": 1\n  "b": 2\n}\n', 4),
    ("goose", "a: [1, 2\nb: 3\n", 2),
    ("goose", "a:\n\t- b\n", 2),
    ("goose", "a: 1\n---\nb: 2\n", 2),
    ("goose", "a: 1\na: 2\n", 2),
    ("goose", "a: *nowhere\n", 1),
    ("codex", "a = 1\na = 2\n", 2),
    ("codex", "[a]\nb = \n", 2),
    ("codex", "[a]\nx = 1\n\n[a]\ny = 2\n", 4),
    ("codex", b"a = '\xff'\n", 1),
]
"""Client, a file of it that does not parse, and the line that is wrong."""
