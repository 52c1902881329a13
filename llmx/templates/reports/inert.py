"""Text of a model or a repository that can do nothing where it is shown: no markup, no link, no command of CI."""

import re

_MARKS = str.maketrans({mark: f"\\{mark}" for mark in "\\`*_[]>#|!~$"} | {"<": "&lt;", "&": "&amp;"})
_NUMBERED = re.compile(r"(\d{1,9})([.)])(?=\s|$)")
_LISTED = re.compile(r"[-+](?=\s|$)|[-=]+\s*$")
_LINK = re.compile(r"(?i)(://|\bwww(?=\.)|@)")
APART = "\u200b"
"""A space of no width: what stands on both sides of it is no longer one."""


def inert(text: str) -> str:
    """One line of Markdown that shows ``text`` and is nothing else: no link, picture, HTML, mention or command."""
    shown = "".join(each if each.isprintable() else " " for each in text).strip()
    shown = _LINK.sub(_apart, shown)
    shown = shown.translate(_MARKS)
    if _LISTED.match(shown):
        shown = f"\\{shown}"
    return harmless(_NUMBERED.sub(r"\1\\\2", shown, count=1) if _NUMBERED.match(shown) else shown)


def _apart(found: re.Match[str]) -> str:
    """What makes a link or a mention, behind its first character (``:``) or its whole (``www``, ``@``)."""
    at = 1 if found[1].startswith(":") else len(found[1])
    return f"{found[1][:at]}{APART}{found[1][at:]}"


def quoted(text: str) -> list[str]:
    """The lines of a block of code, whatever ends a line in ``text``."""
    lines = [line.expandtabs(4) for line in text.splitlines()]
    return [f"    {harmless(''.join(each if each.isprintable() else ' ' for each in line))}" for line in lines]


def harmless(line: str) -> str:
    """A line that GitHub's runner does not take for a command: it looks for ``::`` at the start, ``##[`` anywhere."""
    start = len(line) - len(line.lstrip())
    line = f"{line[:start]}{APART}{line[start:]}" if line[start:].startswith("::") else line
    return line.replace("##[", f"#{APART}#[")
