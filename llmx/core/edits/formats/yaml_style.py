"""How one YAML file is written, and new values written the same way by ruamel."""

import io
import re
from typing import cast

import ruamel.yaml
from ruamel.yaml.scalarstring import DoubleQuotedScalarString, LiteralScalarString, SingleQuotedScalarString

from llmx.core.edits.formats.yaml_layout import COMMENT, Node
from llmx.core.edits.values import Value

OLDER = re.compile(
    r"y|yes|n|no|on|off|true|false|null|~|[-+]?[0-9][0-9_]*(:[0-5]?[0-9])*(\.[0-9_]*)?|0[xob][0-9a-f_]+", re.IGNORECASE
)
"""Text that readers of YAML 1.1 take for something else unless it is quoted."""

PLAIN_LINES = re.compile(r"[^\s\x00-\x1f\x7f-\x9f\u2028\u2029\ufeff\ud800-\udfff](?:.*\S)?")


class Style:
    """A file's indentation of mappings and lists."""

    def __init__(self, text: str, root: Node | None) -> None:
        self.mapping, self.dash = 2, 0
        self.is_closed = not text or text.endswith("\n")
        """Whether the last line has its end, without which a literal block would lose a line break."""
        seen: dict[str, int] = {}
        if root is not None:
            _measure(text, root, seen)
        self.mapping = seen.get("mapping", 2)
        self.dash = seen.get("dash", 0)

    def lines(self, value: Value) -> list[str]:
        """``value`` in block style, from column 0."""
        writer = ruamel.yaml.YAML()
        writer.width = 1 << 20
        writer.indent(mapping=self.mapping, sequence=self.dash + 2, offset=self.dash)
        return _written(writer, _quoted(value, block=self.is_closed))


class FlowSpelling:
    """Values on one line, for what stands between brackets."""

    comment = COMMENT
    unit = ""
    on_one_line = True
    comma = ", "

    def inline(self, value: Value) -> str:
        writer = ruamel.yaml.YAML()
        writer.default_flow_style = True
        writer.brace_single_entry_mapping_in_flow_sequence = True
        writer.width = 1 << 20
        (line,) = _written(writer, [_quoted(value, block=False)])
        return line[1:-1]

    def spread(self, value: Value, indent: str) -> str:
        del indent
        return self.inline(value)

    def member(self, key: str, value: str) -> str:
        return f"{self.inline(key)}: {value}"


def scalar(value: Value, quote: str) -> str:
    """A scalar on one line, in the quotes that stood there where they can hold it."""
    if isinstance(value, str) and quote == '"':
        value = DoubleQuotedScalarString(value)
    elif isinstance(value, str) and quote == "'" and PLAIN_LINES.fullmatch(value):
        value = SingleQuotedScalarString(value)
    return FlowSpelling().inline(value)


def _quoted(value: Value, *, block: bool) -> Value:
    """``value`` with text marked for the quotes that it needs."""
    if isinstance(value, dict):
        return {_quoted(key, block=False): _quoted(item, block=block) for key, item in value.items()}
    if isinstance(value, list):
        return [_quoted(item, block=block) for item in value]
    return _quoted_text(value, block=block) if isinstance(value, str) else value


def _quoted_text(value: str, *, block: bool) -> str:
    if OLDER.fullmatch(value) or (value.startswith(":") and PLAIN_LINES.fullmatch(value)):  # `a: :0` is no YAML in {}
        return cast(str, SingleQuotedScalarString(value))
    if PLAIN_LINES.fullmatch(value):
        return value
    lines = value.split("\n")
    if block and len(lines) > 1 and lines[0] and all(not line or PLAIN_LINES.fullmatch(line) for line in lines):
        return cast(str, LiteralScalarString(value))
    return cast(str, DoubleQuotedScalarString(value))


def _written(writer: ruamel.yaml.YAML, value: Value) -> list[str]:
    stream = io.StringIO()
    writer.dump(value, stream)
    lines = stream.getvalue().split("\n")
    while lines[-1] in ("", "..."):
        del lines[-1]
    return lines


def _measure(text: str, node: Node, seen: dict[str, int]) -> None:
    """The first nested block mapping and the first block list under a key tell how the file indents."""
    if node.flow or node.kind in ("scalar", "alias"):
        return
    own = _column(text, node.entries[0].start) if node.entries else 0
    for entry in node.entries:
        inner = entry.node
        if inner.entries and not inner.flow and node.kind == "mapping":
            deeper = _column(text, inner.entries[0].start) - own
            name = "mapping" if inner.kind == "mapping" else "dash"
            if name == "dash" or deeper >= 1:
                seen.setdefault(name, deeper)
        _measure(text, inner, seen)


def _column(text: str, at: int) -> int:
    return at - (text.rfind("\n", 0, at) + 1)
