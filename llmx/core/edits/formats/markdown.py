"""Markdown and shell scripts: blocks of ours between two marker comments; all else is the reader's and stays."""

import re
from typing import NamedTuple

from llmx.core.edits.formats import ParseError
from llmx.core.edits.operations import Step, Unset
from llmx.core.edits.values import Value
from llmx.errors import ConfigError

FENCE = re.compile(r"^ {0,3}(`{3,}|~{3,})(.*)$")
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


class Found(NamedTuple):
    """A block: the lines of its two markers, counted from 0."""

    begin: int
    end: int


class Comment(NamedTuple):
    """How a marker is written; ``has_code`` where the text may hold fenced code, in which a marker is none."""

    before: str
    after: str
    has_code: bool

    def marker(self, line: str) -> re.Match[str] | None:
        """The two words of a marker."""
        return re.match(rf"^ {{0,3}}{self.before}llmx:(begin|end) (\S+){self.after}[ \t\r]*$", line)

    def written(self, kind: str, name: str) -> str:
        """The line of a marker."""
        return f"{self.before}llmx:{kind} {name}{self.after}"


def _blocks(lines: list[str], comment: Comment) -> dict[str, Found]:
    """Every block by name; markers inside fenced code are text like any other."""
    blocks: dict[str, Found] = {}
    fence = ""
    opened: tuple[str, int] | None = None
    for number, line in enumerate(lines):
        if (found := comment.marker(line)) and not (fence and opened is None):
            opened = _marked(blocks, opened, found.group(1), found.group(2), number)
            fence = ""
        elif comment.has_code and (found := FENCE.match(line)):
            fence = _fenced(fence, found.group(1), found.group(2))
    if opened is not None:
        raise ParseError(f"the block {opened[0]!r} has no end marker", opened[1] + 1, 1)
    return blocks


def _marked(
    blocks: dict[str, Found], opened: tuple[str, int] | None, kind: str, name: str, number: int
) -> tuple[str, int] | None:
    """What is open after a marker; records a block at its end."""
    if kind == "begin":
        if opened is not None:
            raise ParseError(f"the block {name!r} begins inside the block {opened[0]!r}", number + 1, 1)
        if name in blocks:
            raise ParseError(f"the block {name!r} is there twice", number + 1, 1)
        return name, number
    if opened is None or opened[0] != name:
        raise ParseError(f"the block {name!r} ends without having begun", number + 1, 1)
    blocks[name] = Found(opened[1], number)
    return None


def _fenced(open_fence: str, fence: str, info: str) -> str:
    """The fence that is open after a fence line: code ends at one as long, of the same kind, with nothing after."""
    if not open_fence:
        return "" if fence[0] == "`" and "`" in info else fence
    closes = fence[0] == open_fence[0] and len(fence) >= len(open_fence) and not info.strip()
    return "" if closes else open_fence


class Markdown:
    """A mapping of block names to texts, without the line breaks at their ends."""

    ordered = False

    def __init__(self, comment: Comment) -> None:
        self.comment = comment

    def read(self, text: str) -> Value:
        """The blocks in ``text``."""
        lines = text.split("\n")
        return {name: "\n".join(lines[at.begin + 1 : at.end]) for name, at in _blocks(lines, self.comment).items()}

    def apply(self, text: str, step: Step) -> str:
        """``text`` with one block put in, changed or taken out."""
        (name,) = step.path
        lines = text.split("\n")
        at = _blocks(lines, self.comment).get(str(name))
        if isinstance(step, Unset):
            assert at is not None
            return "\n".join(_taken_out(lines, at))
        body = _body(str(name), step.value, self.comment)
        if at is not None:
            return "\n".join([*lines[: at.begin + 1], *body[1:-1], *lines[at.end :]])
        appended = _appended(text, body)
        if name not in _blocks(appended.split("\n"), self.comment):
            raise ConfigError("the file ends inside a code block, where an added block would be code", hint="close it")
        return appended

    def settle(self, value: Value, step: Step) -> Value:
        """``value`` itself."""
        del step
        return value


def _body(name: str, text: Value, comment: Comment) -> list[str]:
    if not NAME.fullmatch(name):
        raise ConfigError(f"{name!r} cannot be the name of a block", hint="use letters, digits, dots and dashes")
    lines = str(text).split("\n")
    if any(comment.marker(line) for line in lines):
        raise ConfigError(f"the text of the block {name!r} holds a block marker of its own")
    return [comment.written("begin", name), *lines, comment.written("end", name)]


def _appended(text: str, body: list[str]) -> str:
    """The block after all else, a blank line before it; the file ends with a line break if it did."""
    block = "\n".join(body)
    if not text:
        return f"{block}\n"
    if not text.endswith("\n"):
        return f"{text}\n\n{block}"
    return f"{text}{'' if text == chr(10) or text.endswith(chr(10) * 2) else chr(10)}{block}\n"


def _taken_out(lines: list[str], at: Found) -> list[str]:
    """The lines without the block and without one of two blank lines that would meet."""
    before, after = lines[: at.begin], lines[at.end + 1 :]
    if len(before) > 1 and not before[-1].strip() and (not after or not after[0].strip()):
        del before[-1]
    return before + after


MARKDOWN = Markdown(Comment("<!-- ", " -->", has_code=True))
SHELL = Markdown(Comment("# ", "", has_code=False))
