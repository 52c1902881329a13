"""What commands that run other commands run: shells, ``env``, ``timeout``, ``xargs``, ``nix-shell`` and their like."""

import os
import re
from collections.abc import Callable
from typing import NamedTuple

from llmx.core.policy.code import git_hides_commands, hides_commands
from llmx.core.policy.prefixes import PREFIXES, RUNNERS, Prefix
from llmx.core.policy.words import UNKNOWN, Line, Words, assigned, misleads, runs_value
from llmx.core.sandbox.command_keys import runs_later

SHELLS = frozenset(("sh", "bash", "zsh", "dash", "ksh", "mksh", "ash", "rbash", "yash", "posh"))
_LIKE_BASH = frozenset(("bash", "zsh", "ksh", "rbash"))
_SHELL_VALUES = frozenset(("-o", "+o", "-O", "+O", "--rcfile", "--init-file", "--emulate"))
_SPLITS = re.compile(r"-[i0v]*S|--split")  # env reads such a word as a line
_ASSIGNS = frozenset(("env", "sudo", "doas", "time", "cross-env"))  # Bash takes what is timed as a line
_OPAQUE = frozenset(
    (
        *("ssh", "su", "runuser", "pkexec", "parallel", "script", "screen", "tmux", "expect", "at", "batch", "entr"),
        *("ed", "ex", "timeit", "run-parts", "start-stop-daemon", "faketime", "catchsegv"),
        *("repeat", "fish", "csh", "tcsh", "pwsh", "nu", "xonsh", "elvish"),
        *("sg", "newgrp", "capsh", "proot", "pee", "dbus-launch", "watchexec", "hyperfine"),
        *("dotenv", "dotenvx", "aws-vault", "chamber", "envchain", "concurrently", "npm-run-all", "run-p", "run-s"),
        *("docker", "podman", "kubectl", "systemd-run", "unshare", "nsenter", "chroot", "bwrap", "firejail", "gdb"),
        *("source", ".", "alias", "enable", "hash", "compgen", "complete", "bind", "mapfile", "readarray"),
    )
)
"""What they run is not in their words, or runs elsewhere, or makes other words mean something else."""


class Inside(NamedTuple):
    """The commands that a command runs, whether these are certainly all, and whether it does a work of its own."""

    commands: list[Words]
    is_certain: bool = True
    works: bool = False


Unwrap = Callable[[Words], Words | None]


def inside(words: Words, unwrap_self: Unwrap) -> Inside | None:
    """What ``words`` run; None where they are a command of their own."""
    name = os.path.basename(words[0])
    if of_self := words if name in ("llm-exec", "llmx") else _as_module(words):
        return _of_self(of_self, unwrap_self)
    if name.startswith("git-"):
        return Inside([["git", name[4:], *words[1:]]], works=True)
    if name in _READERS:
        return _READERS[name](words)
    if name in SHELLS:
        return _of_shell(words)
    if name in RUNNERS:
        return _of_runner(words, RUNNERS[name])
    if name in PREFIXES:
        return _of_prefix(name, words, PREFIXES[name])
    if name in _OPAQUE or name.startswith(("ld-linux", "ld-musl", "ld.so")) or hides_commands(name, words):
        return Inside([], is_certain=False, works=True)
    return None


def _as_module(words: Words) -> Words:
    """The words from ``llmx`` on, where Python is to run that as a module; none elsewhere."""
    for at, word in enumerate(words[1:] if os.path.basename(words[0]).startswith("python") else (), 1):
        if word == "llmx" and words[at - 1].endswith("m"):
            return words[at:]
        if word.startswith("-") and word.endswith("mllmx"):
            return ["llmx", *words[at + 1 :]]
    return []


def _of_self(words: Words, unwrap_self: Unwrap) -> Inside | None:
    found = unwrap_self(words)
    if found:
        return Inside([found])
    return Inside([], is_certain=False, works=True) if any(UNKNOWN in word for word in words) else None


def _of_line(text: str) -> Inside:
    line = Line(text)
    return Inside(line.commands, line.is_certain)


def _of_shell(words: Words) -> Inside | None:
    """Of ``sh -c LINE``, also as ``-lc`` and behind other options; a script's name makes it a command of its own."""
    at, has_line, is_sure = 1, False, True
    while at < len(words) and words[at][:1] in ("-", "+", UNKNOWN):
        word = words[at]
        at += 1
        if word in ("-", "--"):
            break
        is_sure &= UNKNOWN not in word
        has_line |= word == "--command" or (not word.startswith("--") and "c" in word[1:])
        at += word in _SHELL_VALUES or (not word.startswith("--") and word[-1] in "oO")
    if has_line and at < len(words):
        line = Line(words[at], is_bash=os.path.basename(words[0]) in _LIKE_BASH)
        return Inside(line.commands, line.is_certain and is_sure)
    reads_stdin = at >= len(words) or any(word.startswith("-") and "s" in word for word in words[1:at])
    is_help = len(words) == 2 and words[1] in ("--version", "--help")
    if not is_sure or (reads_stdin and not is_help) or words[at : at + 1] == [UNKNOWN]:
        return Inside([], is_certain=False, works=True)
    return None


