"""YAML of others: values and nothing else, and no more of them than a file can hold that somebody has written."""

import io
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from llmx.errors import ConfigError

MOST_VALUES = 20_000
"""A text can mean far more than it says, by names for what stands in it."""


def read_yaml(text: str, source: str) -> Any:  # noqa: ANN401  # what the file holds
    """The value of ``text``; raises ``ConfigError`` for what is no YAML, and for what means too much."""
    try:
        value = YAML(typ="safe", pure=True).load(io.StringIO(text))
    except (YAMLError, ValueError, RecursionError) as error:
        said = str(error).splitlines()[0] if str(error) else "this is no YAML"
        raise ConfigError(f"{source}: {said}", source=source) from None
    left, count = [value], 0
    while left:
        each = left.pop()
        inner = (
            [*each, *each.values()] if isinstance(each, dict) else each if isinstance(each, list | tuple | set) else []
        )
        count += 1 + len(inner)
        if count > MOST_VALUES:
            raise ConfigError(f"{source}: there is too much in it", source=source)
        left += inner
    return value
