"""Which rules the agents load that could not be asked: as their documentation or their source says.

An editor is taken to be opened at the root of the repository.
"""

from llmx.agents_md import NAME
from llmx.agents_md.reader import Loaded, Place, first, there, value_in
from llmx.core.edits.values import MISSING, look

ZED = (
    *(".rules", ".cursorrules", ".windsurfrules", ".clinerules", ".github/copilot-instructions.md"),
    *("AGENT.md", NAME, "CLAUDE.md", "GEMINI.md"),
)
"""Zed loads the first of these."""

CRUSH = (
    *(".github/copilot-instructions.md", ".cursorrules", "CLAUDE.md", "CLAUDE.local.md", "GEMINI.md"),
    *("CRUSH.md", "CRUSH.local.md", NAME),
)
"""Crush loads all of these."""

NESTED = "chat.useNestedAgentsMdFiles"


def cursor(place: Place) -> Loaded:
    """AGENTS.md from the root of the repository down, and its own rules besides."""
    rules = [file for folder in place.within() for file in sorted((folder / ".cursor/rules").rglob("*.mdc"))]
    files = [file for folder in place.within() for file in there(folder / NAME, folder / ".cursorrules")]
    return Loaded((*files, *rules))


def zed(place: Place) -> Loaded:
    """One file at the root of the repository, behind the user's own."""
    root, *below = place.within()
    chosen = first(root, *ZED)
    warnings = [f"{one} hides {root / NAME} from Zed" for one in chosen if one.name != NAME and (root / NAME).is_file()]
    if nested := [file for folder in below for file in there(folder / NAME)]:
        warnings.append(f"Zed reads no file below the root, such as {nested[0]}")
    return Loaded((*there(place.config("zed") / NAME), *chosen), tuple(warnings))


def vscode(place: Place) -> Loaded:
    """The files at the root of the repository; those below it where a setting says so."""
    root, *below = place.within()
    files = there(root / ".github/copilot-instructions.md", root / NAME, root / "CLAUDE.md")
    nested = [file for folder in below for file in there(folder / NAME)]
    user = place.config("Code") / "User/settings.json"
    said = [look(value_in(file, "jsonc"), (NESTED,)) for file in (user, root / ".vscode/settings.json")]
    if next((value for value in reversed(said) if value is not MISSING), False) is True:
        return Loaded((*files, *nested))
    warnings = [f"VS Code reads no {NAME} below the root without {NESTED}, such as {nested[0]}"] if nested else []
    return Loaded(tuple(files), tuple(warnings))


def crush(place: Place) -> Loaded:
    """Every file that it knows where it is started, and nowhere else; behind the user's own."""
    *above, inner = place.within()
    elsewhere = [file for folder in above for file in there(folder / NAME)]
    hints = [f"Crush reads {NAME} where it is started only, and so not {file}" for file in elsewhere[-1:]]
    user = there(place.config("crush") / "CRUSH.md", place.config("") / NAME)
    return Loaded((*user, *there(*(inner / name for name in CRUSH))), tuple(hints))


def amp(place: Place) -> Loaded:
    """One file a folder from the root of the repository down, behind the user's own."""
    user = there(place.config("amp") / NAME, place.config("") / NAME)
    files = [file for folder in place.within() for file in first(folder, NAME, "AGENT.md", "CLAUDE.md")]
    return Loaded((*user, *files))


def never(place: Place) -> Loaded:
    """No file of a project."""
    del place
    return Loaded((), ("it reads no files of a project",))
