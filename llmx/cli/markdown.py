"""Markdown on a terminal while it comes: each block is set as soon as it is whole."""

import re

from rich.console import Console
from rich.markdown import Markdown

from llmx.cli.steering import CONTROLS
from llmx.core.response import sound

_FENCE = re.compile(r"\s{0,3}(```+|~~~+)")


class Blocks:
    """Cuts a text that comes in pieces into blocks: up to an empty line, with what stands between fences whole."""

    def __init__(self) -> None:
        self._rest = ""
        self._lines: list[str] = []
        self._fence = ""

    def feed(self, text: str) -> list[str]:
        """The blocks that ``text`` completes."""
        *lines, self._rest = (self._rest + text).split("\n")
        return [block for line in lines for block in self._take(line)]

    def finish(self) -> str:
        """What is left."""
        lines = [*self._lines, self._rest] if self._rest else self._lines
        self._rest, self._lines, self._fence = "", [], ""
        return "\n".join(lines)

    def _take(self, line: str) -> list[str]:
        fence = _FENCE.match(line)
        if fence:
            self._fence = "" if self._fence and fence[1].startswith(self._fence) else self._fence or fence[1]
        if line.strip() or self._fence:
            self._lines.append(line)
            return []
        block, self._lines = "\n".join(self._lines), []
        return [block] if block else []


class Setter:
    """Sets the blocks of one answer, and shows that more is to come."""

    def __init__(self) -> None:
        self._console = Console(highlight=False)
        self._blocks = Blocks()
        self._status = self._console.status("…", spinner="dots")

    def say(self, text: str) -> None:
        """Take more of the answer."""
        self._status.start()
        for block in self._blocks.feed(sound(text).translate(CONTROLS)):
            self._set(block)

    def end(self) -> None:
        """Set what is left."""
        self._status.stop()
        if rest := self._blocks.finish():
            self._set(rest)

    def _set(self, block: str) -> None:
        self._console.print(Markdown(block, hyperlinks=False))
        self._console.print()
