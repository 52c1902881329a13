"""What commands that run other commands run: shells, ``env``, ``timeout``, ``xargs``, ``nix-shell`` and their like."""

import os
from collections.abc import Callable
from typing import NamedTuple

from llmx.core.policy.words import Line, Words, is_assignment

SHELLS = frozenset(("sh", "bash", "zsh", "dash", "ksh", "ash", "fish"))

# name -> its short options that take a value, and how many words stand before the command
_PREFIXES = {
    "env": ("uCS", 0),
    "nice": ("n", 0),
    "ionice": ("cnpPu", 0),
    "nohup": ("", 0),
    "timeout": ("ks", 1),
    "setsid": ("", 0),
    "stdbuf": ("ioe", 0),
    "time": ("fo", 0),
    "command": ("", 0),
    "builtin": ("", 0),
    "exec": ("a", 0),
    "xargs": ("adEILnPs", 0),
    "sudo": ("ugpCrThUDR", 0),
    "doas": ("uC", 0),
    "chrt": ("", 1),
    "taskset": ("", 1),
    "flock": ("wE", 1),
    "strace": ("oesSPpabEIOu", 0),
    "watch": ("n", 0),
    "caffeinate": ("tw", 0),
    "npx": ("p", 0),
    "uvx": ("p", 0),
}
_RUNNERS = {
    "uv": ("run",),
    "poetry": ("run",),
    "pipenv": ("run",),
    "bundle": ("exec",),
    "pnpm": ("exec", "dlx"),
    "yarn": ("exec", "dlx"),
    "npm": ("exec", "x"),
    "busybox": tuple(SHELLS),
}
"""Programs of which one subcommand runs the words behind it."""


_LONG_WITH_VALUE = frozenset(
    str.split(
        # of the runners of Python and JavaScript tools
        "--with --with-editable --with-requirements --python --extra --group --directory --project --package --env-file"
        " --from --index --prefix --workspace --dir --filter --call"
        # of the others, where their value may stand apart
        " --unset --chdir --signal --kill-after --max-args --max-procs --replace --user --adjustment --class --wait"
        " --input --output --error --arg-file --delimiter --interval"
    )
)


class Inside(NamedTuple):
    """The commands that a command runs, and whether these are certainly all."""

    commands: list[Words]
    is_certain: bool = True


Unwrap = Callable[[Words], Words | None]


def inside(words: Words, unwrap_self: Unwrap) -> Inside | None:
    """What ``words`` run; None where they are a command of their own."""
    name = os.path.basename(words[0])
    if name in ("llm-exec", "llmx"):
        found = unwrap_self(words)
        return Inside([found]) if found else None
    if name in SHELLS:
        return _of_shell(words)
    if name == "eval":
        return _of_line(" ".join(words[1:]))
    if name in ("nix-shell", "nix"):
        return _of_nix(words)
    if name == "find":
        return _of_find(words)
    if name in _RUNNERS:
        return _of_runner(words, _RUNNERS[name])
    if name in _PREFIXES:
        return _of_prefix(words, *_PREFIXES[name])
    return None


def _of_line(text: str) -> Inside:
    line = Line(text)
    return Inside(line.commands, line.is_certain)


def _of_shell(words: Words) -> Inside | None:
    """Of ``sh -c LINE``, also as ``-lc`` and behind other options."""
    for at, word in enumerate(words[1:], 1):
        if not word.startswith(("-", "+")):
            return None
        if not word.startswith("--") and "c" in word:
            rest = [word for word in words[at + 1 :] if not word.startswith("-")]
            return _of_line(rest[0]) if rest else Inside([], is_certain=False)
    return None


def _of_nix(words: Words) -> Inside | None:
    for at, word in enumerate(words[:-1]):
        if word in ("--run", "--command") and os.path.basename(words[0]) == "nix-shell":
            return _of_line(words[at + 1])
        if word in ("-c", "--command"):
            return Inside([words[at + 1 :]])
    return None


def _of_find(words: Words) -> Inside | None:
    starts = [at for at, word in enumerate(words) if word in ("-exec", "-execdir", "-ok", "-okdir")]
    found = []
    for start in starts:
        ends = [at for at in range(start + 1, len(words)) if words[at] in (";", "+")]
        found += [words[start + 1 : ends[0] if ends else len(words)]]
    return Inside([command for command in found if command]) if found else None


def _of_runner(words: Words, subcommands: tuple[str, ...]) -> Inside | None:
    for at, word in enumerate(words[1:], 1):
        if word in subcommands:
            if word in SHELLS:
                return _of_shell(words[at:])
            behind = _without_options(words[at + 1 :], "p")
            return Inside([behind]) if behind else None
        if not word.startswith("-"):
            return None
    return None


def _of_prefix(words: Words, with_value: str, before: int) -> Inside | None:
    if os.path.basename(words[0]) == "env" and any(w.startswith(("-S", "--split-string")) for w in words[1:]):
        return Inside([], is_certain=False)
    behind = _without_options(words[1:], with_value)[before:]
    while behind and is_assignment(behind[0]):
        behind = behind[1:]
    return Inside([behind]) if behind else None


def _without_options(words: Words, with_value: str) -> Words:
    """What stands behind the options; the last letter of a cluster may take the next word."""
    at = 0
    while at < len(words) and words[at].startswith("-") and words[at] != "-":
        word = words[at]
        at += 1
        if word == "--":
            break
        takes_next = word in _LONG_WITH_VALUE if word.startswith("--") else word[-1] in with_value
        at += takes_next
    return words[at:]
