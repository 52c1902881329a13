"""Make a prompt shorter when that was asked for: from the middle of the oldest turns, never the system prompt."""

from collections.abc import Iterator, Sequence

from llmx.core.messages import Message, Part, Text, ToolResult

KEPT = 200
"""How many bytes of a turn stay where possible, half of them from its beginning."""

MARK = "\n[… {} characters left out …]\n"


def shortened(messages: Sequence[Message], excess: int) -> tuple[tuple[Message, ...], tuple[str, ...]] | None:
    """The messages with at least ``excess`` bytes fewer, and in words what was left out; None where that cannot be.

    All turns keep their beginning and end. Where that is not enough, the turns before the last lose all of their text.
    """
    for kept in (KEPT, 0):
        result, notes, left = list(messages), [], excess
        for at in _oldest_first(messages):
            if left <= 0:
                break
            stays = KEPT if at == len(messages) - 1 else kept
            result[at], dropped, fewer = _cut(messages[at], left, stays)
            left -= fewer
            if dropped:
                notes.append(f"{dropped} characters were left out of message {at + 1} ({messages[at].role})")
        if left <= 0:
            return tuple(result), tuple(notes)
    return None


def _oldest_first(messages: Sequence[Message]) -> Iterator[int]:
    return (at for at, message in enumerate(messages) if message.role != "system")


def _cut(message: Message, excess: int, stays: int) -> tuple[Message, int, int]:
    """The message without the middles of its texts, the characters that are gone, and how many bytes fewer it has."""
    parts: list[Part] = []
    dropped = fewer = 0
    for part in message.parts:
        text = _text_of(part)
        if text is None or fewer >= excess:
            parts.append(part)
            continue
        cut, gone = _without_middle(text, excess - fewer, stays)
        dropped += gone
        fewer += _size(text) - _size(cut)
        parts.append(part._replace(content=cut) if isinstance(part, ToolResult) else Text(cut))
    return Message(message.role, tuple(parts)), dropped, fewer


def _text_of(part: Part) -> str | None:
    match part:
        case Text(text):
            return text
        case ToolResult(_, content):
            return content
    return None


def _without_middle(text: str, excess: int, stays: int) -> tuple[str, int]:
    """The text with a mark in place of its middle, and how many characters are gone; itself if nothing is gained."""
    data = text.encode(errors="replace")
    keep = max(stays, len(data) - excess - _size(MARK.format(len(text))))
    if keep + _size(MARK.format(len(text))) >= len(data):
        return text, 0
    begin = data[: keep // 2].decode(errors="ignore")
    end = data[len(data) - keep // 2 :].decode(errors="ignore") if keep else ""
    gone = len(text) - len(begin) - len(end)
    return begin + MARK.format(gone) + end, gone


def size_of(messages: Sequence[Message]) -> int:
    """The bytes of all texts."""
    return sum(_size(_text_of(part) or "") for message in messages for part in message.parts)


def _size(text: str) -> int:
    return len(text.encode(errors="replace"))
