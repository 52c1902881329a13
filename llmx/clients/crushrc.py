"""Crush's ``crushrc``: an entry as the commands that make it, and servers read from such commands."""

import re
import shlex
from collections.abc import Iterable, Mapping
from typing import Any

from llmx.clients.protocol import Entry
from llmx.core.edits.values import Value
from llmx.core.source.tables import REFERENCE

PROVIDER = "llmx"
ONE_EACH = {"args": "--args", "filetypes": "--filetypes"}
PAIRS = {"env": "--env", "headers": "--header"}
FLAGS = {"type", "command", "url", "timeout", "disabled"}


def commands(entry: Entry) -> list[Entry]:
    """The block that says what an entry of the JSON file would."""
    kind, name = (str(part) for part in entry.path)
    block = f"{kind}.{name}"
    if kind == "hooks":
        words = _options(entry.value)
        return [entry._replace(path=("hook.llm-exec",), value=_line("hook", "add", name, *words), is_member=False)]
    if kind == "models":
        return [entry._replace(path=(block,), value=_line("model", name, f"{PROVIDER}/{entry.value['model']}"))]
    if kind == "providers":
        return [entry._replace(path=(block,), value=_provider(name, entry.value))]
    return [entry._replace(path=(block,), value=_line(kind, "add", name, *_options(entry.value)))]


def quoted(text: str) -> str:
    """A word of Bash: references are filled in, all else stands as it is."""
    parts = REFERENCE.split(text)
    words = [f'"${{{part}}}"' if at % 2 else shlex.quote(part) if part else "" for at, part in enumerate(parts)]
    return "".join(words) or "''"


def servers_in(script: str) -> dict[str, dict[str, Any]]:
    """The servers of ``mcp add`` in plain words, in the JSON file's shape; what logic makes of them is not seen."""
    found: dict[str, dict[str, Any]] = {}
    for line in re.sub(r"\\\n", " ", script).splitlines():
        try:
            words = shlex.split(line, comments=True)
        except ValueError:
            continue
        if words[:2] == ["mcp", "add"] and len(words) > 2:
            found[words[2]] = _shape(words[3:])
        elif words[:2] in (["mcp", "remove"], ["mcp", "rm"]) and len(words) > 2:
            found.pop(words[2], None)
    return found


def _shape(words: list[str]) -> dict[str, Any]:
    """The options of one server."""
    entry: dict[str, Any] = {}
    rest = iter(words)
    for word in rest:
        key = word.removeprefix("--")
        if word == "--args":
            entry.setdefault("args", []).append(next(rest, ""))
        elif word in PAIRS.values():
            table = next(key for key, flag in PAIRS.items() if flag == word)
            name = next(rest, "")
            entry.setdefault(table, {})[name] = next(rest, "")
        elif key in FLAGS:
            entry[key] = _value(key, next(rest, ""))
    return entry


def _value(key: str, text: str) -> Value:
    if key == "disabled":
        return text.lower() in ("true", "1", "yes")
    return int(text) if key == "timeout" and text.isdigit() else text


def _options(value: Mapping[str, Any]) -> Iterable[str]:
    """The words for the items of an entry."""
    for key, item in value.items():
        if key in ONE_EACH:
            yield from (word for one in item for word in (ONE_EACH[key], one))
        elif key in PAIRS:
            yield from (word for pair in item.items() for word in (PAIRS[key], *pair))
        else:
            yield from (f"--{key.replace('_', '-')}", str(item).lower() if isinstance(item, bool) else str(item))


def _provider(name: str, provider: Mapping[str, Any]) -> str:
    """A provider and its models, a line each; the key is filled in from its variable."""
    key = {"api_key": f"${{{provider['api_key'][1:]}}}"} if "api_key" in provider else {}
    facts = {k: provider[k] for k in ("name", "type", "base_url")} | key
    lines = [_line("provider", "add", name, *_options(facts))]
    for model in provider["models"]:
        sizes = {k: model[k] for k in ("name", "context_window", "default_max_tokens")}
        lines.append(_line("model", "add", f"{name}/{model['id']}", *_options(sizes)))
    return "\n".join(lines)


def _line(*words: str) -> str:
    return " ".join(map(quoted, words))
