"""The options of the attribute set ``llm``: what each is in llmx's settings file, or why it is nothing there."""

from typing import Any

from llmx.core.edits.values import KeyPath

SAME: dict[str, KeyPath] = {
    "agentsMd.enabled": ("agents_md", "enabled"),
    "agentsMd.autoUpdate": ("agents_md", "auto_update"),
    "execution.nixShell.enabled": ("exec", "nix_shell", "enabled"),
    "execution.nixShell.autoDeps": ("exec", "nix_shell", "auto_deps"),
    "execution.nixShell.sandbox": ("exec", "nix_shell", "sandbox"),
    "execution.terminal.wezterm.enabled": ("exec", "wezterm", "enabled"),
    "execution.terminal.wezterm.newWindow": ("exec", "wezterm", "new_window"),
    "execution.terminal.wezterm.monitor": ("exec", "wezterm", "monitor"),
    "execution.isolation.enabled": ("exec", "isolation", "enabled"),
    "execution.isolation.monitoring": ("exec", "isolation", "monitoring"),
    "execution.isolation.timeout": ("exec", "isolation", "timeout"),
    "claude.mcp.aws.region": ("mcp", "aws", "region"),
    "goose.provider": ("clients", "goose", "active_provider"),
    "goose.leadModel": ("clients", "goose", "GOOSE_LEAD_MODEL"),
    "goose.alphaFeatures": ("clients", "goose", "ALPHA_FEATURES"),
    "goose.mode": ("clients", "goose", "GOOSE_MODE"),
    "opencode.theme": ("clients", "opencode", "theme"),
    "opencode.autoupdate": ("clients", "opencode", "autoupdate"),
    "opencode.share": ("clients", "opencode", "share"),
    "cursor.vimMode": ("clients", "cursor", "editor", "vimMode"),
}
"""Options whose value is the same in both."""

OTHERS = {
    "goose.model": "clients.goose.providers.PROVIDER.model",
    "claude.mcp.aws.enabled": "mcp.servers.NAME.enabled, of the servers of AWS",
    "claude.mcp.additionalServers": "mcp.servers",
    "mcp.servers": "mcp.servers",
    "mcp.additionalServers": "mcp.additional_servers",
    "cursor.permissions.shell.allowed": "permissions.clients.cursor.allow",
    "cursor.permissions.kubectl.allowed": "permissions.clients.cursor.allow, behind kubectl",
    "settings": "llmx's own keys, as they are",
}
"""Options that are put together from several, or have another shape."""

NOTHING = {
    f"{client}.enabled": f"whoever types `llmx client apply {client}` says so"
    for client in ("claude", "goose", "opencode", "cursor")
}
"""Options that llmx has nothing for, and why."""

AWS = ("aws-api", "terraform", "eks", "cloudtrail")
SERVER = ("command", "args", "env", "cwd", "url", "headers", "enabled", "timeout")
"""Keys of a server that are the same in both."""
PROVIDER: dict[str, Any] = {"enabled": True, "configured": True}
"""What a provider of Goose is beside its model."""


def options() -> dict[str, str]:
    """Every option, and what it is in llmx's settings file; empty for nothing."""
    return {**{name: ".".join(map(str, path)) for name, path in SAME.items()}, **OTHERS, **dict.fromkeys(NOTHING, "")}
