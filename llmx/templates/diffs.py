"""What a unified diff adds."""

import re

_HUNK = re.compile(r"@@ -\d+(?:,\d+)? \+(\d+)(?:,(\d+))? @@")


def changed_lines(diff: str) -> dict[str, set[int]]:
    """File -> the numbers of the lines that the diff adds or changes in it; empty for one that only loses lines."""
    found: dict[str, set[int]] = {}
    path = ""
    for line in diff.split("\n"):
        if line.startswith("+++ "):
            path = _path(line[4:])
            if path:
                found.setdefault(path, set())
        elif path and (hunk := _HUNK.match(line)):
            first, count = int(hunk[1]), int(hunk[2] or 1)
            found[path].update(range(first, first + count))
    return found


def _path(text: str) -> str:
    """The file that ``b/path`` names; empty for one that is gone."""
    name = text.removesuffix("\t")
    if name.startswith('"') and name.endswith('"'):
        name = name[1:-1].encode("latin-1", "backslashreplace").decode("unicode_escape").encode("latin-1").decode()
    return "" if name == "/dev/null" else name.removeprefix("b/")
