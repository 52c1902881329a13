"""Every run that is known; the lines of one are only parsed when it is asked for.

What comes from within a sandbox names the run that made the sandbox as its ``outer``. Any process in there can have
said it, so it tells of runs that were started in there and of nothing else: no line of theirs changes another run.
"""

import re
import time
from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any

from llmx.core.audit import timestamp
from llmx.core.audit_reader import lines, parse
from llmx.core.runs.liveness import is_alive
from llmx.core.runs.places import RESULT, START, folder_of, is_id, stored_ids, time_of
from llmx.core.runs.records import STATUSES, Run, claim_of, load_object, outer_of, text_of

_HEAD = re.compile(rb'{"time":"([^"]{24})","event":"(\w+)","run_id":"(\w{16})"(?:,"outer":"(\w{16})")?[,}]', re.ASCII)
"""How our lines begin, so that most need not be parsed to know whose they are."""

_CLOCKS = 1.0  # seconds by which the times of a line and of its run's id may differ


class Runs:
    """The runs in the log and the folders; raises ``LlmxError`` where the log may not be read."""

    def __init__(self, env: Mapping[str, str]) -> None:
        self._starts: dict[str, tuple[str, bytes]] = {}  # by id: the outer run, and the line
        self._ends: dict[tuple[str, str], bytes] = {}  # by id and outer run
        self._env = env
        self._read()
        self._folders = {run_id: folder_of(env, run_id) for run_id in stored_ids(env)}
        only_stored = [run_id for run_id in self._folders if run_id not in self._starts]
        self.ids = sorted([*self._starts, *only_stored])

    def _read(self) -> None:
        for line in lines(self._env):
            self._add(line)

    @cached_property
    def _alive(self) -> set[str]:
        """Runs without an end that go on; who has ended since the log was read has written an end to it."""
        without_end = [
            (run_id, line) for run_id, (outer, line) in self._starts.items() if self._has_no_end(run_id, outer)
        ]
        alive = {run_id for run_id, line in without_end if is_alive(claim_of(parse(line) or {}, time_of(run_id)))}
        if len(alive) < len(without_end):
            self._read()
        return alive

    def _has_no_end(self, run_id: str, outer: str) -> bool:
        return not outer and (run_id, outer) not in self._ends

    def __iter__(self) -> Iterator[Run]:
        """Oldest first."""
        return (run for run_id in self.ids if (run := self.run(run_id)))

    def newest(self, *, status: str = "", command: str = "", since: float | None = None) -> Iterator[Run]:
        """Newest first: those with that status, that word in their command line, of the last ``since`` seconds."""
        earliest = 0.0 if since is None else time.time() - since
        for run_id in reversed(self.ids):
            if time_of(run_id) < earliest:
                return
            run = self.run(run_id)
            if run and (not status or run.status == status) and _names(run, command):
                yield run

    def last(self) -> Run | None:
        """The last run that was not started within another."""
        own = (run_id for run_id in reversed(self.ids) if not self._starts.get(run_id, ("", b""))[0])
        return next(filter(None, map(self.run, own)), None)

    def run(self, run_id: str) -> Run | None:
        """The run with that id; None where nothing tells how it began."""
        outer, line = self._starts.get(run_id, ("", b""))
        folder = self._folders.get(run_id, "")
        start = parse(line) or (load_object(f"{folder}/{START}") if folder else None)
        if not start:
            return None
        if folder and not outer:
            is_running, stored = _state(run_id, start, folder)
        else:
            is_running, stored = self._goes_on(run_id, outer), None
        end = {} if is_running else parse(self._ends.get((run_id, outer), b"")) or stored or {}
        return Run(run_id, _status(end, is_running=is_running), time_of(run_id), start, end, "" if outer else folder)

    def _goes_on(self, run_id: str, outer: str) -> bool:
        """Whether a run without a folder has not ended; in a sandbox, that is for the run that made it to say."""
        if (run_id, outer) in self._ends:
            return False
        if not outer:
            return run_id in self._alive
        run = None if self._starts.get(outer, ("", b""))[0] else self.run(outer)
        return run is not None and not run.is_over

    def _add(self, line: bytes) -> None:
        """Note whose line it is."""
        when, event, run_id, outer = _head(line)
        if event == "start" and is_id(run_id):
            known = self._starts.get(run_id)
            if known and (outer or not known[0]):
                return
            if not outer or _can_be_within(run_id, outer, when):
                self._starts[run_id] = outer, line
        elif event == "end":
            self._ends[run_id, outer] = line


def _head(line: bytes) -> tuple[str, str, str, str]:
    """Time, event, id and outer run; empty where the line is not ours."""
    if found := _HEAD.match(line):
        when, event, run_id, outer = found.groups(b"")
        return when.decode("ascii", "replace"), event.decode(), run_id.decode(), outer.decode()
    entry = parse(line) or {}
    return text_of(entry.get("time")), text_of(entry.get("event")), text_of(entry.get("run_id")), outer_of(entry)


def _can_be_within(run_id: str, outer: str, when: str) -> bool:
    """Whether a run of that id can have been started in ``outer``'s sandbox by the time of the line."""
    return outer < run_id and timestamp(time_of(run_id) - _CLOCKS) <= when


def _names(run: Run, word: str) -> bool:
    return not word or any(word in each for each in run.argv)


def _state(run_id: str, start: dict[str, Any], folder: str) -> tuple[bool, dict[str, Any] | None]:
    """Whether a run with a folder goes on, which it does until its result is there; and what that tells of its end."""
    is_running = is_alive(claim_of(start, time_of(run_id)))
    result = load_object(f"{folder}/{RESULT}")
    return (is_running and result is None), (_end(result) if result else None)


def _status(end: Mapping[str, Any], *, is_running: bool) -> str:
    if not end:
        return "running" if is_running else "lost"
    status = text_of(end.get("status"))
    return status if status in STATUSES else "error"


def _end(result: dict[str, Any]) -> dict[str, Any]:
    """The end's line as the stored result tells it, for a run whose line is not in the log."""
    usage = result.get("usage") if isinstance(result.get("usage"), dict) else {}
    return {**result, **(usage or {}), "time": result.get("ended_at")}
