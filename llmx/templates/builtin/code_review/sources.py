"""What is to be reviewed: the files below a path, or what a diff adds, and why anything is left out."""

import os
import subprocess
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from llmx.errors import InconclusiveError, NotFoundError, UsageError
from llmx.templates.diffs import changed_lines
from llmx.templates.judging import left_out

LARGEST = 1_000_000
SKIPPED_FOLDERS = {".git", "node_modules", "__pycache__", ".venv", "venv", "dist", "build", "target", ".tox", "vendor"}
SUFFIXES = frozenset(
    [
        *("py", "pyi", "js", "jsx", "ts", "tsx", "mjs", "cjs", "rs", "go", "java", "kt", "kts", "scala", "c", "h"),
        *("cc", "cpp", "cxx", "hpp", "cs", "rb", "php", "swift", "m", "mm", "sh", "bash", "zsh", "fish", "ps1", "pl"),
        *("pm", "lua", "r", "jl", "ex", "exs", "erl", "hs", "ml", "clj", "sql", "html", "css", "scss", "vue"),
        *("svelte", "tf", "nix", "yaml", "yml", "toml", "json", "xml", "proto", "graphql"),
        *("pyw", "pyx", "mts", "cts", "dart", "zig", "groovy", "gradle", "bat", "cmd", "psm1", "sol", "hcl", "mk"),
    ]
)
PLAIN = (
    *("--unified=0", "--no-color", "--no-ext-diff", "--no-textconv", "--submodule=short"),
    *("--src-prefix=a/", "--dst-prefix=b/"),
)
"""A diff by lines with git's own prefixes, whatever somebody's settings say."""

NAMES = frozenset(("Dockerfile", "Makefile", "Jenkinsfile", "Rakefile", "Gemfile", "CMakeLists.txt"))


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


def collected(path: str, options: Mapping[str, Any], coverage: list[dict[str, Any]]) -> list[Source]:
    """The sources below ``path``; what was read and what was not, and why, is added to ``coverage``."""
    root = Path(path)
    if not root.exists():
        raise NotFoundError(f"there is nothing at {path}", hint="llmx template exec code-review --param code_path=PATH")
    diff = options.get("diff") or ("--cached" if options.get("staged") else "")
    sources = list(_of_diff(root, diff, options, coverage) if diff else _of_files(root, coverage))
    if diff and not coverage:
        what = "the diff" if diff == "-" else f"git diff {diff}"
        raise InconclusiveError(f"{what} changes nothing: there was nothing to review")
    if not sources:
        raise InconclusiveError(f"nothing at {path} can be reviewed", hint=left_out(coverage))
    return sources


def _of_files(root: Path, coverage: list[dict[str, Any]]) -> Iterator[Source]:
    base = root if root.is_dir() else root.parent
    for file in _files(root, base, coverage) if root.is_dir() else [root]:
        name = str(file.relative_to(base))
        text, reason = _text(file, is_named=file == root)
        coverage.append({"path": name, "read": not reason, "reason": reason})
        if not reason:
            yield Source(name, text)


def _files(root: Path, base: Path, coverage: list[dict[str, Any]]) -> list[Path]:
    """Those that git knows or would take, else all but folders of what is built; folders that cannot be read count."""

    def note(error: OSError) -> None:
        name = str(Path(error.filename).relative_to(base))
        coverage.append({"path": name, "read": False, "reason": f"it cannot be read: {error.strerror}"})

    listed = _git(root, "ls-files", "-z", "--cached", "--others", "--exclude-standard")
    if listed is not None:
        return sorted({root / name for name in listed.split("\0") if name and (root / name).is_file()})
    found = []
    for folder, folders, names in os.walk(root, onerror=note):
        folders[:] = sorted(set(folders) - SKIPPED_FOLDERS)
        found += [Path(folder, name) for name in sorted(names)]
    return found


def _is_code(file: Path, head: Callable[[], bytes]) -> bool:
    """By its name; what has no ending may be a script by its first bytes."""
    is_named_so = file.suffix[1:].lower() in SUFFIXES or file.name in NAMES
    return is_named_so or (not file.suffix and head().startswith(b"#!"))


