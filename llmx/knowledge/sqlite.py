"""Collections in one SQLite database, shared by all of a user's processes; words are found by FTS5 and ranked by BM25.

Each collection has an index of its own, so that what is rare in it is weighed by nothing but itself.
"""

import hashlib
import json
import sqlite3
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import NamedTuple

from llmx import paths
from llmx.core.database import connect, transaction
from llmx.errors import LlmxError, NotFoundError, UsageError, nearest
from llmx.knowledge import Change, Chunk, Collection, Document, Entry, Lines, Passage, Query
from llmx.knowledge.passages import MARKS, passage
from llmx.knowledge.ranking import ranked
from llmx.knowledge.words import clean, indexed, terms_of

SCHEMA = (
    """CREATE TABLE collections (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, created_at REAL NOT NULL);
    CREATE TABLE documents (
        key INTEGER PRIMARY KEY, collection INTEGER NOT NULL REFERENCES collections ON DELETE CASCADE, id TEXT NOT NULL,
        title TEXT NOT NULL, source TEXT NOT NULL, kind TEXT NOT NULL, digest TEXT NOT NULL, lines INTEGER NOT NULL,
        text TEXT NOT NULL, places TEXT NOT NULL, stamp TEXT NOT NULL, added_at REAL NOT NULL, updated_at REAL NOT NULL,
        UNIQUE (collection, id));
    CREATE TABLE chunks (
        key INTEGER PRIMARY KEY, document INTEGER NOT NULL REFERENCES documents ON DELETE CASCADE,
        start INTEGER NOT NULL, end INTEGER NOT NULL, first INTEGER NOT NULL, last INTEGER NOT NULL);
    CREATE INDEX chunks_by_document ON chunks (document)""",
)
_DOCUMENT = """SELECT id, title, source, kind, digest, lines,
    (SELECT count(*) FROM chunks WHERE document = documents.key), stamp, added_at, updated_at FROM documents"""
MOST_NAMED = 8
"""Collections that a hint tells at most."""
_MOST_LIKE_IT = 4
"""How many times as many as asked are looked at, as some say the same lines as another."""


class _Row(NamedTuple):
    """What the index finds."""

    key: int
    start: int
    end: int
    first: int
    last: int
    marked: str
    score: float


