"""Read git's configuration format with the place of every variable, and put single variables back byte for byte.

The grammar is that of git-config(1); whatever git reads in a way that is not plainly documented is refused here.
"""

from collections.abc import Callable
from typing import NamedTuple

NAME_FIRST = frozenset(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")
NAME_REST = NAME_FIRST | frozenset(b"0123456789-")
SPACE = frozenset(b" \t\r\n")
NEWLINE, END = 10, -1
ESCAPES = {ord("t"): b"\t", ord("b"): b"\b", ord("n"): b"\n", ord("\\"): b"\\", ord('"'): b'"'}
BYTE_ORDER_MARK = b"\xef\xbb\xbf"


class GitConfigError(ValueError):
    """The text is not a configuration that git would read."""


class Variable(NamedTuple):
    """``key``: section and name in lower case, the subsection as written; ``raw``: all behind the name; ``start`` to
    ``end``: its whole lines; ``header``: the line that opens its section. ``value``: what git makes of it, None for a
    name alone."""

    key: bytes
    value: bytes | None
    raw: bytes
    start: int
    end: int
    header: bytes


class _Reader:
    """The text byte by byte, CR LF as one newline."""

    def __init__(self, text: bytes) -> None:
        self.text = text
        self.at = len(BYTE_ORDER_MARK) if text.startswith(BYTE_ORDER_MARK) else 0

    def take(self) -> int:
        """The next byte; ``END`` behind the last."""
        if self.at >= len(self.text):
            return END
        byte = self.text[self.at]
        if byte == 13 and self.text[self.at + 1 : self.at + 2] == b"\n":
            self.at += 1
            byte = NEWLINE
        self.at += 1
        return byte

    def skip_line(self) -> None:
        while self.take() not in (NEWLINE, END):
            pass


def parse(text: bytes) -> list[Variable]:
    """All variables in the order of ``text``; raises ``GitConfigError``."""
    if b"\0" in text:
        raise GitConfigError("a NUL byte")
    reader, found = _Reader(text), []
    section, header = b"", b""
    while (byte := reader.take()) != END:
        if byte in SPACE:
            continue
        if byte in b"#;":
            reader.skip_line()
        elif byte == ord("["):
            start = reader.at - 1
            section = _section(reader)
            header = text[start : reader.at]
        elif byte in NAME_FIRST and section:
            found.append(_variable(reader, section, header))
        else:
            raise GitConfigError(f"byte {reader.at}")
    return found


def _section(reader: _Reader) -> bytes:
    name = bytearray()
    while (byte := reader.take()) != ord("]"):
        if byte in (ord(" "), ord("\t")) and name:
            return bytes(name).lower() + b"." + _subsection(reader)
        if byte not in NAME_REST and byte != ord("."):
            raise GitConfigError(f"a section's name, byte {reader.at}")
        name.append(byte)
    if not name:
        raise GitConfigError(f"a section without a name, byte {reader.at}")
    return bytes(name).lower()


def _subsection(reader: _Reader) -> bytes:
    while (byte := reader.take()) in (ord(" "), ord("\t")):
        pass
    if byte != ord('"'):
        raise GitConfigError(f"a subsection, byte {reader.at}")
    name = bytearray()
    while (byte := reader.take()) != ord('"'):
        if byte == ord("\\"):
            byte = reader.take()
        if byte in (NEWLINE, END):
            raise GitConfigError(f"a subsection, byte {reader.at}")
        name.append(byte)
    if reader.take() != ord("]"):
        raise GitConfigError(f"behind a subsection, byte {reader.at}")
    return bytes(name)


def _variable(reader: _Reader, section: bytes, header: bytes) -> Variable:
    text, first = reader.text, reader.at - 1
    name = bytearray(text[first : first + 1])
    while (byte := reader.take()) in NAME_REST:
        name.append(byte)
    behind = first + len(name)
    while byte in (ord(" "), ord("\t")):
        byte = reader.take()
    value = None
    if byte not in (NEWLINE, END):
        if byte != ord("="):
            raise GitConfigError(f"behind a name, byte {reader.at}")
        value = _value(reader)
    line = text.rfind(b"\n", 0, first) + 1
    start = line if not text[line:first].strip(b" \t") else first
    key = section + b"." + bytes(name).lower()
    return Variable(key, value, text[behind : reader.at].rstrip(b"\r\n"), start, reader.at, header)


def _value(reader: _Reader) -> bytes:
    value, spaces, quoted = bytearray(), bytearray(), False
    while True:
        byte = reader.take()
        if byte in (NEWLINE, END):
            if quoted:
                raise GitConfigError(f"an open quote, byte {reader.at}")
            return bytes(value)
        if byte in SPACE and not quoted:
            if value:
                spaces.append(byte)
            continue
        if byte in b"#;" and not quoted:
            reader.skip_line()
            return bytes(value)
        value += spaces
        spaces.clear()
        if byte == ord('"'):
            quoted = not quoted
        elif byte == ord("\\"):
            value += _escape(reader)
        else:
            value.append(byte)


def _escape(reader: _Reader) -> bytes:
    byte = reader.take()
    if byte == NEWLINE:
        return b""
    if byte not in ESCAPES:
        raise GitConfigError(f"an escape, byte {reader.at}")
    return ESCAPES[byte]


Choice = Callable[[bytes, bytes | None], bool]
"""Whether a key with a value is to be as it was."""


def chosen(variables: list[Variable], choice: Choice) -> dict[bytes, list[bytes]]:
    """The raw values of each chosen key, in order."""
    found: dict[bytes, list[bytes]] = {}
    for variable in variables:
        if choice(variable.key, variable.value):
            found.setdefault(variable.key, []).append(variable.raw)
    return found


def differing(before: bytes, after: bytes, choice: Choice) -> list[bytes] | None:
    """The chosen keys whose values are not what they were, sorted; None when one of the texts cannot be read."""
    try:
        old, new = chosen(parse(before), choice), chosen(parse(after), choice)
    except GitConfigError:
        return None
    return sorted(key for key in old.keys() | new.keys() if old.get(key) != new.get(key))


def restored(before: bytes, after: bytes, choice: Choice) -> bytes:
    """``after`` with the chosen variables of ``before``, all else as it is; ``before`` where that cannot be had."""
    try:
        old, new = parse(before), parse(after)
        text = _with_old(after, old, new, choice)
        result = parse(text)
    except GitConfigError:
        return before
    is_as_before = chosen(result, choice) == chosen(old, choice)
    rest, wanted = (
        [(variable.key, variable.raw) for variable in variables if not choice(variable.key, variable.value)]
        for variables in (result, new)
    )
    return text if is_as_before and rest == wanted else before


def _with_old(text: bytes, old: list[Variable], new: list[Variable], choice: Choice) -> bytes:
    was, now = chosen(old, choice), chosen(new, choice)
    differ = {key for key in was.keys() | now.keys() if was.get(key) != now.get(key)}
    pieces, at, added = [], 0, b""
    left = {key: iter(_lines(old, key, choice)) for key in differ}
    for variable in new:
        if variable.key in differ and choice(variable.key, variable.value):
            pieces += [text[at : variable.start], next(left[variable.key], b"")]
            at = variable.end
    pieces.append(text[at:])
    for key in sorted(differ):
        added += b"".join(_header(old, key) + line for line in left[key])
    kept = b"".join(pieces)
    return kept + (b"\n" if added and kept and not kept.endswith(b"\n") else b"") + added


def _lines(variables: list[Variable], key: bytes, choice: Choice) -> list[bytes]:
    """The lines that set the chosen ``key``, one text for each time."""
    name = key.rpartition(b".")[2]
    return [b"\t" + name + one.raw + b"\n" for one in variables if one.key == key and choice(key, one.value)]


def _header(variables: list[Variable], key: bytes) -> bytes:
    return next(one.header for one in variables if one.key == key) + b"\n"


def assignments(text: bytes, choice: Choice) -> list[bytes]:
    """The chosen variables as ``key`` and raw value in one; none where the text cannot be read."""
    try:
        return [one.key + b"\0" + one.raw for one in parse(text) if choice(one.key, one.value)]
    except GitConfigError:
        return []
