"""What an unfinished run has done so far, a file for each phase and each item, so that nothing is paid twice."""

import fcntl
import json
import logging
import os
import shutil
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from llmx import paths
from llmx.errors import NotFoundError, UsageError
from llmx.paths import make_private
from llmx.templates.effects import Effects, read_effects
from llmx.templates.same_work import Facts, differences, listed

logger = logging.getLogger("llmx")

LAST = "last"
"""Stands for the newest unfinished run of the same template with the same parameters."""

JOURNAL = "journal.jsonl"
"""What the inputs of a batch came to."""

LOCK = ".lock"

LONGEST_S = 14 * 86400.0
"""An unfinished run that nobody has gone on with for so long is forgotten."""


class Kept:
    """A folder of its own for each run; ``facts`` are what makes two runs the same work.

    ``begun`` are phases of which a part is kept.
    """

    def __init__(self, run: str, facts: Facts) -> None:
        self.run = run
        self.facts = facts
        self.begun: set[str] = set()
        self.results: dict[str, Any] = {}
        self.effects: dict[str, Effects] = {}
        self.models: list[dict[str, Any]] = []
        self._lock: int | None = None
        self._is_written = True

    def __enter__(self) -> None:
        """For as long as the run is going on."""

    def __exit__(self, *_: object) -> None:
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    @property
    def doubts(self) -> list[str]:
        """What speaks against those who have answered so far."""
        return list(dict.fromkeys(doubt for each in self.effects.values() for doubt in each.checks.doubts))

    @property
    def _folder(self) -> Path:
        return folder() / self.run

    def put(self, name: str, value: object, effects: Effects, *, phase: str, models: list[dict[str, Any]]) -> None:
        """Keep what a phase or a part of it came to; what is no JSON is done again later.

        Where nothing can be written the run goes on all the same, and says so once.
        """
        told = {"name": name, "phase": phase, "value": value, "models": models, "effects": effects.as_dict()}
        try:
            text = json.dumps({"facts": dict(self.facts), **told})
        except (TypeError, ValueError):
            return
        try:
            self._write(name, text)
        except OSError as error:
            if self._is_written:
                logger.warning("--resume cannot go on with this run, as it cannot be kept: %s", error.strerror)
            self._is_written = False

    def _write(self, name: str, text: str) -> None:
        self._hold()
        fresh = self._folder / f".{name}"
        fresh.write_text(text, encoding="utf-8", errors="surrogatepass")
        fresh.replace(self._folder / f"{name}.json")

    def remove(self) -> None:
        """The run is over."""
        shutil.rmtree(self._folder, ignore_errors=True)

    @property
    def is_there(self) -> bool:
        """Whether anything is kept, so that the run can go on."""
        return is_kept(self.run)

    def read(self) -> None:
        """Take up what an earlier run has done; raises ``LlmxError`` where there is none of this work."""
        if self.run == LAST:
            self.run = self._newest()
        if "/" in self.run or self.run.startswith(".") or not self._folder.is_dir():
            hint = "the run's id is in the metadata of its result; --resume last is the newest of this work"
            raise NotFoundError(f"there is no unfinished run {self.run}", hint=hint)
        with suppress(OSError):  # what cannot be written can still be read
            self._hold()
        for file in self._folder.glob("[!.]*.json"):
            found = json.loads(file.read_text(encoding="utf-8", errors="surrogatepass"))
            if other := differences(found.get("facts", {}), self.facts):
                raise UsageError(
                    f"run {self.run} was not of the same work: {listed(other)} changed since",
                    hint="say what was said then, or leave --resume out to begin anew",
                )
            self.begun |= {found["phase"]} - {found["name"]}
            self.results[found["name"]] = found["value"]
            self.effects[found["name"]] = read_effects(found["effects"])
            self.models += [each for each in found["models"] if each not in self.models]

    def _hold(self) -> None:
        """Nobody else goes on with the run meanwhile; raises ``UsageError`` where somebody does."""
        if self._lock is not None:
            return
        make_private(str(self._folder))
        lock = os.open(self._folder / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(lock)
            raise UsageError(f"run {self.run} is going on", hint="it can be gone on with when it has ended") from None
        self._lock = lock

    def _newest(self) -> str:
        others: list[str] = []
        for path in sorted(_folders(), key=_touched, reverse=True):
            file = next(path.glob("[!.]*.json"), None)
            facts = json.loads(file.read_text(errors="surrogatepass")).get("facts", {}) if file else {}
            if facts and not (other := differences(facts, self.facts)):
                return path.name
            if facts and facts["the template"] == self.facts["the template"]:
                others.append(f"; the newest, {path.name}, differs: {listed(other)}")
        hint = "leave --resume out to begin anew"
        raise NotFoundError(f"there is no unfinished run of the same work{(others or [''])[0]}", hint=hint)


def folder() -> Path:
    """Where unfinished runs are."""
    return Path(paths.state_dir()) / "templates"


def is_kept(run: str) -> bool:
    """Whether anything of that run can be gone on with."""
    return any((folder() / run).glob("[!.]*.json"))


def batches() -> Path:
    """Where batches are of which an input is still to be done."""
    return Path(paths.state_dir()) / "batches"


def forget_old(seconds: float = LONGEST_S) -> int:
    """Remove runs and batches that nobody has gone on with for so long, and say how many; none that goes on now."""
    old = [path for path in (*_folders(), *_folders(batches())) if time.time() - _touched(path) > seconds]
    return sum(_forgotten(path) for path in old)


def _touched(path: Path) -> float:
    """When something was last kept there; a journal grows without its folder being touched."""
    try:
        return max(each.stat().st_mtime for each in (path, *path.glob(JOURNAL)))
    except OSError:
        return time.time()


def _forgotten(path: Path) -> bool:
    held = next((each for each in (path / LOCK, path / JOURNAL) if each.exists()), None)
    try:
        with open(held or os.devnull, "rb") as lock:
            if held:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(path)
    except OSError:  # it goes on, or another removes it
        return False
    return True


def _folders(parent: Path | None = None) -> list[Path]:
    try:
        return [path for path in (parent or folder()).iterdir() if path.is_dir()]
    except OSError:
        return []
