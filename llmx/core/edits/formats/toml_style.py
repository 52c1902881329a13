"""New TOML values as text: tomlkit writes the values, the lines and headers around them are ours."""

import tomlkit
from tomlkit.exceptions import TOMLKitError

from llmx.core.edits.formats.toml_layout import COMMENT
from llmx.core.edits.values import Value
from llmx.errors import ConfigError


class TomlSpelling:
    """Values to the right of an equals sign."""

    comment = COMMENT
    unit = "  "
    on_one_line = True
    comma = ", "

    def inline(self, value: Value) -> str:
        """``value`` on one line, tables as ``{key = value}``."""
        if isinstance(value, dict):
            pairs = ", ".join(self.member(key, self.inline(item)) for key, item in value.items())
            return f"{{ {pairs} }}" if pairs else "{}"
        if isinstance(value, list):
            return f"[{', '.join(self.inline(item) for item in value)}]"
        if value is None:
            raise ConfigError("TOML has no null", hint="unset the key instead")
        if isinstance(value, int) and not -(1 << 63) <= value < 1 << 63:
            raise ConfigError(f"TOML cannot hold this value: {value} takes more than 64 bits")
        try:
            return str(tomlkit.item(value).as_string())
        except (TOMLKitError, ValueError) as error:
            raise ConfigError(f"TOML cannot hold this value: {error}") from None

    def spread(self, value: Value, indent: str) -> str:
        """A list with a line for every item; anything else on one line, for tables here have no other form."""
        if not isinstance(value, list) or not value:
            return self.inline(value)
        items = "".join(f"{indent}{self.unit}{self.inline(item)},\n" for item in value)
        return f"[\n{items}{indent}]"

    def member(self, key: str, value: str) -> str:
        return f"{name(key)} = {value}"


def name(key: str) -> str:
    """One part of a key, quoted if it has to be."""
    return tomlkit.key([key]).as_string()


def section(names: tuple[str, ...], table: dict[str, Value], *, is_entry: bool = False) -> str:
    """``table`` under its header, its own tables under headers of theirs; without a line break at the end."""
    spelling = TomlSpelling()
    dotted = ".".join(name(part) for part in names)
    pairs = [spelling.member(key, spelling.inline(item)) for key, item in table.items() if not isinstance(item, dict)]
    below = [section((*names, key), item) for key, item in table.items() if isinstance(item, dict)]
    header = f"[[{dotted}]]" if is_entry else f"[{dotted}]"
    own = ["\n".join([header, *pairs])] if is_entry or pairs or not below else []
    return "\n\n".join(own + below)
