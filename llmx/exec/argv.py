"""Parse ``llm-exec``'s command line by the table in ``options.py``.

The first word that is not an option starts the command, as with ``env`` and ``timeout``; after ``--``
everything is the command's. Values are only converted here; what they mean together is ``request.py``'s.
"""

from llmx.core.plugins import load
from llmx.errors import UsageError, nearest
from llmx.exec.options import BY_FLAG, Option


class CommandLine:
    """What was typed: option values by ``dest``, the words of the command, and those before it."""

    __slots__ = ("command", "options", "values")

    def __init__(self, values: dict[str, object], command: list[str], options: list[str]) -> None:
        self.values = values
        self.command = command
        self.options = options

    def text(self, dest: str) -> str | None:
        """The value of an option that is text or a path."""
        value = self.values.get(dest)
        return value if isinstance(value, str) else None


def parse(words: list[str]) -> CommandLine:
    """Split ``words`` into options and command; raises ``UsageError``."""
    values: dict[str, object] = {}
    at = 0
    while at < len(words):
        word = words[at]
        at += 1
        if word == "--":
            return CommandLine(values, words[at:], words[: at - 1])
        if not word.startswith("-") or word == "-":
            return CommandLine(values, words[at - 1 :], words[: at - 1])
        flag, equals, attached = word.partition("=")
        option = BY_FLAG.get(flag)
        if option is None:
            raise _unknown(flag, after_command="command" in values)
        if option.kind in ("flag", "mode"):
            values[option.dest] = _switch(option, flag, attached if equals else None)
            continue
        if not equals:
            if at == len(words):
                raise UsageError(f"{flag} needs a value: {flag} {option.metavar}", hint=_example(option))
            attached = words[at]
            at += 1
        value = convert(option, attached)
        values[option.dest] = [*values.get(option.dest, ()), value] if option.repeats else value  # type: ignore[misc]
    return CommandLine(values, [], words)


def asks_for_json(words: list[str]) -> str:
    """The ``--json`` mode that stands before the command, also in a line that ``parse`` refuses; "" for none."""
    mode, at = "", 0
    while at < len(words) and words[at].startswith("-") and words[at] not in ("-", "--"):
        flag, equals, _ = words[at].partition("=")
        if flag == "--json":
            mode = "full" if words[at] == "--json=full" else "compact"
        at += 1
        if not equals and _may_take(flag, words[at : at + 1]):
            at += 1
    return mode


def _may_take(flag: str, following: list[str]) -> bool:
    """Whether the word after ``flag`` is its value; with an unknown option that is a guess."""
    option = BY_FLAG.get(flag)
    if option is None:
        return not "".join(following).startswith("-")
    return option.kind not in ("flag", "mode")


def convert(option: Option, text: str) -> object:
    """The value that ``text`` means for ``option``; raises ``UsageError`` naming the option."""
    try:
        if option.kind in ("duration", "size"):
            value: object = load(f"llmx.core.quantities:parse_{option.kind}")(text)
            return value
        if option.kind == "count":
            return _count(text)
    except ValueError as error:
        raise UsageError(f"{option.flags[0]}: {error}", hint=_example(option)) from None
    if not text:
        raise UsageError(f"{option.flags[0]} needs a value, not an empty string")
    if option.kind == "choice" and text not in option.choices:
        near = nearest(text, option.choices)
        hint = f"did you mean {near}?" if near else f"for example {option.flags[0]} {option.choices[0]}"
        raise UsageError(f"{option.flags[0]} {text}: one of {', '.join(option.choices)}", hint=hint)
    return text


def _count(text: str) -> int:
    if not text.isascii() or not text.isdigit():
        raise ValueError(f"'{text}' is not a whole number")
    return int(text)


def _switch(option: Option, flag: str, attached: str | None) -> object:
    if option.kind == "flag":
        if attached is not None:
            raise UsageError(f"{flag} takes no value", hint=f"write {flag} alone")
        return True
    if attached is None:
        return option.choices[0]
    if attached not in option.choices:
        raise UsageError(f"{flag}={attached} is not one of {', '.join(option.choices)}", hint=f"write {flag}")
    return attached


