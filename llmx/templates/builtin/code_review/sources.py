"""The files below a path that are code, and why anything is left out."""

import os
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from llmx.templates.builtin.code_review.git import asked, listing
from llmx.templates.folders import SKIPPED

LARGEST = 1_000_000
LINK, REPOSITORY, BUILT = "a link", "another repository", "installed or built"
UNREADABLE = "it cannot be read"
SUFFIXES = frozenset(
    [
        *("py", "pyi", "js", "jsx", "ts", "tsx", "mjs", "cjs", "rs", "go", "java", "kt", "kts", "scala", "c", "h"),
        *("cc", "cpp", "cxx", "hpp", "cs", "rb", "php", "swift", "m", "mm", "sh", "bash", "zsh", "fish", "ps1", "pl"),
        *("pm", "lua", "r", "jl", "ex", "exs", "erl", "hs", "ml", "clj", "sql", "html", "css", "scss", "vue"),
        *("svelte", "tf", "nix", "yaml", "yml", "toml", "json", "xml", "proto", "graphql"),
        *("pyw", "pyx", "mts", "cts", "dart", "zig", "groovy", "gradle", "bat", "cmd", "psm1", "sol", "hcl", "mk"),
        *(
            "ipynb",
            "vb",
            "vbs",
            "fs",
            "fsx",
            "fsi",
            "f",
            "f90",
            "f95",
            "f03",
            "nim",
            "cr",
            "d",
            "v",
            "sv",
            "vhd",
            "vhdl",
        ),
        *("asm", "s", "tcl", "awk", "sed", "pas", "adb", "ads", "lisp", "el", "scm", "rkt", "elm", "purs", "coffee"),
        *("less", "sass", "astro", "cu", "cuh", "glsl", "wgsl", "cls", "trigger", "cob", "bzl", "bazel", "cmake", "gn"),
        *("jsonnet", "libsonnet", "rego", "cue", "erb", "ejs", "jsp", "phtml", "cshtml", "razor", "hbs", "twig", "j2"),
        *("dockerfile", "containerfile", "service", "ini", "cfg", "conf", "properties", "env", "jsonc", "json5", "htm"),
    ]
)
NAMES = frozenset(
    [
        *("dockerfile", "containerfile", "makefile", "gnumakefile", "jenkinsfile", "rakefile", "gemfile", "justfile"),
        *("cmakelists.txt", "vagrantfile", "procfile", "build", "workspace", "earthfile", "brewfile", "podfile"),
        *(
            "fastfile",
            "requirements.txt",
            "constraints.txt",
            "pipfile",
            "go.mod",
            ".env",
            ".envrc",
            ".bashrc",
            ".profile",
            ".zshrc",
        ),
    ]
)
"""In lower case; what stands behind a point after them is a variant: ``Dockerfile.test``."""


@dataclass(frozen=True)
class Source:
    """One file: its path from the root, its text, and which of its lines are asked about (None: all)."""

    path: str
    text: str
    asked: frozenset[int] | None = None

    @property
    def lines(self) -> list[str]:
        """Its lines, without their ends."""
        return self.text.removesuffix("\n").split("\n")

    def is_asked(self, first: int, last: int) -> bool:
        """Whether any of those lines is."""
        return self.asked is None or any(number in self.asked for number in range(first, last + 1))


def of_files(root: Path, coverage: list[dict[str, Any]]) -> Iterator[Source]:
    """The sources; what was read and what was not, and why, is added to ``coverage``."""
    base = root if root.is_dir() else root.parent
    place = _place(base)
    left: list[tuple[Path, str]] = []
    files = _files(root, place, left) if root.is_dir() else [root]
    coverage += [skipped(str(place / path.relative_to(base)), reason) for path, reason in left]
    for file in files:
        name = str(place / file.relative_to(base))
        text, reason = text_of(file, is_named=file == root)
        coverage.append(skipped(name, reason) if reason else {"path": name, "read": True, "reason": ""})
        if not reason:
            yield Source(name, text)


def _place(base: Path) -> Path:
    """How a path in ``base`` begins where it is told: as in the repository, which is where reports are read."""
    top = asked(base, "rev-parse", "--show-prefix")
    return Path(os.fsdecode(top.removesuffix(b"\n"))) if top else Path()


