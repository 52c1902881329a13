"""Answers that are kept: the same question to the same model is not paid twice. Any file here may be deleted."""

import json
import sqlite3
import time
from collections.abc import Sequence
from hashlib import blake2b, sha256
from typing import Any, NamedTuple

from llmx.core.database import DatabaseDamagedError, connect, discard_if_damaged, transaction
from llmx.core.events import Event
from llmx.core.messages import Request
from llmx.core.transcripts import canonical, event_values, read_events, request_value

FORMAT = 1
"""Part of every key: a change of what is kept makes new keys."""

MAX_BYTES = 256 << 20
MAX_AGE_S = 30 * 86400.0
FILE = "answers.db"

_SCHEMA = (
    """CREATE TABLE answers (
        key BLOB PRIMARY KEY, made REAL NOT NULL, used REAL NOT NULL, size INTEGER NOT NULL,
        sum BLOB NOT NULL, body BLOB NOT NULL);
    CREATE INDEX answers_by_use ON answers (used);
    CREATE TABLE totals (hits INTEGER NOT NULL, misses INTEGER NOT NULL, size INTEGER NOT NULL);
    INSERT INTO totals VALUES (0, 0, 0);
    CREATE TRIGGER added AFTER INSERT ON answers BEGIN UPDATE totals SET size = size + new.size; END;
    CREATE TRIGGER removed AFTER DELETE ON answers BEGIN UPDATE totals SET size = size - old.size; END""",
)


class Asked(NamedTuple):
    """Whom a question goes to: ``identity`` is the base URL, or the digest of a local model's file."""

    backend: str
    identity: str
    request: Request
    sample: int = 0


class Stats(NamedTuple):
    """What a cache holds, in bytes, how often it had what was asked for, and how often an answer had to be made."""

    entries: int
    size: int
    hits: int
    misses: int

    @property
    def hit_rate(self) -> float | None:
        """From 0 to 1; None before the first question."""
        asked = self.hits + self.misses
        return self.hits / asked if asked else None


def key_of(asked: Asked) -> bytes:
    """32 bytes that stand for all that can change an answer."""
    question = [FORMAT, asked.backend, asked.identity, asked.sample, request_value(asked.request)]
    return sha256(canonical(question).encode(errors="surrogatepass")).digest()


class Cache:
    """The answers in one folder, shared by every process that uses it."""

    def __init__(self, folder: str, *, max_bytes: int = MAX_BYTES, max_age: float = MAX_AGE_S) -> None:
        self._path = f"{folder}/{FILE}"
        self._max_bytes = max_bytes
        self._max_age = max_age or float("inf")
        self._connection = self._opened()

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()

    def get(self, key: bytes) -> list[Event] | None:
        """The events of the answer, made anew for each caller; None where there is none that is whole and young."""
        try:
            return self._got(key)
        except sqlite3.OperationalError:  # locked or read-only: as good as not there
            return None
        except sqlite3.DatabaseError:
            self._begin_anew()
            return None

    def put(self, key: bytes, events: Sequence[Event]) -> None:
        """Keep the answer; where that cannot be done it is not kept."""
        body = json.dumps(event_values(events), ensure_ascii=False).encode(errors="surrogatepass")
        try:
            self._keep(key, body)
        except sqlite3.OperationalError:
            return
        except sqlite3.DatabaseError:
            self._begin_anew()

    def stats(self) -> Stats:
        """What is in it."""
        count = self._connection.execute("SELECT count(*) FROM answers").fetchone()[0]
        hits, misses, size = self._connection.execute("SELECT hits, misses, size FROM totals").fetchone()
        return Stats(count, size, hits, misses)

    def oldest_use(self) -> float | None:
        """When the answer was last used that was not used for longest, in seconds since the epoch."""
        oldest: float | None = self._connection.execute("SELECT min(used) FROM answers").fetchone()[0]
        return oldest

    def clear(self, older_than: float = 0.0) -> int:
        """Remove what was not used for at least that many seconds; how many that were."""
        with transaction(self._connection):
            gone = self._connection.execute("DELETE FROM answers WHERE used <= ?", (time.time() - older_than,))
        self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        return gone.rowcount

    def _got(self, key: bytes) -> list[Event] | None:
        found = self._connection.execute("SELECT made, sum, body FROM answers WHERE key = ?", (key,)).fetchone()
        now = time.time()
        events = None
        if found and found[0] <= now + 1 and now - found[0] < self._max_age:
            events = _read(key, found[1], found[2])
        if found and events is None:
            self._connection.execute("DELETE FROM answers WHERE key = ?", (key,))
        if events is not None:
            self._count_hit(key, now)
        return events

    def _count_hit(self, key: bytes, now: float) -> None:
        """For the statistics; nobody waits for them, so that what another process counts now may be missing."""
        self._connection.execute("PRAGMA busy_timeout = 0")
        try:
            with transaction(self._connection):
                self._connection.execute("UPDATE totals SET hits = hits + 1")
                self._connection.execute("UPDATE answers SET used = ? WHERE key = ?", (now, key))
        except sqlite3.OperationalError:
            pass
        finally:
            self._connection.execute("PRAGMA busy_timeout = 30000")

    def _keep(self, key: bytes, body: bytes) -> None:
        if len(body) > self._max_bytes // 8:
            return
        now = time.time()
        with transaction(self._connection):
            self._connection.execute("DELETE FROM answers WHERE key = ?", (key,))
            row = (key, now, now, len(body), _sum(key, body), body)
            self._connection.execute("INSERT INTO answers VALUES (?, ?, ?, ?, ?, ?)", row)
            totals = "UPDATE totals SET misses = misses + 1 RETURNING size"
            size = self._connection.execute(totals).fetchone()[0]
            if size > self._max_bytes:
                self._make_room(size - self._max_bytes * 9 // 10)

    def _make_room(self, needed: int) -> None:
        """Remove what was not used for longest, until that many bytes are free."""
        rows = self._connection.execute("SELECT key, size FROM answers ORDER BY used")
        gone = []
        for key, size in rows:
            if needed <= 0:
                break
            gone.append((key,))
            needed -= size
        self._connection.executemany("DELETE FROM answers WHERE key = ?", gone)

    def _opened(self) -> sqlite3.Connection:
        try:
            return connect(self._path, _SCHEMA)
        except DatabaseDamagedError:
            discard_if_damaged(self._path)
            return connect(self._path, _SCHEMA)

    def _begin_anew(self) -> None:
        self._connection.close()
        discard_if_damaged(self._path)
        self._connection = self._opened()


def _sum(key: bytes, body: bytes) -> bytes:
    return blake2b(key + body, digest_size=16).digest()


def _read(key: bytes, check: Any, body: Any) -> list[Event] | None:  # noqa: ANN401  # whatever the column holds
    """The events; None where they are not what was written."""
    try:
        return read_events(json.loads(body)) if _sum(key, body) == check else None
    except (ValueError, TypeError, KeyError, IndexError):
        return None
