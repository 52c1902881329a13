"""The store of sessions: one SQLite database, shared by all of a user's processes."""

import json
import os
import re
import time
from collections.abc import Iterable, Sequence

from llmx import paths
from llmx.core.database import connect, transaction
from llmx.core.events import Usage
from llmx.core.messages import Message, Role
from llmx.core.transcripts import parts_value, read_message
from llmx.errors import NotFoundError, UsageError, nearest
from llmx.sessions import EPHEMERAL_S, IDLE_S, UNKNOWN, Artifact, Session, State, Turn

SCHEMA = (
    """CREATE TABLE sessions (
        id TEXT PRIMARY KEY, name TEXT NOT NULL, state TEXT NOT NULL, created_at REAL NOT NULL,
        updated_at REAL NOT NULL);
    CREATE UNIQUE INDEX sessions_by_name ON sessions (name) WHERE name != '';
    CREATE TABLE messages (
        session TEXT NOT NULL REFERENCES sessions ON DELETE CASCADE, position INTEGER NOT NULL, at REAL NOT NULL,
        role TEXT NOT NULL, parts TEXT NOT NULL, model TEXT NOT NULL, usage TEXT, tokens INTEGER NOT NULL,
        PRIMARY KEY (session, position)) WITHOUT ROWID;
    CREATE TABLE artifacts (
        session TEXT NOT NULL REFERENCES sessions ON DELETE CASCADE, name TEXT NOT NULL, media_type TEXT NOT NULL,
        data BLOB NOT NULL, PRIMARY KEY (session, name))""",
)

_NAME = re.compile(r"[\w][\w .:-]{0,99}")
_COUNTED = """SELECT id, name, state, created_at, updated_at,
    (SELECT count(*) FROM messages WHERE session = id), (SELECT count(*) FROM artifacts WHERE session = id),
    (SELECT coalesce(sum(tokens), 0) FROM messages WHERE session = id) FROM sessions"""


