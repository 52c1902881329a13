"""A file that llmx writes whole: its text is the one entry ``text``, and without it there is no file."""

from llmx.core.edits.operations import Set, Step
from llmx.core.edits.values import Value
from llmx.errors import ConfigError


class Whole:
    """Plain text."""

    ordered = False

    def read(self, text: str) -> Value:
        """The text as an entry, nothing for an empty one."""
        return {"text": text} if text else {}

    def apply(self, text: str, step: Step) -> str:
        """The new text."""
        del text
        if step.path != ("text",) or (isinstance(step, Set) and not isinstance(step.value, str)):
            raise ConfigError("a text file has the entry `text` only")
        return str(step.value) if isinstance(step, Set) else ""

    def settle(self, value: Value, step: Step) -> Value:
        """``value`` itself; an empty text is no entry."""
        del step
        return {key: item for key, item in value.items() if item}


WHOLE = Whole()
