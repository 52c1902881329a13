"""Which rules each agent really loads.

Claude Code 2.1, Codex 0.169, opencode 1.18, Goose 1.52, Gemini CLI 0.61 and Aider 0.86 were asked; the others stand
in ``documented.py``.
"""

import json
import re
from pathlib import Path
from typing import Any

from llmx.agents_md import NAME
from llmx.agents_md.documented import amp, crush, cursor, never, vscode, zed
from llmx.agents_md.reader import Known, Loaded, Place, Reader, first, there, value_in
from llmx.core.edits.values import MISSING, KeyPath, Value, look

CLAUDE = ("CLAUDE.md", ".claude/CLAUDE.md", "CLAUDE.local.md")
CLAUDE_READS_IT = (2, 1, 277)
"""The first version that loads AGENTS.md by itself."""
IMPORT = re.compile(r"(?:^|(?<=\s))@([^\s`]+)")
DEEPEST_IMPORT = 5
CODEX_BYTES = 32 << 10


def claude(place: Place) -> Loaded:
    """CLAUDE.md, with what it imports, from the top of the file system down; AGENTS.md only where there is none."""
    user = Path(place.env.get("CLAUDE_CONFIG_DIR") or place.home / ".claude")
    own = [
        file
        for folder in place.everything()
        for file in there(*(folder / name for name in CLAUDE))
        if file.parent != user
    ]
    everyone = there(user / "CLAUDE.md")
    agents = [file for folder in place.everything() for file in there(folder / NAME)]
    loaded = [each for file in own for each in _with_imports(file)]
    warnings: list[str] = []
    if own:
        hidden = _others(agents, loaded)
        hint = f"a CLAUDE.md beside it with the line @{NAME} loads it"
        warnings += [f"{own[-1]} hides {_listed(hidden)} from Claude: {hint}"] if hidden else []
    elif _is_older(place.version):
        old = f"Claude before 2.1.277 reads no {NAME}: write a CLAUDE.md with the line @{NAME}"
        warnings += [old] if agents else []
    else:
        loaded = agents
    return Loaded((*everyone, *loaded), tuple(warnings))


def codex(place: Place) -> Loaded:
    """One file a folder, from the root of the repository down, up to 32 KiB together."""
    folder = Path(place.env.get("CODEX_HOME") or place.home / ".codex")
    config = value_in(folder / "config.toml")
    fallbacks = [str(name) for name in _list(config, ("project_doc_fallback_filenames",))]
    names = ("AGENTS.override.md", NAME)
    files = [file for inner in place.within() for file in first(inner, *names, *fallbacks)]
    warnings = [
        f"{file.parent / NAME} is not read: {file.name} stands in its place"
        for file in files
        if file.name == names[0] and (file.parent / NAME).is_file()
    ]
    limit = look(config, ("project_doc_max_bytes",))
    most = limit if isinstance(limit, int) else CODEX_BYTES
    if sum(file.stat().st_size for file in files) > most:
        warnings.append(f"Codex reads {most} bytes of these together and cuts off the rest")
    return Loaded((*first(folder, *names), *files), tuple(warnings))


def opencode(place: Place) -> Loaded:
    """AGENTS.md from here up to the root of the repository; CLAUDE.md only where there is none of those at all."""
    folders = [*reversed(place.within() if _is_repository(place) else place.everything())]
    kinds = [[file for folder in folders for file in there(folder / name)] for name in (NAME, "CLAUDE.md")]
    files = next((found for found in kinds if found), [])
    user = there(place.config("opencode") / NAME, place.home / ".claude/CLAUDE.md")[:1]
    warnings = []
    if kinds[0] and (hidden := _others(kinds[1], kinds[0])):
        warnings.append(f"{NAME} hides {_listed(hidden)} from opencode")
    return Loaded((*user, *files), tuple(warnings))


def goose(place: Place) -> Loaded:
    """.goosehints and AGENTS.md from the root of the repository down, or the names that the user has chosen."""
    config = value_in(place.config("goose") / "config.yaml")
    names = [str(name) for name in _chosen_names(place, config)] or [".goosehints", NAME]
    folders = [place.config("goose"), *place.within()]
    files = [file for folder in folders for name in names for file in there(folder / name)]
    warnings = [] if NAME in names else [f"CONTEXT_FILE_NAMES of Goose leaves {NAME} out"]
    return Loaded(tuple(files), tuple(warnings))


