"""A text after some operations, with the proof that it means what was asked for and nothing else changed."""

from collections.abc import Iterable

from llmx.core.edits.formats import Format, ParseError
from llmx.core.edits.operations import Operation, Set, Step, narrow, steps
from llmx.core.edits.text import Text
from llmx.core.edits.values import Value, dotted, same, with_set, without
from llmx.errors import ConfigError


def rewrite(text: Text, format: Format, operations: tuple[Operation, ...]) -> Text:
    """``text`` after ``operations``; raises ``ParseError`` for a text that is not sound to begin with."""
    value = format.read(text.text)
    for operation in operations:
        for step in steps(operation, value):
            text, value = _rewritten(text, format, step, value)
    return text


def outcome(value: Value, operations: Iterable[Operation]) -> Value:
    """What a file that holds ``value`` means after ``operations``."""
    for operation in operations:
        for step in steps(operation, value):
            value = _intended(value, step)
    return value


def _rewritten(text: Text, format: Format, step: Step, value: Value) -> tuple[Text, Value]:
    wanted = _intended(value, step)
    for small in narrow(step, value, ordered=format.ordered):
        text, value = _checked(text, format, small, value)
    if not _agree(format, value, wanted, step):
        raise _unmakeable(step)
    return text, value


def _intended(value: Value, step: Step) -> Value:
    if isinstance(step, Set):
        return with_set(value, step.path, step.value, first=step.first)
    return without(value, step.path)


def _checked(text: Text, format: Format, step: Step, value: Value) -> tuple[Text, Value]:
    """The text and the value after one step, the text read anew by the format's parser."""
    wanted = _intended(value, step)
    try:
        after = format.apply(text.text, step)
        after.encode()
        result = format.read(after)
    except (ParseError, LookupError, ValueError, RecursionError) as error:
        raise _unmakeable(step) from error
    if not _agree(format, result, wanted, step):
        raise _unmakeable(step)
    return text.replaced(after), result


def _agree(format: Format, result: Value, wanted: Value, step: Step) -> bool:
    return same(format.settle(result, step), format.settle(wanted, step), ordered=format.ordered)


def _unmakeable(step: Step) -> ConfigError:
    return ConfigError(
        f"{dotted(step.path)} cannot be edited without changing something else in the file",
        key=dotted(step.path),
        hint="edit it by hand; something else in the file depends on it, such as the alias of an anchor",
    )
