"""Between a file's bytes and the text that is edited: byte order mark and line ends stay as they were.

The formats only ever see ``\\n``. Where a file mixes line ends, each line keeps its own through an edit.
"""

import codecs
import difflib
from dataclasses import dataclass

from llmx.core.edits.formats import ParseError


@dataclass(frozen=True)
class Text:
    """A file's text with ``\\n`` ends, and what it takes to turn it back into its bytes."""

    text: str
    bom: bool = False
    ends: tuple[str, ...] = ()
    """The end of every line, in order; the last line has none."""

    @property
    def newline(self) -> str:
        """The end that new lines get: the file's most common one."""
        return "\r\n" if self.ends.count("\r\n") > self.ends.count("\n") else "\n"

    def encode(self) -> bytes:
        """The bytes of the file."""
        lines = self.text.split("\n")
        joined = "".join(line + end for line, end in zip(lines, (*self.ends, ""), strict=True))
        return (codecs.BOM_UTF8 if self.bom else b"") + joined.encode()

    def replaced(self, text: str) -> "Text":
        """The same file with other text: lines that stay keep their ends."""
        old, new = self.text.split("\n"), text.split("\n")
        if len(set(self.ends)) <= 1:
            return Text(text, self.bom, (self.newline,) * (len(new) - 1))
        ends = [self.newline] * (len(new) - 1)
        for a, b, size in _kept(old, new):
            for offset in range(size):
                if a + offset < len(self.ends) and b + offset < len(ends):
                    ends[b + offset] = self.ends[a + offset]
        return Text(text, self.bom, tuple(ends))


def decode(data: bytes) -> Text:
    """The text in ``data``; raises ``ParseError`` where it is not UTF-8."""
    bom = data.startswith(codecs.BOM_UTF8)
    try:
        raw = data[len(codecs.BOM_UTF8) if bom else 0 :].decode()
    except UnicodeDecodeError as error:
        before = error.object[: error.start].decode()
        raise ParseError.at("not UTF-8 text", before, len(before)) from None
    lines = raw.split("\n")
    ends = tuple("\r\n" if line.endswith("\r") else "\n" for line in lines[:-1])
    text = "\n".join([line.removesuffix("\r") for line in lines[:-1]] + lines[-1:])
    return Text(text, bom, ends)


def _kept(old: list[str], new: list[str]) -> list[tuple[int, int, int]]:
    """Runs of lines that are the same, or changed in place, as (place in old, place in new, length).

    Equal heads and tails come first: those are exact, and what is between them is short.
    """
    most = min(len(old), len(new))
    head = next((i for i in range(most) if old[i] != new[i]), most)
    tail = next((i for i in range(most - head) if old[-1 - i] != new[-1 - i]), most - head)
    middle = difflib.SequenceMatcher(None, old[head : len(old) - tail], new[head : len(new) - tail], autojunk=False)
    return [
        (0, 0, head),
        *((head + a, head + c, min(b - a, d - c)) for _, a, b, c, d in middle.get_opcodes()),
        (len(old) - tail, len(new) - tail, tail),
    ]