class SqliteStore:
    """All collections of a user."""

    takes_vectors = False

    def __init__(self, path: str = "") -> None:
        self._path = path or f"{paths.data_dir()}/knowledge.db"
        self._connection = connect(self._path, SCHEMA)
        self._connection.execute("PRAGMA foreign_keys = ON")

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()

    def collections(self) -> list[Collection]:
        """All of them, by name."""
        query = """SELECT name, count(DISTINCT documents.key), count(chunks.key), created_at FROM collections
            LEFT JOIN documents ON collection = collections.id LEFT JOIN chunks ON document = documents.key
            GROUP BY collections.id ORDER BY name"""
        with self._reading():
            return [Collection(*row) for row in self._connection.execute(query)]

    def documents(self, collection: str) -> list[Document]:
        """What a collection holds, by id."""
        query = f"{_DOCUMENT} WHERE collection = ? ORDER BY id"
        with self._reading():
            return [Document(*row) for row in self._connection.execute(query, (self._number(collection),))]

    def text(self, collection: str, id_: str) -> str:
        """The whole text of a document."""
        query = "SELECT text FROM documents WHERE collection = ? AND id = ?"
        with self._reading():
            row = self._connection.execute(query, (self._number(collection), clean(id_))).fetchone()
            if row is None:
                raise self._no_document(collection, id_)
        return str(row[0])

    def put(
        self, collection: str, entry: Entry, chunks: Sequence[Chunk], vectors: Sequence[Sequence[float]] = ()
    ) -> Change:
        """Add a document, in place of the one with its id; one that is the same, chunks included, is left alone.

        Raises ``ValueError`` for a text that is not ``clean``: its chunks would be those of another one.
        """
        if vectors or entry.text != clean(entry.text):
            raise ValueError("this store takes clean texts, and no vectors")
        entry = entry._replace(id=clean(entry.id), title=clean(entry.title), source=clean(entry.source))
        digest = _digest(entry, chunks)
        with self._writing():
            number = self._made(collection)
            query = "SELECT key, digest, added_at FROM documents WHERE collection = ? AND id = ?"
            known = self._connection.execute(query, (number, entry.id)).fetchone()
            if known and known[1] == digest:
                self._connection.execute("UPDATE documents SET stamp = ? WHERE key = ?", (entry.stamp, known[0]))
                return "unchanged"
            if known:
                self._remove(number, known[0])
            self._write(number, entry, digest, chunks, added_at=known[2] if known else None)
        return "changed" if known else "added"

    def search(self, collection: str, query: Query, limit: int) -> list[Passage]:
        """The best passages, best first; none twice where chunks overlap."""
        terms = terms_of(query.text)
        with self._reading():
            index = f"words_{self._number(collection)}"
            best = ranked(self._connection, index, terms, limit * _MOST_LIKE_IT)
            found = f"""SELECT document, start, end, first, last, highlight({index}, 1, ?, ?)
                FROM {index} JOIN chunks ON chunks.key = {index}.rowid WHERE {index} MATCH ? AND {index}.rowid = ?"""
            words = " OR ".join(terms)
            rows = [self._connection.execute(found, (*MARKS, words, each.key)).fetchone() for each in best]
            return self._passages([_Row(*(*row, each.score)) for row, each in zip(rows, best, strict=True)])[:limit]

    def delete(self, collection: str, id_: str) -> None:
        """Remove a document."""
        with self._writing():
            number = self._number(collection)
            query = "SELECT key FROM documents WHERE collection = ? AND id = ?"
            row = self._connection.execute(query, (number, clean(id_))).fetchone()
            if row is None:
                raise self._no_document(collection, id_)
            self._remove(number, row[0])

    def drop(self, collection: str) -> None:
        """Remove a collection with all that is in it."""
        with self._writing():
            number = self._number(collection)
            self._connection.execute("DELETE FROM collections WHERE id = ?", (number,))
            self._connection.execute(f"DROP TABLE words_{number}")

    @contextmanager
    def _reading(self) -> Iterator[None]:
        """All that is read in the block is of one moment, whatever others write meanwhile."""
        if self._connection.in_transaction:
            yield
            return
        with self._told():
            self._connection.execute("BEGIN")
            try:
                yield
            finally:
                self._connection.execute("ROLLBACK")

    @contextmanager
    def _writing(self) -> Iterator[None]:
        with self._told(), transaction(self._connection):
            yield

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise LlmxError(f"{self._path}: {error}") from None

    def _number(self, collection: str) -> int:
        row = self._connection.execute("SELECT id FROM collections WHERE name = ?", (clean(collection),)).fetchone()
        if row is None:
            names = [each.name for each in self.collections()]
            near = nearest(collection, names)
            known = f"there is {', '.join(sorted(names)[:MOST_NAMED])}" if names else "none is there yet"
            hint = f"did you mean {near}?" if near else f"{known}; one is made when something is put into it"
            raise NotFoundError(f"there is no collection {collection!r}", hint=hint)
        return int(row[0])

    def _made(self, collection: str) -> int:
        name = clean(collection)
        if not 1 <= len(name) <= 100 or not name.isprintable() or name != name.strip():
            raise UsageError(f"{collection!r} is no name for a collection", hint="1 to 100 printable characters")
        made = self._connection.execute(
            "INSERT OR IGNORE INTO collections (name, created_at) VALUES (?, ?)", (name, time.time())
        )
        number = self._number(name)
        if made.rowcount:
            tokens = "porter unicode61 remove_diacritics 2"
            self._connection.execute(
                f"CREATE VIRTUAL TABLE words_{number} USING fts5(heading, body, tokenize='{tokens}')"
            )
        return number

    def _write(
        self, number: int, entry: Entry, digest: str, chunks: Iterable[Chunk], *, added_at: float | None
    ) -> None:
        now = time.time()
        lines = entry.text.removesuffix("\n").count("\n") + 1
        facts = (number, entry.id, entry.title, entry.source, entry.kind, digest, lines, entry.text)
        times = (now if added_at is None else added_at, now)
        key = self._connection.execute(
            """INSERT INTO documents
                (collection, id, title, source, kind, digest, lines, text, places, stamp, added_at, updated_at)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)""",
            (*facts, json.dumps(entry.places), entry.stamp, *times),
        ).lastrowid
        for chunk in chunks:
            row = self._connection.execute(
                "INSERT INTO chunks (document, start, end, first, last) VALUES (?, ?, ?, ?, ?)",
                (key, chunk.start, chunk.end, *chunk.lines),
            ).lastrowid
            heading, body = f"{entry.title} {chunk.heading}", entry.text[chunk.start : chunk.end]
            self._connection.execute(
                f"INSERT INTO words_{number} (rowid, heading, body) VALUES (?, ?, ?)",
                (row, indexed(heading), indexed(body)),
            )

    def _remove(self, number: int, key: int) -> None:
        self._connection.execute(
            f"DELETE FROM words_{number} WHERE rowid IN (SELECT key FROM chunks WHERE document = ?)", (key,)
        )
        self._connection.execute("DELETE FROM documents WHERE key = ?", (key,))

    def _passages(self, rows: Sequence[_Row]) -> list[Passage]:
        documents: dict[int, tuple[str, str, str, str, str]] = {}
        found: list[Passage] = []
        for row in rows:
            if row.key not in documents:
                query = "SELECT id, title, source, places, text FROM documents WHERE key = ?"
                documents[row.key] = self._connection.execute(query, (row.key,)).fetchone()
            *facts, text = documents[row.key]
            made = passage(facts, text[row.start : row.end], Lines(row.first, row.last), row.marked, row.score)
            if not any(_overlap(made, other) for other in found):
                found.append(made)
        return found

    def _no_document(self, collection: str, id_: str) -> NotFoundError:
        near = nearest(id_, [each.id for each in self.documents(collection)])
        hint = f"did you mean {near}?" if near else None
        return NotFoundError(f"there is no document {id_!r} in {collection!r}", hint=hint)


def _overlap(one: Passage, other: Passage) -> bool:
    """Whether both cite the same line."""
    is_apart = one.cited.last < other.cited.first or other.cited.last < one.cited.first
    return one.document == other.document and not is_apart


def _digest(entry: Entry, chunks: Sequence[Chunk]) -> str:
    told = "\0".join(
        [*entry[:5], json.dumps(entry.places), *(f"{each.start} {each.end} {each.heading}" for each in chunks)]
    )
    return hashlib.sha256(told.encode()).hexdigest()
