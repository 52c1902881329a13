"""Where in a TOML text each key stands: tomllib gives values without places, and an error needs the line."""

import tomllib
from collections.abc import Iterator

Path = tuple[str, ...]

_SPACE = " \t\r\n"


def key_lines(text: str) -> dict[Path, int]:
    """The line, from 1, on which each key and table of ``text`` is first written.

    ``text`` must parse. In an array of tables the entries share one path, without numbers.
    """
    found: dict[Path, int] = {}
    scan = _Scan(text)
    for path, at in scan.document():
        for length in range(1, len(path) + 1):
            found.setdefault(path[:length], scan.line(at))
    # A table's line is its header's where it has one, also when a key of a table inside it was written before.
    found |= {path: scan.line(at) for path, at in reversed(scan.headers)}
    return found


class _Scan:
    """A walk over a text that is known to be TOML, so only what separates one thing from the next is looked at."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.headers: list[tuple[Path, int]] = []

    def line(self, at: int) -> int:
        return self.text.count("\n", 0, at) + 1

    def document(self) -> Iterator[tuple[Path, int]]:
        table: Path = ()
        while self.skip_blank():
            start = self.at
            if self.text[self.at] == "[":
                self.at += 1 + self.text.startswith("[[", self.at)
                table = self.key()
                self.headers.append((table, start))
                self.at = self.end_of_line()
                yield table, start
            else:
                yield from self.pair(table)

    def pair(self, table: Path) -> Iterator[tuple[Path, int]]:
        """``key = value`` and what the value holds."""
        start = self.at
        path = table + self.key()
        yield path, start
        self.at = self.text.index("=", self.at) + 1
        yield from self.value(path)

    def value(self, path: Path) -> Iterator[tuple[Path, int]]:
        self.skip_blank()
        match self.text[self.at]:
            case '"' | "'":
                self.string()
            case "{":
                yield from self.bracketed(path, "}")
            case "[":
                yield from self.bracketed(path, "]")
            case _:
                while self.at < len(self.text) and self.text[self.at] not in ",]}#\n":
                    self.at += 1

    def bracketed(self, path: Path, end: str) -> Iterator[tuple[Path, int]]:
        """An inline table's pairs or an array's values, up to and with ``end``."""
        self.at += 1
        while self.skip_blank(","):
            if self.text[self.at] == end:
                self.at += 1
                return
            yield from self.pair(path) if end == "}" else self.value(path)

    def key(self) -> Path:
        """A dotted key, its parts without their quotes."""
        parts: list[str] = []
        while True:
            self.skip_blank()
            start = self.at
            if self.text[start] in "\"'":
                self.string()
                parts.append(_unquoted(self.text[start : self.at]))
            else:
                while self.text[self.at] not in ".=] \t":
                    self.at += 1
                parts.append(self.text[start : self.at])
            self.skip_blank()
            if self.text[self.at] != ".":
                return tuple(parts)
            self.at += 1

    def string(self) -> None:
        """Step over a string of any of the four kinds."""
        quote = self.text[self.at]
        mark = quote * 3 if self.text.startswith(quote * 3, self.at) else quote
        self.at += len(mark)
        while not self.text.startswith(mark, self.at):
            self.at += 2 if quote == '"' and self.text[self.at] == "\\" else 1
        self.at += len(mark)
        if len(mark) == 3:  # up to two more quotes belong to the text itself
            while self.text.startswith(quote, self.at):
                self.at += 1

    def skip_blank(self, more: str = "") -> bool:
        """Step over space, comments and ``more``; whether anything is left."""
        while self.at < len(self.text):
            if self.text[self.at] == "#":
                self.at = self.end_of_line()
            elif self.text[self.at] in _SPACE + more:
                self.at += 1
            else:
                return True
        return False

    def end_of_line(self) -> int:
        end = self.text.find("\n", self.at)
        return len(self.text) if end < 0 else end


def _unquoted(key: str) -> str:
    (name,) = tomllib.loads(f"{key} = 0")
    return name
