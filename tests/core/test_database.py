"""``core/database.py``: private files, versions, damage, and what is left after SIGKILL."""

import os
import sqlite3
import stat
import subprocess
import sys

import pytest

from llmx.core.database import DatabaseDamagedError, connect, discard_if_damaged, transaction
from llmx.errors import LlmxError

FIRST = "CREATE TABLE words (word TEXT)"
SECOND = "ALTER TABLE words ADD COLUMN number INTEGER"


def modes(folder):
    return {name: stat.S_IMODE(os.stat(f"{folder}/{name}").st_mode) for name in os.listdir(folder)}


def test_folder_and_every_file_are_the_owners_alone(tmp_path):
    old = os.umask(0)
    try:
        connection = connect(f"{tmp_path}/a/b/words.db", [FIRST])
        connection.execute("INSERT INTO words VALUES ('one')")
        assert set(modes(f"{tmp_path}/a/b").values()) == {0o600}
        assert len(modes(f"{tmp_path}/a/b")) >= 3
    finally:
        os.umask(old)
    assert stat.S_IMODE(os.stat(f"{tmp_path}/a/b").st_mode) == 0o700
    connection.close()


def test_an_older_database_is_brought_up_to_date_and_keeps_what_it_has(tmp_path):
    path = f"{tmp_path}/words.db"
    connection = connect(path, [FIRST])
    connection.execute("INSERT INTO words VALUES ('one')")
    connection.close()
    newer = connect(path, [FIRST, SECOND])
    assert newer.execute("SELECT word, number FROM words").fetchall() == [("one", None)]
    newer.close()
    with pytest.raises(LlmxError, match="newer llmx"):
        connect(path, [FIRST])


def test_a_script_that_fails_leaves_the_old_version_whole(tmp_path):
    path = f"{tmp_path}/words.db"
    connect(path, [FIRST]).close()
    with pytest.raises(LlmxError):
        connect(path, [FIRST, f"{SECOND}; SELECT * FROM nowhere"])
    again = connect(path, [FIRST, SECOND])
    assert again.execute("SELECT number FROM words").fetchall() == []
    again.close()


@pytest.mark.parametrize("content", [b"this is no database " * 100, b"SQLite format 3\0" + bytes(4096)])
def test_what_is_no_database_is_said_and_left_as_it_is(tmp_path, content):
    path = tmp_path / "words.db"
    path.write_bytes(content)
    with pytest.raises(DatabaseDamagedError, match=r"words\.db is damaged"):
        connect(str(path), [FIRST])
    assert path.read_bytes() == content
    discard_if_damaged(str(path))
    connect(str(path), [FIRST]).close()


def test_a_sound_database_is_not_discarded(tmp_path):
    path = f"{tmp_path}/words.db"
    connection = connect(path, [FIRST])
    connection.execute("INSERT INTO words VALUES ('one')")
    discard_if_damaged(path)
    assert connection.execute("SELECT * FROM words").fetchall() == [("one",)]
    connection.close()


def test_a_block_that_fails_writes_nothing(tmp_path):
    connection = connect(f"{tmp_path}/words.db", [FIRST])
    with pytest.raises(LlmxError, match="no"), transaction(connection):
        _write_and_fail(connection)
    assert connection.execute("SELECT * FROM words").fetchall() == []
    connection.close()


def test_a_folder_that_cannot_be_made_is_an_error_with_the_path(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(LlmxError, match=r"file/words\.db cannot be opened"):
        connect(f"{tmp_path}/file/words.db", [FIRST])


OPENING = """
import sys
from llmx.core.database import connect
connection = connect(sys.argv[1], ["CREATE TABLE words (word TEXT)", "CREATE TABLE more (word TEXT)"])
connection.execute("INSERT INTO more VALUES (?)", (sys.argv[2],))
"""


def test_processes_that_open_it_for_the_first_time_at_once_all_succeed(tmp_path):
    path = f"{tmp_path}/words.db"
    children = [subprocess.Popen([sys.executable, "-c", OPENING, path, str(number)]) for number in range(8)]
    assert [child.wait(60) for child in children] == [0] * 8
    reading = sqlite3.connect(path)
    assert reading.execute("SELECT count(*) FROM more").fetchone() == (8,)
    reading.close()


def _write_and_fail(connection):
    connection.execute("INSERT INTO words VALUES ('one')")
    raise LlmxError("no")
