"""Text of a model or a repository that can do nothing where it is shown: no markup, no link, no command of CI."""

import html
import re

_MARKS = str.maketrans({mark: f"\\{mark}" for mark in "\\`*_[]>#|!~$"} | {"<": "&lt;", "&": "&amp;"})
_NUMBERED = re.compile(r"(\d{1,9})([.)])(?=\s|$)")
_LISTED = re.compile(r"[-+](?=\s|$)|[-=]+\s*$")
_LINK = re.compile(r"(?i)(://|\bwww(?=\.)|@)")
APART = "\u200b"
"""A space of no width: what stands on both sides of it is no longer one."""
_UNMARKED = re.compile(rf"\\([!-/:-@\[-`{{-~])|(&(?:lt|amp);)|{APART}")


def inert(text: str) -> str:
    """One line of Markdown that shows ``text`` and is nothing else: no link, picture, HTML, mention or command."""
    shown = _LINK.sub(_apart, _printable(text))
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


def printable(text: str) -> str:
    """One line of plain text that no terminal and no CI system obeys."""
    return harmless(_printable(text))


def _printable(text: str) -> str:
    return "".join(each if each.isprintable() else " " for each in text).strip()


def bare(markdown: str) -> str:
    """Markdown whose words are ``inert``, without the marks that make them so: a terminal reads none of them."""
    lines = [line if line.startswith("    ") else _UNMARKED.sub(_unmarked, line) for line in markdown.split("\n")]
    return "\n".join(answered("\n".join(lines)))


def _unmarked(found: re.Match[str]) -> str:
    return found[1] or html.unescape(found[2] or "")


def answered(text: str) -> list[str]:
    """The lines of a model's answer in plain text, whatever ends a line in ``text``."""
    return [harmless("".join(each for each in line if _is_shown(each))) for line in text.splitlines()]


def _is_shown(each: str) -> bool:
    """Letters of scripts and pictures are joined by what is not printable itself."""
    return each.isprintable() or each in "\t\u200c\u200d"


def short(text: str, most: int) -> str:
    """``text``, or its beginning with the number of characters that are missing."""
    return text if len(text) <= most else f"{text[:most]} [{len(text) - most} more characters]"


def harmless(line: str) -> str:
    """A line that GitHub's runner does not take for a command: it looks for ``::`` at the start, ``##[`` anywhere."""
    start = len(line) - len(line.lstrip())
    line = f"{line[:start]}{APART}{line[start:]}" if line[start:].startswith("::") else line
    return line.replace("##[", f"#{APART}#[")