def _head(file: Path) -> bytes:
    try:
        with open(os.open(file, os.O_RDONLY | os.O_NONBLOCK), "rb") as opened:
            return opened.read(2)
    except OSError:
        return b""


def _text(file: Path, *, is_named: bool) -> tuple[str, str]:
    """Its text, or why there is none. A name that could pass for lines of its own is not told to a model."""
    if not str(file).isprintable():
        return "", "its name has characters that cannot be printed"
    if not (is_named or _is_code(file, lambda: _head(file))):
        return "", "not code by its name"
    try:
        if file.is_symlink() and not is_named:
            return "", "a link"
        if file.stat().st_size > LARGEST:
            return "", f"more than {LARGEST} bytes"
        return _decoded(file.read_bytes())
    except OSError as error:
        return "", f"it cannot be read: {error.strerror}"


def _decoded(data: bytes) -> tuple[str, str]:
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


def _of_diff(root: Path, diff: str, options: Mapping[str, Any], coverage: list[dict[str, Any]]) -> Iterator[Source]:
    """The files that the diff changes, as they are now, with the lines that it adds."""
    top = _git(root, "rev-parse", "--show-toplevel")
    if top is None:
        raise UsageError(f"{root} is in no git repository", hint="--diff and --staged need one")
    base = Path(top.strip())
    text = str(options["diff_text"]) if diff == "-" else _diff_text(base, diff)
    for name, lines in changed_lines(text).items():
        if not (base / name).resolve().is_relative_to(base.resolve()):
            raise UsageError(f"the diff names {name!r}, which is outside of {base}")
        text, reason = _changed_text(base, name, _side(diff))
        reason = "nothing is added" if lines == set() else reason
        coverage.append({"path": name, "read": not reason, "reason": reason})
        if not reason:
            yield Source(name, text, None if lines is None else frozenset(lines))


def _side(diff: str) -> str:
    """What the newer side of a diff is called by git; empty for the files as they are now."""
    if diff == "--cached":
        return ":"
    dots = next((dots for dots in ("...", "..") if dots in diff), "")
    return f"{diff.rpartition(dots)[2] or 'HEAD'}:" if dots else ""


def _changed_text(base: Path, name: str, side: str) -> tuple[str, str]:
    """The text of a file as the diff has it, which need not be in the working tree, or why there is none."""
    file = base / name
    if not side:
        return _text(file, is_named=False) if os.path.lexists(file) else ("", "it is not there")
    if not name.isprintable():
        return "", "its name has characters that cannot be printed"
    data = _git_bytes(base, "cat-file", "blob", f"{side}{name}")
    if data is None:
        return "", "not code by its name" if file.is_dir() else "git does not have it"
    return _decoded(data) if _is_code(file, lambda: data) else ("", "not code by its name")


def _diff_text(base: Path, diff: str) -> str:
    words = [diff] if diff == "--cached" else ["--end-of-options", diff]
    ran = subprocess.run(
        ["git", "-C", str(base), "diff", *PLAIN, *words, "--"],
        capture_output=True,
        check=False,
    )
    if ran.returncode:
        said = ran.stderr.decode(errors="replace").strip().split("\n")[0]
        is_shallow = (_git(base, "rev-parse", "--is-shallow-repository") or "").strip() == "true"
        hint = "the clone is shallow: fetch it whole (fetch-depth: 0)" if is_shallow else "git diff shows what it takes"
        raise InconclusiveError(f"git diff {diff}: {said}", hint=hint)
    return ran.stdout.decode(errors="replace")


def _git(folder: Path, *words: str) -> str | None:
    """What git says; None where it fails or is missing."""
    said = _git_bytes(folder, *words)
    return None if said is None else said.decode(errors="surrogateescape")


def _git_bytes(folder: Path, *words: str) -> bytes | None:
    try:
        ran = subprocess.run(["git", "-C", str(folder), *words], capture_output=True, check=False)
    except FileNotFoundError:
        return None
    return ran.stdout if ran.returncode == 0 else None


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
