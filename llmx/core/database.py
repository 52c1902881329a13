"""A private SQLite database that many processes use at once: made, brought up to date and opened in one place."""

import fcntl
import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress

from llmx.errors import LlmxError
from llmx.paths import make_private

WAIT_S = 30.0
"""How long another process's write is waited for."""


class DatabaseDamagedError(LlmxError):
    """The file is no database, or its pages are not what they should be."""


def connect(path: str, schema: Sequence[str]) -> sqlite3.Connection:
    """A connection in autocommit mode; ``schema`` holds one script a version, run on what is older.

    What a process has committed survives its SIGKILL (write-ahead log). Raises ``DatabaseDamagedError``, and
    ``LlmxError`` for a file that cannot be opened or that a newer llmx has written.
    """
    try:
        return _connected(path, schema)
    except sqlite3.OperationalError as error:
        raise LlmxError(f"{path} cannot be opened: {error}") from None
    except OSError as error:
        raise LlmxError(f"{path} cannot be opened: {error.strerror}") from None
    except sqlite3.DatabaseError as error:
        raise DatabaseDamagedError(f"{path} is damaged: {error}", hint=f"move it away: mv {path} {path}.bad") from None


def _connected(path: str, schema: Sequence[str]) -> sqlite3.Connection:
    if not os.path.exists(path):
        _create(path)
    connection = sqlite3.connect(path, timeout=WAIT_S, isolation_level=None, check_same_thread=False)
    try:
        if _version(connection) != len(schema):
            _bring_up_to_date(connection, path, schema)
        connection.execute("PRAGMA synchronous = NORMAL")
    except BaseException:
        connection.close()
        raise
    return connection


def _create(path: str) -> None:
    """An empty file that only its owner reads; SQLite gives the files beside it the same mode."""
    make_private(os.path.dirname(path))
    os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))


def _bring_up_to_date(connection: sqlite3.Connection, path: str, schema: Sequence[str]) -> None:
    """Run the scripts of the versions after its own; one process at a time, as the switch to WAL waits for nobody."""
    with _alone(path):
        connection.execute("PRAGMA journal_mode = WAL")
        version = _version(connection)
        if version > len(schema):
            raise LlmxError(f"{path} was written by a newer llmx", hint="pip install -U llmx-toolkit")
        for number, script in enumerate(schema[version:], version + 1):
            connection.executescript(f"BEGIN IMMEDIATE; {script}; PRAGMA user_version = {number}; COMMIT")


@contextmanager
def _alone(path: str) -> Iterator[None]:
    """No other process is in such a block about this database."""
    with open(f"{path}.lock", "a", opener=_private) as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _private(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_CLOEXEC, 0o600)


def _version(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def discard_if_damaged(path: str) -> None:
    """Remove a database that may be lost, unless another process has already put a sound one in its place."""
    with _alone(path):
        if _is_sound(path):
            return
        for name in (f"{path}-wal", f"{path}-shm", path):  # a log that is left behind would be read into the next one
            with suppress(FileNotFoundError):
                os.unlink(name)


def _is_sound(path: str) -> bool:
    with closing(sqlite3.connect(path, timeout=WAIT_S)) as connection:
        try:
            return bool(connection.execute("PRAGMA quick_check").fetchall() == [("ok",)])
        except sqlite3.OperationalError:  # locked: somebody uses it
            return True
        except sqlite3.DatabaseError:
            return False


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """All of the block or nothing; nobody else writes meanwhile."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")
