"""What only bash understands, where ``--command`` runs sh."""

import re
import shlex

WORDS = frozenset(
    ("[[", "declare", "function", "history", "let", "popd", "pushd", "shopt", "source", "typeset"),
)
"""Words of bash that sh does not have."""

_SAID = re.compile(
    r"^(/bin/)?sh: (\d+: )+((" + "|".join(map(re.escape, sorted(WORDS))) + r"): not found"
    r"|set: Illegal option -o pipefail|Bad substitution|Syntax error: (\"\(\"|redirection) unexpected)",
    re.MULTILINE,
)


def hint_for_bash(line: str, said: str) -> str:
    """For a shell line that failed: how bash runs it, where sh has ``said`` that it does not know the words of it."""
    if not _SAID.search(said):
        return ""
    return f"--command runs sh, and this is bash: llm-exec -- bash -c {shlex.quote(line)}"