def skipped(path: str, reason: str) -> dict[str, Any]:
    """An entry of the coverage for what is not read."""
    return {"path": path, "read": False, "reason": reason}


def _files(root: Path, place: Path, left: list[tuple[Path, str]]) -> list[Path]:
    """Those that git knows or would take, else all but folders of what is built; what cannot be read counts."""

    def note(error: OSError) -> None:
        left.append((Path(error.filename), f"{UNREADABLE}: {error.strerror}"))

    listed = listing(root)
    if listed and (listed.names or listed.shut or asked(root, "check-ignore", "-q", ".") is None):
        left += [(root / os.path.relpath(path, place), f"{UNREADABLE}: {why}") for path, why in listed.shut.items()]
        return [file for file in sorted(root / name for name in listed.names) if _is_there(file, note)]
    found = []
    for folder, folders, names_here in os.walk(root, onerror=note):
        links = {name for name in folders if os.path.islink(os.path.join(folder, name))}
        not_entered = links | (SKIPPED & set(folders))
        left += [(Path(folder, name), LINK if name in links else BUILT) for name in sorted(not_entered)]
        folders[:] = sorted(set(folders) - not_entered)
        found += [Path(folder, name) for name in sorted(names_here)]
    return found


def _is_there(file: Path, note: Callable[[OSError], None]) -> bool:
    """Whether a file that git knows has not been removed; one of which nobody may know is told."""
    try:
        file.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError as error:
        note(error)
        return False
    return True


def is_code(file: Path, head: Callable[[], bytes]) -> bool:
    """By its name; what has no ending may be a script by its first bytes."""
    name = file.name.lower()
    is_named_so = file.suffix[1:].lower() in SUFFIXES or name in NAMES or name.rpartition(".")[0] in NAMES
    return is_named_so or (not file.suffix and head().startswith(b"#!"))


def _head(file: Path) -> bytes:
    try:
        with open(os.open(file, os.O_RDONLY | os.O_NONBLOCK), "rb") as opened:
            return opened.read(2)
    except OSError:
        return b""


def text_of(file: Path, *, is_named: bool) -> tuple[str, str]:
    """Its text, or why there is none. A name that could pass for lines of its own is not told to a model."""
    if not str(file).isprintable():
        return "", "its name has characters that cannot be printed"
    if file.is_symlink() and not is_named:
        return "", LINK
    if file.is_dir():
        return "", REPOSITORY
    if not (is_named or is_code(file, lambda: _head(file))):
        return "", "not code by its name"
    try:
        if not stat.S_ISREG((status := file.stat()).st_mode):
            return "", "no regular file"
        if status.st_size > LARGEST:
            return "", f"more than {LARGEST} bytes"
        return decoded(file.read_bytes())
    except OSError as error:
        return "", f"{UNREADABLE}: {error.strerror}"


def decoded(data: bytes) -> tuple[str, str]:
    """What is code by its name has to be text: a NUL in it keeps no program from being run."""
    if len(data) > LARGEST:
        return "", f"more than {LARGEST} bytes"
    if b"\0" in data:
        return "", "code by its name, but no text"
    if not data.strip():
        return "", "empty"
    try:
        return data.decode().replace("\r\n", "\n"), ""
    except UnicodeDecodeError:
        return "", "no UTF-8 text"


def numbered(source: Source) -> list[str]:
    """Its lines with their numbers; in a diff those that are asked about are marked, with a few around them."""
    lines = source.lines
    if source.asked is None:
        return [f"{number}: {line}" for number, line in enumerate(lines, 1)]
    near = {other for number in source.asked for other in range(number - 5, number + 6)}
    return [
        f"{number}{'+' if number in source.asked else ' '}: {line}"
        for number, line in enumerate(lines, 1)
        if number in near
    ]


def parts_of(sources: list[Source], size: int) -> list[str]:
    """All lines in texts of about ``size`` bytes: nothing is left out, a file that is too long goes into several."""
    parts: list[str] = []
    part: list[str] = []
    used = 0
    for source in sources:
        part.append(f"file: {source.path}")
        for line in numbered(source):
            if used and used + len(line.encode(errors="replace")) > size:
                parts.append("\n".join(part))
                part, used = [f"file: {source.path} (goes on)"], 0
            part.append(line)
            used += len(line.encode(errors="replace")) + 1
    return [*parts, "\n".join(part)] if used else parts