class Store:
    """All sessions of a user."""

    def __init__(self, path: str = "") -> None:
        self._connection = connect(path or f"{paths.data_dir()}/sessions.db", SCHEMA)
        self._connection.execute("PRAGMA foreign_keys = ON")

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()

    def create(self, name: str = "") -> Session:
        """A new session, ephemeral without a name; raises ``UsageError`` for a name that is none or is taken."""
        if name and not _NAME.fullmatch(name):
            raise UsageError(f"{name!r} is no name for a session", hint="letters, digits, space and . : - _")
        now = time.time()
        session = Session(f"{int(now):x}-{os.urandom(4).hex()}", name, "active", now, now, 0, 0, 0)
        with transaction(self._connection):
            if name and self._found(name):
                raise UsageError(f"there is a session {name!r} already", hint=f"llmx session show {name}")
            self._connection.execute("INSERT INTO sessions VALUES (?, ?, ?, ?, ?)", session[:5])
        return session

    def find(self, name: str) -> Session:
        """The session of that name or id; raises ``NotFoundError`` with the nearest name."""
        found = self._found(name)
        if found is None:
            names = [session.name or session.id for session in self.sessions()]
            near = nearest(name, names)
            hint = f"did you mean {near}?" if near else "llmx session list shows those that there are"
            raise NotFoundError(f"there is no session {name!r}", hint=hint)
        return found

    def open(self, name: str) -> Session:
        """The session of that name or id, a new one where there is none; raises ``UsageError`` for a completed one."""
        session = self._found(name) or self.create(name)
        if session.state == "completed":
            raise UsageError(f"the session {name} is completed", hint=f"llmx session resume {name}")
        return session

    def sessions(self) -> list[Session]:
        """All of them, the last one used first."""
        rows = self._connection.execute(f"{_COUNTED} ORDER BY updated_at DESC").fetchall()
        return [_session(row) for row in rows]

    def turns(self, id_: str) -> list[Turn]:
        """Its messages, in order."""
        rows = self._connection.execute(
            "SELECT position, at, role, parts, model, usage FROM messages WHERE session = ? ORDER BY position", (id_,)
        )
        return _turns(rows.fetchall())

    def append(self, id_: str, message: Message, *, model: str = "", usage: Usage | None = None) -> int:
        """Add a message and return its position; when this returns, it survives the end of the process."""
        now = time.time()
        with transaction(self._connection):
            self._touch(id_, now)
            position = int(
                self._connection.execute(
                    "SELECT coalesce(max(position), 0) + 1 FROM messages WHERE session = ?", (id_,)
                ).fetchone()[0]
            )
            self._write(id_, [Turn(position, now, message, model, usage or UNKNOWN)])
        return position

    def take_back(self, id_: str, position: int) -> None:
        """Remove a message that got no answer."""
        self._connection.execute("DELETE FROM messages WHERE session = ? AND position = ?", (id_, position))

    def put_artifact(self, id_: str, artifact: Artifact) -> None:
        """Keep an artifact, in place of one of the same name."""
        with transaction(self._connection):
            self._touch(id_, time.time())
            self._connection.execute("INSERT OR REPLACE INTO artifacts VALUES (?, ?, ?, ?)", (id_, *artifact))

    def artifacts(self, id_: str) -> list[Artifact]:
        """Its artifacts, by name."""
        query = "SELECT name, media_type, data FROM artifacts WHERE session = ? ORDER BY name"
        return [Artifact(*row) for row in self._connection.execute(query, (id_,))]

    def set_state(self, id_: str, state: State) -> None:
        """Suspend, resume or complete it."""
        now = time.time()
        self._connection.execute("UPDATE sessions SET state = ?, updated_at = ? WHERE id = ?", (state, now, id_))

    def delete(self, id_: str) -> None:
        """Remove it with all that belongs to it."""
        self._connection.execute("DELETE FROM sessions WHERE id = ?", (id_,))

    def collect(self, older_than: float = EPHEMERAL_S) -> list[str]:
        """Remove the ephemeral ones that were not used for that many seconds; their ids."""
        due = time.time() - older_than
        rows = self._connection.execute(
            "DELETE FROM sessions WHERE name = '' AND updated_at <= ? RETURNING id", (due,)
        ).fetchall()
        return [row[0] for row in rows]

    def restore(self, session: Session, turns: Iterable[Turn], artifacts: Sequence[Artifact]) -> None:
        """Write a whole session at once; raises ``UsageError`` where its name or id is taken."""
        with transaction(self._connection):
            for taken in (session.id, session.name):
                if taken and self._found(taken):
                    raise UsageError(f"there is a session {taken!r} already", hint=f"llmx session delete {taken}")
            self._connection.execute("INSERT INTO sessions VALUES (?, ?, ?, ?, ?)", session[:5])
            self._write(session.id, turns)
            rows = [(session.id, *artifact) for artifact in artifacts]
            self._connection.executemany("INSERT INTO artifacts VALUES (?, ?, ?, ?)", rows)

    def _write(self, id_: str, turns: Iterable[Turn]) -> None:
        rows = [(id_, *_row(turn)) for turn in turns]
        self._connection.executemany("INSERT INTO messages VALUES (?, ?, ?, ?, ?, ?, ?, ?)", rows)

    def _found(self, name: str) -> Session | None:
        query = f"{_COUNTED} WHERE id = ? OR (name = ? AND name != '')"
        row = self._connection.execute(query, (name, name)).fetchone()
        return _session(row) if row else None

    def _touch(self, id_: str, now: float) -> None:
        """It was used, and so is active; raises ``NotFoundError`` where it has been deleted meanwhile."""
        query = "UPDATE sessions SET updated_at = ?, state = 'active' WHERE id = ?"
        if not self._connection.execute(query, (now, id_)).rowcount:
            raise NotFoundError(f"the session {id_} was deleted meanwhile", hint="llmx session list")


def _session(row: tuple[str, str, State, float, float, int, int, int]) -> Session:
    session = Session(*row)
    is_idle = session.state == "active" and time.time() - session.updated_at > IDLE_S
    return session._replace(state="suspended") if is_idle else session


def _turns(rows: Sequence[tuple[int, float, Role, str, str, str | None]]) -> list[Turn]:
    """All parts are parsed at once: a call for each would double the time."""
    parts = json.loads(f"[{','.join([row[3] for row in rows])}]")
    return [
        Turn(position, at, read_message(role, values), model, Usage(*json.loads(usage)) if usage else UNKNOWN)
        for (position, at, role, _, model, usage), values in zip(rows, parts, strict=True)
    ]


def _row(turn: Turn) -> tuple[object, ...]:
    parts, usage = json.dumps(parts_value(turn.message)), turn.usage
    told = None if usage == UNKNOWN else json.dumps(usage)
    return turn.position, turn.at, turn.message.role, parts, turn.model, told, usage.total_tokens or 0