_EXAMPLES = {"duration": "90, 10m or 1h30m", "size": "512M or 2G", "count": "16"}


def _example(option: Option) -> str | None:
    example = _EXAMPLES.get(option.kind)
    return f"for example {option.flags[0]} {example}" if example else None


# What people type when they mean one of ours; nearest() finds mere misspellings by itself.
_MEANT = {
    "-c": "--command 'a | b' runs a shell command line",
    "--shell": "--command 'a | b' runs a shell command line",
    "--exec": "write the command after --: llm-exec -- CMD",
    "-t": "did you mean --timeout?",
    "-m": "did you mean --memory?",
    "-v": "did you mean --monitor?",
    "--verbose": "did you mean --monitor?",
    "-C": "did you mean --cwd?",
    "--dir": "did you mean --cwd?",
    "--workdir": "did you mean --cwd?",
    "--output": "did you mean --json or --result FILE?",
    "-o": "did you mean --result FILE?",
    "--mem": "did you mean --memory?",
    "--no-stdin": "did you mean --stdin none?",
    "--silent": "did you mean --quiet?",
    "--window": "did you mean --terminal auto?",
    "--tmux": "did you mean --terminal tmux?",
    "--xterm": "did you mean --terminal xterm?",
    "--kitty": "did you mean --terminal kitty?",
    "--watch": "did you mean --terminal auto?",
    "-d": "did you mean --background?",
    "--bg": "did you mean --background?",
    "--save-output": "did you mean --keep-output?",
    "--log": "did you mean --keep-output?",
    "-e": "did you mean --env NAME=VALUE?",
    "--kill-after": "did you mean --grace?",
    "-k": "did you mean --grace?",
    "--signal": "it is SIGTERM, and after --grace TIME SIGKILL",
    "-s": "it is SIGTERM, and after --grace TIME SIGKILL",
    "--no-timeout": "--timeout 0 is none",
    "--time-limit": "did you mean --timeout?",
    "--idle-timeout": "did you mean --stall-timeout?",
    "--memory-limit": "did you mean --memory?",
    "--max-memory": "did you mean --memory?",
    "--cpu": "did you mean --cpu-time?",
    "--cpus": "did you mean --cpu-time?",
    "--pids-limit": "did you mean --max-procs?",
    "--format": "did you mean --json?",
    "-j": "did you mean --json?",
    "--input": "did you mean --stdin FILE?",
    "--chdir": "did you mean --cwd?",
    "--directory": "did you mean --cwd?",
    "-w": "did you mean --cwd?",
    "--network": "did you mean --net host, or --net NAME?",
    "--allow-net": "did you mean --net NAME?",
    "--allow-domain": "did you mean --net NAME?",
    "--domains": "did you mean --net NAME,NAME?",
    "--port": "did you mean --publish PORT or --connect PORT?",
    "--expose": "did you mean --publish PORT?",
    "--no-network": "--net none is the default",
    "--nix": "did you mean --nix-shell?",
    "-p": "did you mean --publish PORT, or --nix-shell --deps 'NAME ...'?",
    "--packages": "did you mean --nix-shell --deps 'NAME ...'?",
    "--pip": "did you mean --uv 'NAME ...'?",
    "--with": "did you mean --uv 'NAME ...'?",
    "--pure": "did you mean --nix-pure?",
    "--sandbox": "the sandbox is on unless --no-sandbox says otherwise",
    "--allow-write": "did you mean --write PATH?",
    "--rw": "did you mean --write PATH?",
    "--ro": "did you mean --read PATH?",
    "--policy": "did you mean --level?",
    "--dry-run": "did you mean --explain?",
    "--version": "llmx --version shows it",
    "-V": "llmx --version shows it",
}


def _unknown(flag: str, *, after_command: bool) -> UsageError:
    hint = "the whole shell line is one word: --command 'ls -la'" if after_command else _MEANT.get(flag)
    if hint is None:
        near = nearest((flag if flag.startswith("--") else "-" + flag).lower(), tuple(BY_FLAG))
        hint = f"did you mean {near}?" if near else "llm-exec --help lists the options; the command's own go after --"
    return UsageError(f"unknown option {flag}", hint=hint)
