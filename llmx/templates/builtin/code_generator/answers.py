"""The files in what a model answers: fenced blocks, named where there are several."""

import re

_NAMED = re.compile(r"^(`{3,}|~{3,})[^\n]*?\bfile:\s*(?P<name>[^\s`]+)[^\n]*$", re.MULTILINE)
_OPENING = re.compile(r"^(`{3,}|~{3,})[^\n`]*$", re.MULTILINE)


def code_in(answer: str) -> str:
    """The one file of an answer: what its fence holds, up to the last such fence; without any, all of it."""
    opening = _OPENING.search(answer)
    text = answer if opening is None else _inside(answer[opening.end() + 1 :], opening[1])
    return f"{text.strip(chr(10))}\n" if text.strip() else ""


def files_in(answer: str) -> dict[str, str]:
    """Name -> text of every block whose fence says ``file:NAME``; where none does, one block without a name."""
    marks = list(_NAMED.finditer(answer))
    if not marks:
        text = code_in(answer) if _OPENING.search(answer) else ""
        return {"": text} if text else {}
    ends = [mark.start() for mark in marks[1:]] + [len(answer)]
    found = {}
    for mark, end in zip(marks, ends, strict=True):
        text = _inside(answer[mark.end() + 1 : end], mark[1]).strip("\n")
        if text.strip():
            found[mark["name"]] = f"{text}\n"
    return found


def _inside(text: str, fence: str) -> str:
    """What stands before the last line that is ``fence`` alone: the code may well hold fences of its own."""
    lines = text.split("\n")
    closing = [number for number, line in enumerate(lines) if line.rstrip() == fence]
    return "\n".join(lines[: closing[-1]] if closing else lines)
