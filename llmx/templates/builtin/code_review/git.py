"""What git says of a repository."""

import os
import re
import subprocess
from pathlib import Path
from typing import NamedTuple

from llmx.errors import InconclusiveError, UsageError

_SHUT = re.compile(rb"^warning: could not open directory '(.*)/': (.*)$", re.MULTILINE)


class Listing(NamedTuple):
    """Files by their names from the folder that was asked about; folders that git could not open, from the top."""

    names: set[str]
    shut: dict[str, str]


def listing(folder: Path) -> Listing | None:
    """What git knows or would take below a folder, with why it could not look; None outside of a repository."""
    ran = _ran(folder, "ls-files", "-z", "--cached", "--others", "--exclude-standard")
    if ran is None or ran.returncode:
        return None
    names = {os.fsdecode(name) for name in ran.stdout.split(b"\0") if name}
    return Listing(names, {os.fsdecode(path): why.decode(errors="replace") for path, why in _SHUT.findall(ran.stderr)})


def asked(folder: Path, *words: str) -> bytes | None:
    """What git says; None where it fails or is missing."""
    ran = _ran(folder, *words)
    return None if ran is None or ran.returncode else ran.stdout


def required(folder: Path, *words: str) -> bytes:
    """What git says; raises ``InconclusiveError`` with its own words where it fails."""
    ran = _ran(folder, *words)
    if ran is None:
        raise InconclusiveError("git cannot be run here", hint="--diff and --staged need it")
    if ran.returncode:
        said = ran.stderr.decode(errors="replace").strip().split("\n")[0]
        raise InconclusiveError(f"git {' '.join(_plain(words))}: {said}", hint=_hint(folder, said))
    return ran.stdout


def top_of(folder: Path) -> Path:
    """The folder that paths of a diff begin in; raises ``UsageError`` where there is no repository."""
    try:
        top = required(folder, "rev-parse", "--show-toplevel").decode(errors="surrogateescape")
    except InconclusiveError as error:
        if "not a git repository" not in error.message:
            raise
        raise UsageError(f"{folder} is in no git repository", hint="--diff and --staged need one") from None
    return Path(top.removesuffix("\n"))


def _hint(folder: Path, said: str) -> str:
    if "dubious ownership" in said:
        return "the repository is another user's: git config --global --add safe.directory '*', where you trust it"
    if asked(folder, "rev-parse", "--is-shallow-repository") == b"true\n":
        return "the clone is shallow: fetch it whole (fetch-depth: 0)"
    return "git diff shows what it takes"


def _plain(words: tuple[str, ...]) -> list[str]:
    return [word for word in words if not word.startswith("--") or word == "--cached"]


def _ran(folder: Path, *words: str) -> subprocess.CompletedProcess[bytes] | None:
    try:
        english = {**os.environ, "LC_ALL": "C"}  # its words are read
        return subprocess.run(["git", "-C", str(folder), *words], env=english, capture_output=True, check=False)
    except OSError:
        return None