def _of_eval(words: Words) -> Inside:
    return _of_line(" ".join(words[1:]))


def _of_trap(words: Words) -> Inside | None:
    return _of_line(words[1]) if len(words) > 2 and not words[1].startswith("-") else None


def _of_nix_shell(words: Words) -> Inside | None:
    lines = [Line(words[at + 1]) for at, word in enumerate(words[:-1]) if word in ("--run", "--command")]
    if not lines:
        return Inside([], is_certain=False, works=True) if any(UNKNOWN in word for word in words) else None
    return Inside([command for line in lines for command in line.commands], all(line.is_certain for line in lines))


def _of_nix(words: Words) -> Inside | None:
    """Of ``nix develop -c CMD`` and ``nix shell PACKAGE --command CMD``; ``nix run`` runs what its package says."""
    for at, word in enumerate(words):
        if word in ("-c", "--command") and words[at + 1 :]:
            return Inside([words[at + 1 :]], not any(UNKNOWN in word for word in words[:at]))
    hidden = any(UNKNOWN in word for word in words) or "run" in words[1:2]
    return Inside([], is_certain=False, works=True) if hidden else None


def _of_find(words: Words) -> Inside | None:
    starts = [at for at, word in enumerate(words) if word in ("-exec", "-execdir", "-ok", "-okdir")]
    found = []
    for start in starts:
        ends = [at for at in range(start + 1, len(words)) if words[at] in (";", "+")]
        found += [words[start + 1 : ends[0] if ends else len(words)]]
    is_certain = not any(word == UNKNOWN for word in words[1:])
    commands = [_filled(command, "{}") for command in found if command]
    return Inside(commands, is_certain, works=True) if commands or not is_certain else None


def _of_xargs(words: Words) -> Inside | None:
    prefix = PREFIXES["xargs"]
    options, command, is_certain = prefix.split(words[1:])
    marks = [options[at + 1] for at, word in enumerate(options[:-1]) if word in ("-I", "--replace")]
    marks += [word[2:] or "{}" for word in options if word[:2] in ("-I", "-i") and (word[1] == "i" or word[2:])]
    marks += [word.partition("=")[2] or "{}" for word in options if word.startswith("--replace")]
    for mark in marks:
        command = _filled(command, mark)
    return Inside([[*command, UNKNOWN]], is_certain) if command else None


def _filled(command: Words, mark: str) -> Words:
    return [word.replace(mark, UNKNOWN) if mark else word for word in command]


def _of_watch(words: Words) -> Inside | None:
    options, command, is_certain = PREFIXES["watch"].split(words[1:])
    if not command:
        return None
    if "-x" in options or "--exec" in options:
        return Inside([command], is_certain)
    line = Line(" ".join(command))
    return Inside(line.commands, line.is_certain and is_certain)


def _of_flock(words: Words) -> Inside | None:
    """Of ``flock FILE CMD`` and ``flock FILE -c LINE``."""
    _, command, is_certain = PREFIXES["flock"].split(words[1:])
    if command[:1] in (["-c"], ["--command"]) and len(command) > 1:
        line = Line(command[1])
        return Inside(line.commands, line.is_certain and is_certain)
    return Inside([command], is_certain) if command else None


def _of_setarch(words: Words) -> Inside | None:
    """Whether the word behind its options names an architecture or the command is not told here: it may be either."""
    prefix = PREFIXES["setarch"]
    _, behind, is_certain = prefix.split(words[1:])
    _, command, knows = prefix.split(behind[1:])
    return Inside([behind, command], is_certain and knows) if behind else None


def _of_direnv(words: Words) -> Inside | None:
    return Inside([words[3:]]) if words[1:2] == ["exec"] and words[3:] else None


def _of_busybox(words: Words) -> Inside | None:
    return Inside([words[1:]]) if words[1:] and not words[1].startswith("-") else None


def _of_npx(words: Words) -> Inside | None:
    """Of ``npx CMD``, and of ``npx -c LINE``."""
    for at, word in enumerate(words[1:-1], 1):
        if word in ("-c", "--call"):
            return _of_line(words[at + 1])
        if not word.startswith("-"):
            break
    return _of_prefix("npx", words, PREFIXES["npx"])


