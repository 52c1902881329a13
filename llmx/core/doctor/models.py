"""Checks of what answers for a model, of the keys for it, and of what starts MCP servers."""

import http.client
import json
import os
import shlex
import shutil
from collections.abc import Mapping
from urllib.parse import urlsplit

from llmx.core.doctor import Finding
from llmx.core.settings import active
from llmx.errors import ConfigError

WAIT_S = 0.4
LOCAL = ("127.0.0.1", "localhost", "0.0.0.0", "::1", "")
KEYS = ("OPENAI_API_KEY", "ANTHROPIC_API_KEY", "HF_TOKEN", "LLM_API_KEY", "AUTOBOT_LLM_API_KEY")
LAUNCHERS = ("npx", "uvx", "node", "docker", "podman")


def ollama(env: Mapping[str, str]) -> list[Finding]:
    """Whether an Ollama answers on this machine; no other machine is asked."""
    given = env.get("OLLAMA_HOST", "")
    url = urlsplit(given if "//" in given else f"//{given}")
    if (url.hostname or "") not in LOCAL:
        return [Finding("ok", f"OLLAMA_HOST names another machine, {url.hostname}, which is not asked")]
    try:
        port = url.port or 11434
    except ValueError:
        return [Finding("warn", f"OLLAMA_HOST={given!r} has no port number", "no Ollama is found", "unset OLLAMA_HOST")]
    version = _version_of_ollama(port)
    if version:
        return [Finding("ok", f"Ollama {version} answers on 127.0.0.1:{port}")]
    if shutil.which("ollama", path=env.get("PATH")):
        meaning = "its models cannot be used before it runs"
        return [Finding("warn", f"Ollama is installed and does not answer on port {port}", meaning, "ollama serve")]
    return [Finding("ok", f"no Ollama on 127.0.0.1:{port} (optional)")]


def _version_of_ollama(port: int) -> str:
    """What it says its version is, or nothing where none answers in time."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=WAIT_S)
    try:
        connection.request("GET", "/api/version")
        return str(json.loads(connection.getresponse().read(1000))["version"])[:40]
    except (OSError, http.client.HTTPException, ValueError, KeyError, TypeError):
        return ""
    finally:
        connection.close()


def keys(env: Mapping[str, str]) -> list[Finding]:
    """Which variables hold a key, by name only, and whether the configured one can be had."""
    names = [name for name in KEYS if env.get(name)]
    found = f"in the environment: {', '.join(names)}" if names else "none in the environment (needed for hosted models)"
    return [Finding("ok", found), *_configured(env)]


def _configured(env: Mapping[str, str]) -> list[Finding]:
    try:
        reference = str(active(env, os.getcwd())["llm.api_key"] or "")
    except ConfigError:  # the check of the settings says so
        return []
    kind, _, name = reference.partition(":")
    meaning = "llm.api_key points there, so calls to that model will be refused"
    if kind == "env" and not env.get(name):
        return [Finding("warn", f"the variable {name} is not set", meaning, f"export {name}=…")]
    if kind == "file":
        return [_key_file(os.path.expanduser(name), meaning)]
    return []


def _key_file(path: str, meaning: str) -> Finding:
    if not os.access(path, os.R_OK):
        return Finding("warn", f"{path} cannot be read", meaning, "llmx config edit")
    if os.stat(path).st_mode & 0o077:
        return Finding("warn", f"{path} holds a key that others can read", "others may use it", f"chmod 600 {_q(path)}")
    return Finding("ok", f"in {path}")


def _q(path: str) -> str:
    return shlex.quote(path)


def mcp(env: Mapping[str, str]) -> list[Finding]:
    """Whether the programs that most MCP servers are started with are there."""
    there = [name for name in LAUNCHERS if shutil.which(name, path=env.get("PATH"))]
    if there:
        return [Finding("ok", f"{', '.join(there)} can start servers")]
    return [Finding("ok", f"none of {', '.join(LAUNCHERS)}; llmx itself starts no server yet")]