def gemini(place: Place) -> Loaded:
    """The names that its settings say, GEMINI.md where they say none."""
    settings = (place.home / ".gemini/settings.json", *(f / ".gemini/settings.json" for f in place.within()))
    said = [look(value_in(file, "jsonc"), ("context", "fileName")) for file in settings]
    last: Any = next((value for value in reversed(said) if value is not MISSING), "GEMINI.md")
    names = [str(name) for name in (last if isinstance(last, list) else [last])]
    files = [file for folder in (place.home / ".gemini", *place.within()) for n in names for file in there(folder / n)]
    setting = f'"context": {{"fileName": ["{NAME}", "GEMINI.md"]}}'
    warnings = [] if NAME in names else [f"Gemini reads no {NAME} without {setting} in .gemini/settings.json"]
    return Loaded(tuple(files), tuple(warnings))


def aider(place: Place) -> Loaded:
    """What `read` of its nearest settings names, seen from where it is started."""
    *above, inner = place.within()
    settings = there(*(folder / ".aider.conf.yml" for folder in dict.fromkeys([place.home, *above[:1], inner])))
    said = [look(value_in(file), ("read",)) for file in settings]
    last: Any = next((value for value in reversed(said) if value is not MISSING), [])
    names = [str(name) for name in (last if isinstance(last, list) else [last])]
    files = there(*(inner / Path(name).expanduser() for name in names))
    if any(file.name == NAME for file in files):
        return Loaded(tuple(files))
    elsewhere = [file for folder in above for file in there(folder / NAME)] if NAME in names else []
    hint = f"Aider reads no {NAME} without read: [{NAME}] in .aider.conf.yml"
    if elsewhere:
        hint = f"Aider looks for {NAME} where it is started only: start it in {elsewhere[-1].parent}"
    return Loaded(tuple(files), (hint,) if elsewhere or NAME not in names else ())


READERS: dict[str, tuple[Reader, Known]] = {
    "claude": (claude, "measured"),
    "claude-desktop": (never, "documented"),
    "goose": (goose, "measured"),
    "opencode": (opencode, "measured"),
    "codex": (codex, "measured"),
    "cursor": (cursor, "documented"),
    "gemini": (gemini, "measured"),
    "aider": (aider, "measured"),
    "crush": (crush, "documented"),
    "zed": (zed, "documented"),
    "vscode-copilot": (vscode, "documented"),
    "amp": (amp, "documented"),
}


def _with_imports(file: Path, depth: int = 0) -> list[Path]:
    """A file, and those that its lines import, outside of code."""
    found, in_code = [file], False
    for line in file.read_text(encoding="utf-8", errors="replace").splitlines():
        in_code ^= line.lstrip().startswith("```")
        for name in IMPORT.findall("" if in_code or depth == DEEPEST_IMPORT else re.sub(r"`[^`]*`", "", line)):
            imported = (file.parent / Path(name).expanduser()).resolve()
            if imported.is_file() and imported not in found:
                found += [each for each in _with_imports(imported, depth + 1) if each not in found]
    return found


def _is_older(version: str) -> bool:
    numbers = tuple(int(part) for part in version.split(".") if part.isdigit())
    return bool(numbers) and numbers < CLAUDE_READS_IT


def _is_repository(place: Place) -> bool:
    return (place.within()[0] / ".git").exists()


def _chosen_names(place: Place, config: Value) -> list[Any]:
    try:
        said = json.loads(place.env.get("CONTEXT_FILE_NAMES") or "null")
    except ValueError:
        said = None
    return said if isinstance(said, list) else _list(config, ("CONTEXT_FILE_NAMES",))


def _list(value: Value, path: KeyPath) -> list[Any]:
    found = look(value, path)
    return found if isinstance(found, list) else []


def _others(files: list[Path], loaded: list[Path]) -> list[Path]:
    """Those that are not loaded, be it under the name of a link."""
    known = {file.resolve() for file in loaded}
    return [file for file in files if file.resolve() not in known]


def _listed(files: list[Path]) -> str:
    return " and ".join(str(file) for file in files)