def _of_git(words: Words) -> Inside | None:
    """``git -c alias.x='!cmd' x`` and its like run what a setting names."""
    settings = [words[at + 1] for at, word in enumerate(words[:-1]) if word in ("-c", "--config-env")]
    settings += [word.partition("=")[2] for word in words if word.startswith("--config-env=")]
    subcommand = _git_subcommand(words)
    if any(map(_runs, settings)) or subcommand[:1] == ["filter-branch"] or git_hides_commands(subcommand):
        return Inside([], is_certain=False, works=True)
    if lines := _given(subcommand, _GIT_LINES.get("".join(subcommand[:1]), ())):
        found = [_of_line(line) for line in lines]
        commands = [command for one in found for command in one.commands]
        return Inside(commands, all(one.is_certain for one in found), works=True)
    if subcommand[:1] == ["submodule"] and "foreach" in subcommand:
        return _of_line(" ".join(word for word in subcommand[2:] if word not in ("foreach", "--recursive", "--quiet")))
    if subcommand[:2] == ["bisect", "run"]:
        return Inside([subcommand[2:]], works=True) if subcommand[2:] else None
    return None


def _runs(setting: str) -> bool:
    """Whether a setting, as ``git -c`` takes it, may name a program."""
    section, dot, rest = setting.partition("=")[0].partition(".")
    sub, other, name = rest.rpartition(".")
    key = f"{section.lower()}{dot}{sub}{other}{name.lower()}"
    return UNKNOWN in key or runs_later(key.encode(), b"!", "/", "/.")


_GIT_LINES = {"rebase": ("-x", "--exec"), "difftool": ("-x", "--extcmd")}
"""Options of subcommands that take a line for the shell."""


def _given(words: Words, options: tuple[str, ...]) -> Words:
    """The values of ``options``: in the next word, behind a ``=``, or attached to a short one."""
    short, long = options or ("\0", "\0")
    found = [words[at + 1] for at, word in enumerate(words[:-1]) if word in options or _ends_with(word, short)]
    found += [word.partition("=")[2] for word in words if word.startswith(f"{long}=")]
    return found + [word[len(short) :] for word in words if word.startswith(short) and len(word) > len(short)]


def _ends_with(word: str, short: str) -> bool:
    """Whether ``word`` is short options of which the last is ``short``, which takes the next word."""
    return word[:1] == "-" and word[1:].isalpha() and word[-1] == short[-1]


def _git_subcommand(words: Words) -> Words:
    return PREFIXES["git"].split(words[1:])[1]


def _of_runner(words: Words, subcommands: tuple[str, ...]) -> Inside | None:
    """Of ``uv run CMD``: one subcommand runs the words behind it."""
    if hides_commands(os.path.basename(words[0]), words):
        return Inside([], is_certain=False, works=True)
    _, behind, is_certain = PREFIXES["a runner"].split(words[1:])
    if not behind or (behind[0] not in subcommands and UNKNOWN not in behind[0]):
        return None
    options, command, knows = PREFIXES["a runner"].split(behind[1:])
    if "-m" in options or "--module" in options or UNKNOWN in behind[0]:
        return Inside([], is_certain=False, works=True)
    return Inside([command], is_certain and knows) if command else None


def _assignments(name: str, words: Words) -> Words:
    """The words before the command that set variables; env takes every word with a ``=`` in it for one."""
    count = 0
    while (
        count < len(words) and name in _ASSIGNS and (assigned(words[count]) or (name == "env" and "=" in words[count]))
    ):
        count += 1
    return words[:count]


def _of_prefix(name: str, words: Words, prefix: Prefix) -> Inside | None:
    options, behind, is_certain = prefix.split(words[1:])
    if name == "env":
        is_certain &= not any(_SPLITS.match(word) for word in options)
    if name == "command" and options and options[0] in ("-v", "-V"):
        return None
    assignments = _assignments(name, behind)
    behind = behind[len(assignments) :]
    is_certain &= not any(map(runs_value, assignments))
    misleading = [[assigned(word)] for word in assignments if misleads(assigned(word))]
    is_certain &= prefix.is_transparent and not "".join(behind[:1]).startswith("-")
    if behind or not is_certain:
        return Inside([*misleading, behind], is_certain)
    return None


_READERS: dict[str, Callable[[Words], Inside | None]] = {
    "eval": _of_eval,
    "trap": _of_trap,
    "nix-shell": _of_nix_shell,
    "nix": _of_nix,
    "find": _of_find,
    "xargs": _of_xargs,
    "watch": _of_watch,
    "flock": _of_flock,
    "busybox": _of_busybox,
    "toybox": _of_busybox,
    "setarch": _of_setarch,
    "direnv": _of_direnv,
    "npx": _of_npx,
    "git": _of_git,
}
