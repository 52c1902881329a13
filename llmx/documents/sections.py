"""The parts of a text that has no pages: Markdown by its headings, anything else as its lines."""

import re

from llmx.documents.document import Part

_FENCE = re.compile(r" {0,3}(```+|~~~+)")
_HEADING = re.compile(r" {0,3}(#{1,6})\s+(.*?)\s*#*\s*$")
_FRONT_MATTER = re.compile(r"---\n(?:.*\n)*?---\n")
_UNDERLINE = re.compile(r" {0,3}(=+|-{2,})\s*$")


def of_lines(text: str) -> tuple[Part, ...]:
    """The whole text as one run of lines."""
    return (Part("lines", f"lines 1-{text.removesuffix(chr(10)).count(chr(10)) + 1}", 1, 0, len(text)),)


def of_markdown(text: str) -> tuple[Part, ...]:
    """A part for each heading, one before the first of them if something stands there."""
    starts = _headings(text)
    if not starts or text[: starts[0][0]].strip():
        starts.insert(0, (0, ""))
    else:
        starts[0] = (0, starts[0][1])
    ends = [start for start, _ in starts[1:]] + [len(text)]
    return tuple(
        Part("section", name, number, start, end)
        for number, ((start, name), end) in enumerate(zip(starts, ends, strict=True), 1)
    )


def _headings(text: str) -> list[tuple[int, str]]:
    """Where each begins, and its words; none in fenced code or in the front matter."""
    found: list[tuple[int, str]] = []
    matter = _FRONT_MATTER.match(text)
    at = matter.end() if matter else 0
    fence, before, before_at = "", "", at
    for line in text[at:].split("\n"):
        mark = _FENCE.match(line)
        if mark and (not fence or line.strip().startswith(fence)):
            fence = "" if fence else mark[1]
        elif not fence and (heading := _HEADING.match(line)):
            found.append((at, heading[2]))
        elif not fence and before.strip() and _UNDERLINE.match(line) and not _HEADING.match(before):
            found.append((before_at, before.strip()))
        before, before_at = ("" if fence or mark else line), at
        at += len(line) + 1
    return found
