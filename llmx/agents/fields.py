"""What a record of an agent holds, declared once: files, the command line and imports read this table."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from urllib.parse import urlsplit

from llmx.core.backends.endpoints import is_known, unknown
from llmx.core.settings.keys import Setting
from llmx.core.settings.kinds import read_text, read_value
from llmx.errors import ConfigError, UsageError, nearest

FIELDS = (
    Setting("name", "string", None, "What people call it; at most 128 characters."),
    Setting("description", "string", None, "What it is for."),
    Setting("provider", "string", None, "Who answers: a backend or an endpoint."),
    Setting("endpoint", "string", None, "The base URL in place of the provider's own."),
    Setting("model", "string", None, "Which of the provider's models."),
    Setting("api_key", "reference", None, "Where the key is kept: env:NAME, file:PATH or keyring:NAME."),
    Setting("timeout", "duration", 30.0, "How long an answer may take.", least=1, most=86400),
    Setting("temperature", "number", 0.7, "Sampling temperature.", least=0, most=2),
    Setting("top_p", "number", None, "Nucleus sampling.", least=0, most=1),
    Setting("max_tokens", "int", None, "Tokens an answer may have.", least=1),
    Setting("system", "string", None, "The system prompt."),
    Setting("tools", "list", (), "The tools it may use."),
    Setting("is_default", "bool", False, "Whether it stands in where no other agent does; exactly one agent is."),
    Setting("is_active", "bool", True, "Whether it may be used."),
)
BY_NAME = {field.name: field for field in FIELDS}
TIMES = ("created_at", "updated_at")

LONGEST = {"name": 128, "provider": 32, "endpoint": 256, "model": 256}
"""Characters that a text may have."""

ALIASES = {"backend": "provider", "api_base": "endpoint", "system_prompt": "system", "api_key_ref": "api_key"}
ALIASES |= {"default": "is_default", "active": "is_active"}
"""Names of the same fields elsewhere; one that begins with ``llm_`` is read without it."""


def check_id(agent_id: str) -> str:
    """``agent_id`` itself; raises ``UsageError`` for one that is no slug."""
    if not re.fullmatch(r"[a-z0-9-]{1,64}", agent_id):
        hint = "lower-case letters, digits and dashes, at most 64 of them, such as code-assistant"
        raise UsageError(f"{agent_id!r} cannot be an agent's id", hint=hint)
    return agent_id


def field_named(word: str) -> Setting:
    """The field called ``word``; raises ``UsageError`` with the nearest."""
    bare = word.removeprefix("llm_")
    name = ALIASES.get(bare, bare)
    if name in BY_NAME:
        return BY_NAME[name]
    near = nearest(word, [*BY_NAME, *ALIASES])
    hint = f"did you mean {near}?" if near else f"the fields are {', '.join(BY_NAME)}"
    raise UsageError(f"an agent has no field {word!r}", hint=hint)


def from_text(word: str, text: str) -> tuple[str, object]:
    """The field and the value that ``word=text`` of a command line means; an empty text unsets."""
    field = field_named(word)
    if not text:
        return field.name, None
    try:
        value = read_text(field, text)
        check_value(field.name, value)
    except ValueError as error:
        raise _refused(field, text, str(error)) from None
    return field.name, value


def from_file(values: Mapping[str, object], where: str) -> dict[str, object]:
    """The fields in the document of the file ``where``, times included; raises ``ConfigError``."""
    found: dict[str, object] = {}
    for name, written in values.items():
        if name not in BY_NAME and name not in TIMES:
            near = nearest(name, [*BY_NAME, *TIMES])
            raise ConfigError(
                f"{where}: an agent has no field {name!r}",
                key=name,
                source=where,
                hint=f"did you mean {near}?" if near else f"the fields are {', '.join(BY_NAME)}",
            )
        try:
            found[name] = _time(written) if name in TIMES else _value(BY_NAME[name], written)
        except (ValueError, UsageError) as error:
            said = "" if name == "api_key" else f" = {written!r}"
            raise ConfigError(
                f"{where}: {name}{said}: {error}", key=name, source=where, hint=getattr(error, "hint", None)
            ) from None
    return found


def check_value(name: str, value: object) -> None:
    """Raise ``ValueError``, or ``UsageError`` for an unknown provider, where ``value`` cannot be the field's."""
    if not isinstance(value, str):
        return
    if len(value) > LONGEST.get(name, 1 << 20):
        raise ValueError(f"it has {len(value)} characters, and may have {LONGEST[name]}")
    if name == "provider" and not is_known(value):
        raise unknown(value)
    if name == "endpoint":
        _check_url(value)
    if name == "model" and (not value.isprintable() or " " in value or not value):
        raise ValueError("it must be a model's name, without blanks")


def _value(field: Setting, written: object) -> object:
    value = read_value(field, written)
    check_value(field.name, value)
    return value


def _check_url(text: str) -> None:
    url = urlsplit(text)
    if url.scheme not in ("http", "https") or not url.hostname:
        raise ValueError("it must be a URL that begins with http:// or https://")
    if url.password:
        raise ValueError("a URL cannot hold a password; api_key says where the key is kept")


def _time(written: object) -> datetime:
    value = datetime.fromisoformat(written) if isinstance(written, str) else written
    if not isinstance(value, datetime):
        raise ValueError("it must be a time")
    return value if value.tzinfo else value.replace(tzinfo=UTC)


def _refused(field: Setting, text: str, reason: str) -> UsageError:
    if field.kind == "reference":
        hint = "put the key in a variable or a file and name that: api_key=env:OPENAI_API_KEY"
        return UsageError(f"{field.name} (value not shown): {reason}", hint=hint)
    return UsageError(f"{field.name}={text!r}: {reason}")
