"""Language servers as they are declared: a table over the catalog, by name."""

import os
import re
import tomllib
from functools import cache
from typing import Any, NamedTuple

from llmx.core.source.tables import Place, known, mapping, table, texts, truth

CATALOG = os.path.join(os.path.dirname(os.path.dirname(os.path.dirname(__file__))), "data", "language-servers.toml")


class Lsp(NamedTuple):
    """A language server and the file name extensions that it is for."""

    command: tuple[str, ...]
    extensions: tuple[str, ...] = ()
    env: dict[str, str] = {}  # noqa: RUF012  # a default of a tuple's field
    enabled: bool = True


@cache
def catalog() -> dict[str, dict[str, Any]]:
    """The language servers that llmx knows by name; nothing enables one but its user."""
    with open(CATALOG, "rb") as file:
        return tomllib.load(file)


def language_servers(section: object, at: Place) -> dict[str, Lsp]:
    """Those that the ``lsp`` section declares, by name; raises ``ConfigError``."""
    return {name: _lsp(name, entry, at.down(name)) for name, entry in table(section, at).items()}


def _lsp(name: str, entry: object, at: Place) -> Lsp:
    own = known(entry, at, Lsp._fields)
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_+#.-]{0,63}", name):
        raise at.fault("a language server's name has letters, digits and - _ + # . only, at most 64 of them")
    below = catalog().get(name, {})
    if "command" in own and own["command"] != below.get("command"):
        below = {key: value for key, value in below.items() if key == "extensions"}
    found = {**below, **own}
    if not found.get("command"):
        raise at.fault("it has no command", f"llmx knows one for {', '.join(catalog())}")
    return Lsp(
        texts(found["command"], at.down("command")),
        texts(found.get("extensions", []), at.down("extensions")),
        mapping(found.get("env", {}), at.down("env")),
        truth(found.get("enabled", True), at.down("enabled")),
    )
