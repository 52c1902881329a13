"""A line of a shell, as it goes through ``llm-exec``."""

import re
import shlex

STATE = frozenset(
    ["cd", "pushd", "popd", "export", "unset", "alias", "unalias", "set", "shopt", "umask", "ulimit", "readonly"]
)
"""Commands that change the agent's own shell, and run nothing."""

WITHIN = frozenset(
    (
        *(".", "source", "eval", "exec", "command", "builtin", "type", "hash", "trap", "wait", "jobs", "fg", "bg"),
        *("read", "let", "declare", "local", "return", "exit", "shift", "getopts", "time", "if", "for", "while"),
        *("until", "case", "select", "function", "[[", "{", "!"),
    )
)
"""Words that only a shell understands."""
PART = re.compile(r"""\$['"]|'[^']*'|"(?:\\.|[^"\\])*"|\\.|.""", re.DOTALL)
"""A part of a line: quoted, escaped, or one letter; what stands in single quotes or is escaped is text."""


def routed(line: str) -> str:
    """``line`` through ``llm-exec``: one command by its words, so that rules know it, anything else as a line.

    What goes through it already stays, as does a command that only changes the shell it is typed in.
    """
    words = single(line)
    if not line.strip() or is_routed(words) or (words and words[0] in STATE):
        return line
    if words and words[0] not in WITHIN and not re.match(r"\w+\+?=", words[0]):
        return f"llm-exec -- {line.strip()}"
    return f"llm-exec --command {shlex.quote(line)}"


def is_routed(words: list[str]) -> bool:
    """Whether one command is ``llm-exec``."""
    return words[:1] == ["llm-exec"] or (words[:1] == ["llmx"] and "exec" in words)


def single(line: str) -> list[str]:
    """The words of a line that is one command, quotes and all; none where a shell sees more in it."""
    bare = "".join(part for part in PART.findall(line.strip()) if part[0] not in "'\\")
    if any(mark in bare for mark in ("\n", "`", "$(", "${", "$'", '$"')):
        return []
    lexer = shlex.shlex(line, posix=False, punctuation_chars=True)
    lexer.whitespace_split, lexer.commenters = True, ""
    try:
        words = list(lexer)
    except ValueError:
        return []
    return [] if any(word[0] in "();<>|&" for word in words) else words
