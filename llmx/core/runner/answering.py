"""One answer as it is made: bytes become text, text becomes speech, thoughts and tool calls."""

import codecs
from collections.abc import Iterator
from typing import Any

from llmx.core.runner import Ask
from llmx.core.runner.repetition import Repetition
from llmx.core.runner.tool_calls import MARKS, looks_like_call, parse_calls

THINK, THOUGHT = "<think>", "</think>"

Said = dict[str, Any]


class Answer:
    """Takes in what the engine makes and tells what it means; the cost of a token does not grow with the answer."""

    def __init__(self, ask: Ask, prompt: str) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._tools = [tool["function"]["name"] for tool in ask.tools]
        self._stops = ask.stop
        self._opens = (*self._stops, *(MARKS if self._tools else ()))
        self._repetition = Repetition() if ask.stops_repetition else None
        self._held = ""
        self._mode = "thought" if prompt.rstrip().endswith(THINK) else "start"
        self._has_thought = False
        self._call: list[str] = []
        self._called = False
        self.is_over = False
        """Whether a stop text was said, or the same over and over: nothing more is wanted."""

    def take(self, data: bytes) -> Iterator[Said]:
        """More of the answer."""
        text = self._decoder.decode(data)
        if text and not self.is_over:
            yield from self._hear(text)

    def end(self, reason: str) -> Iterator[Said]:
        """The rest, and why it ended."""
        if not self.is_over:
            yield from self._hear(self._decoder.decode(b"", True), at_end=True)
        if self._call:
            calls, rest = parse_calls("".join(self._call), self._tools)
            yield from _text(rest)
            yield from ({"call": call.as_dict()} for call in calls)
            self._called = bool(calls)
        if self.is_over:
            reason = "stop"
        yield {"end": "tool_calls" if self._called and reason == "stop" else reason}

    def _hear(self, text: str, *, at_end: bool = False) -> Iterator[Said]:
        if self._repetition and self._repetition.take(text):
            self.is_over = True
        self._held += text
        if self._mode == "start":
            self._mode = self._beginning(at_end)
        if self._mode == "thought":
            yield from self._thought(at_end)
        if self._mode == "text":
            yield from self._speech(at_end)
        if self._mode == "call":
            self._call.append(self._held)
            self._held = ""

    def _beginning(self, at_end: bool) -> str:
        """What an answer that begins so is going to be; ``start`` as long as that is open."""
        begun = self._held.lstrip()
        if self._has_thought:
            self._held = self._held.lstrip("\n")
            if not self._held and not at_end:
                return "start"
        elif begun.startswith(THINK):
            self._held = begun[len(THINK) :].lstrip("\n")
            return "thought"
        elif not at_end and THINK.startswith(begun):
            return "start"
        return "call" if self._tools and looks_like_call(begun) else "text"

    def _thought(self, at_end: bool) -> Iterator[Said]:
        thought, mark, rest = self._held.partition(THOUGHT)
        keep = 0 if mark or at_end else _partial(thought, (THOUGHT,))
        self._held = rest if mark else thought[len(thought) - keep :]
        if spoken := thought[: len(thought) - keep]:
            yield {"reasoning": spoken}
        if mark:
            self._has_thought = True
            self._mode = self._beginning(at_end)

    def _speech(self, at_end: bool) -> Iterator[Said]:
        found = [(at, mark) for mark in self._opens if (at := self._held.find(mark)) >= 0]
        if not found:
            keep = 0 if at_end else _partial(self._held, self._opens)
            spoken, self._held = self._held[: len(self._held) - keep], self._held[len(self._held) - keep :]
            yield from _text(spoken)
            return
        at, mark = min(found)
        yield from _text(self._held[:at])
        if mark in self._stops:
            self.is_over, self._held = True, ""
            return
        self._held, self._mode = self._held[at:], "call"


def _text(text: str) -> Iterator[Said]:
    if text:
        yield {"text": text}


def _partial(text: str, marks: tuple[str, ...]) -> int:
    """How many characters at the end may be the beginning of a mark."""
    longest = max(map(len, marks), default=1) - 1
    for length in range(min(longest, len(text)), 0, -1):
        if any(mark.startswith(text[-length:]) for mark in marks):
            return length
    return 0
