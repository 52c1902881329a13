"""Read what a person types in a chat: a line, several with a backslash at their ends, or a block between quotes."""

import sys
from collections.abc import Callable, Iterator

QUOTES = '"""'
PROMPT, MORE = "> ", "… "

Read = Callable[[str], str]


def messages(read: Read) -> Iterator[str]:
    """What is typed, message by message, until the input ends."""
    while True:
        try:
            yield _message(read)
        except EOFError:
            return


def _message(read: Read) -> str:
    line = read(PROMPT)
    if line.strip() == QUOTES:
        return _block(read)
    lines = [line]
    while lines[-1].endswith("\\"):
        lines[-1] = lines[-1][:-1]
        lines.append(read(MORE))
    return "\n".join(lines)


def _block(read: Read) -> str:
    """The lines up to the closing quotes; what stands there when the input ends is the message, too."""
    lines: list[str] = []
    try:
        while (line := read(MORE)).strip() != QUOTES:
            lines.append(line)
    except EOFError:
        if not lines:
            raise
    return "\n".join(lines)


def reader() -> Read:
    """How lines are read: edited on a terminal, where the prompt is shown; else as they come, without a prompt."""
    if sys.stdin.isatty() and sys.stdout.isatty():
        return _edited
    return _asked if sys.stdin.isatty() else _piped


def _edited(prompt: str) -> str:
    __import__("readline")  # it only has to be there: `input` then edits lines and knows those before
    return input(prompt)


def _asked(prompt: str) -> str:
    """A line typed at a terminal whose answers go elsewhere."""
    print(prompt, end="", file=sys.stderr, flush=True)
    return _piped(prompt)


def _piped(_prompt: str) -> str:
    line = sys.stdin.readline()
    if not line:
        raise EOFError
    return line.removesuffix("\n")
