"""Change the user's own settings file, never into one that llmx could not read; `llmx undo` takes it back."""

from pathlib import Path

from llmx.core.edits import Change, Operation, Set, Unset, edit
from llmx.core.edits.journal import Journal, Replacement
from llmx.core.edits.places import content, target
from llmx.core.edits.transaction import commit
from llmx.core.settings.keys import Setting
from llmx.core.settings.kinds import read_text
from llmx.core.settings.layers import Layer, parse_layer
from llmx.core.settings.sources import shown
from llmx.errors import UsageError


def set_key(file: str, setting: Setting, text: str) -> None:
    """Write one key; times and sizes stay as they were typed. Raises ``LlmxError`` and then writes nothing."""
    try:
        value = read_text(setting, text)
    except ValueError as error:
        raise _refused(setting, text, str(error)) from None
    check(file, text_of(file) or b"", changed=setting)
    _change(file, setting, Set(tuple(setting.name.split(".")), _as_written(setting, text, value)), "set")


def unset_key(file: str, setting: Setting) -> bool:
    """Take one key out; whether it stood there."""
    layer = check(file, text_of(file) or b"", changed=setting)
    if all(entry.setting is not setting for entry in layer.entries):
        return False
    _change(file, setting, Unset(tuple(setting.name.split("."))), "unset")
    return True


def check(file: str, data: bytes, changed: Setting | None = None) -> Layer:
    """What ``data`` means as ``file``, every value read but the one to be ``changed``; raises ``ConfigError``."""
    layer = parse_layer("user", file, data)
    for entry in layer.entries:
        if changed is None or entry.setting is not changed:
            entry.read()
    return layer


def text_of(file: str) -> bytes | None:
    """The bytes of the file, or ``None`` where there is none; raises ``ConfigError``."""
    return content(target(Path(file)))


def start(file: str, text: str, *, force: bool) -> bool:
    """Make the file with ``text``; whether that replaced one, which it only does with ``force``."""
    before = text_of(file)
    if before is not None and not force:
        raise UsageError(f"{shown(file)} exists", hint="llmx config edit changes it; --force starts it anew")
    replace(file, before, text.encode(), "llmx config init")
    return before is not None


def replace(file: str, before: bytes | None, after: bytes, title: str) -> None:
    """Put ``after`` in the place of ``before``; raises ``ConfigError`` if that is no longer what stands there."""
    commit(Journal.of_user(), (Replacement(target(Path(file)), before, after),), title=title)


def _change(file: str, setting: Setting, operation: Operation, verb: str) -> None:
    edit([Change(Path(file), [operation])], title=f"llmx config {verb} {setting.name}")


def _as_written(setting: Setting, text: str, value: object) -> object:
    if setting.kind in ("duration", "size"):
        return int(text) if text.strip().isdigit() else text.strip()
    return list(value) if isinstance(value, tuple) else value


def _refused(setting: Setting, text: str, reason: str) -> UsageError:
    if setting.kind == "reference":
        hint = "llmx keys add keeps the key itself, outside of every settings file"
        return UsageError(f"{setting.name} (value not shown): {reason}", hint=hint)
    return UsageError(f"{setting.name} = {text!r}: {reason}")
