"""One settings file as a layer: every key known, each with its line."""

from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

from llmx.core.settings.documents import decode, parse, read_bytes
from llmx.core.settings.keys import BY_NAME, TABLES, Setting
from llmx.core.settings.kinds import read_value
from llmx.core.settings.lines import Path, key_lines
from llmx.core.settings.sources import SECTIONS, Source, dotted, fault, near_key
from llmx.errors import ConfigError

Report = Callable[[ConfigError], None]


class Entry(NamedTuple):
    """One key as a file writes it."""

    setting: Setting
    written: object
    source: Source

    @property
    def name(self) -> str:
        return self.setting.name

    def read(self) -> object:
        """What was written, as the setting's own value; raises ``ConfigError``."""
        try:
            return read_value(self.setting, self.written)
        except ValueError as error:
            raise _misfit(self, str(error)) from None


class Layer(NamedTuple):
    """All that one file says."""

    name: str
    file: str
    entries: tuple[Entry, ...]


def read_layer(name: str, file: str) -> Layer:
    """The layer of a file that exists; raises ``ConfigError``."""
    return parse_layer(name, file, read_bytes(file))


def parse_layer(name: str, file: str, data: bytes) -> Layer:
    """The layer that the bytes of ``file`` spell; raises ``ConfigError`` for what is no TOML and for unknown keys."""
    return Layer(name, file, tuple(_entries_in(name, file, data, _refuse)))


def entries_of(name: str, file: str, report: Report) -> list[Entry]:
    """The keys of a file that exists; what it should not have is reported, and what is no TOML raises."""
    return list(_entries_in(name, file, read_bytes(file), report))


def _refuse(error: ConfigError) -> None:
    raise error


def _entries_in(name: str, file: str, data: bytes, report: Report) -> Iterator[Entry]:
    text = decode(file, data)
    document = parse(file, text)
    if name == "profile":
        document.pop("description", None)
    lines = key_lines(text)
    return _entries(document, lambda path: Source(name, file, lines.get(path, 0)), report)


def _entries(
    document: Mapping[str, object], source: Callable[[Path], Source], report: Report, above: Path = ()
) -> Iterator[Entry]:
    for name, value in document.items():
        path = (*above, name)
        if not above and name in TABLES:
            continue
        if path in _SETTINGS:
            yield Entry(_SETTINGS[path], value, source(path))
        elif path not in _SECTIONS:
            report(_unknown(path, source(path)))
        elif isinstance(value, dict):
            yield from _entries(value, source, report, path)
        else:
            example = next(key for key in BY_NAME if key.startswith(dotted(path) + "."))
            message = f"{dotted(path)} is a section, not a value"
            report(fault(source(path), dotted(path), message, f"did you mean a key in it, such as {example}?"))


def _unknown(path: Path, source: Source) -> ConfigError:
    near = near_key(".".join(path))
    hint = f"did you mean {near}?" if near else "llmx config show lists the keys"
    return fault(source, dotted(path), f"unknown key {dotted(path)}", hint)


def _misfit(entry: Entry, reason: str) -> ConfigError:
    """The error for a value that does not fit; what stands where a reference belongs may be the secret itself."""
    if entry.setting.kind == "reference":
        hint = "llmx keys add keeps the key itself, outside of every settings file"
        return fault(entry.source, entry.name, f"{entry.name} (value not shown): {reason}", hint)
    return fault(entry.source, entry.name, f"{entry.name} = {_brief(entry.written)}: {reason}")


def _brief(value: object) -> str:
    written = str(value).lower() if isinstance(value, bool) else repr(value)
    return written if len(written) <= 80 else f"{written[:77]}..."


_SETTINGS = {tuple(name.split(".")): setting for name, setting in BY_NAME.items()}
_SECTIONS = {tuple(name.split(".")) for name in SECTIONS}
