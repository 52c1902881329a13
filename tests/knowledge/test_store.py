"""``knowledge/sqlite.py``: collections that many processes write, and what is found in them first."""

import os
import signal
import sqlite3
import stat
import subprocess
import sys
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmx.errors import LlmxError, NotFoundError, UsageError
from llmx.knowledge import Entry, Query
from llmx.knowledge.chunks import chunked, title_of
from llmx.knowledge.sqlite import SqliteStore
from llmx.knowledge.words import clean, terms_of
from tests.knowledge.corpus import QUESTIONS, TEXTS


@pytest.fixture
def store(tmp_path):
    store = SqliteStore(f"{tmp_path}/data/knowledge.db")
    yield store
    store.close()


@pytest.fixture(scope="module")
def filled(tmp_path_factory):
    """A store with the corpus in the collection ``c``."""
    store = SqliteStore(f"{tmp_path_factory.mktemp('filled')}/knowledge.db")
    for name, text in TEXTS.items():
        put(store, name, text)
    yield store
    store.close()


def put(store, id_, text, *, collection="c", size=200, overlap=50):
    entry = Entry(id_, text, title_of(text) or id_, id_, "markdown")
    return store.put(collection, entry, chunked(text, size, overlap, is_markdown=True))


def found(store, query, collection="c", limit=5):
    return [(each.document, each.quote) for each in store.search(collection, Query(query), limit)]


@pytest.mark.parametrize(("question", "document", "line"), QUESTIONS)
def test_the_right_document_comes_first_with_the_lines_that_answer(filled, question, document, line):
    best = filled.search("c", Query(question), 5)[0]
    assert best.document == document
    lines = TEXTS[document].split("\n")
    assert best.quote == "\n".join(lines[best.cited.first - 1 : best.cited.last])
    if question != "how long are cached answers kept":  # its words stand in the lines around the one that answers
        assert best.cited.first <= line <= best.cited.last


def test_what_is_found_ranks_and_says_where(store):
    put(store, "long.md", "# Long\n" + "filler words here\n" * 300 + "the heron eats frogs\n" + "more filler\n" * 300)
    put(store, "other.md", "a heron\n")
    best, *_ = store.search("c", Query("what do herons eat"), 5)
    assert (best.document, best.title, best.cited, best.quote) == (
        "long.md",
        "Long",
        (302, 302),
        "the heron eats frogs",
    )
    assert best.lines.first <= 302 <= best.lines.last
    assert [each.score for each in store.search("c", Query("heron"), 5)] == sorted(
        (each.score for each in store.search("c", Query("heron"), 5)), reverse=True
    )


def test_a_word_that_most_documents_hold_still_counts_in_a_small_collection(store):
    put(store, "a", "Hosts are named by --net. These hosts may be reached, and no other hosts.\n")
    put(store, "b", "Hosts. Something else that may be long, and goes on for a while, so that it is no short text.\n")
    put(store, "c", "Nothing may be said here.\n")
    assert [document for document, _ in found(store, "which hosts may there be")] == ["a", "b", "c"]


def test_a_passage_that_two_chunks_hold_is_told_once(store):
    text = " ".join(f"w{number}" for number in range(90)) + "\nthe one heron\n" + " ".join(["x"] * 90)
    put(store, "a", text, size=60, overlap=40)
    assert found(store, "heron") == [("a", "the one heron")]


HOSTILE = [
    'kept" OR "x',
    "kept AND",
    "NOT kept",
    "NEAR(kept cache)",
    "body:kept",
    "kept*",
    "^kept",
    "{kept} - +",
    "(((((kept",
    "'; DROP TABLE collections; --kept",
    "kept\0kept",
    "\ud800 kept",
    "kept\u202e\x02\x03",
    "kept " * 20_000,
    " ".join(f"kept{number}" for number in range(2_000)) + " cache",
]


@pytest.mark.parametrize("query", HOSTILE, ids=lambda query: ascii(query[:20]))
def test_a_query_is_words_and_never_syntax(filled, query):
    for document, _ in found(filled, query):
        assert document in TEXTS
    if "kept " in f"{query} " and "DROP" not in query:
        assert found(filled, query)[0][0] == "cache.md"


@pytest.mark.parametrize("query", ["", " ", '"', "''''", "()*^:", "\0", "\u200b", "—", "💥"])
def test_a_query_without_words_finds_nothing(filled, query):
    assert found(filled, query) == []


@given(st.text(max_size=80))
def test_no_query_breaks_the_search(query):
    connection = sqlite3.connect(":memory:")
    connection.execute("CREATE VIRTUAL TABLE t USING fts5(x)")
    for term in terms_of(query):
        connection.execute("SELECT * FROM t WHERE t MATCH ?", (term,)).fetchall()
    connection.close()


def test_only_what_changed_is_written_again(store):
    assert put(store, "a", "one\n") == "added"
    (before,) = store.documents("c")
    assert put(store, "a", "one\n") == "unchanged"
    assert store.documents("c") == [before]
    assert put(store, "a", "one\n", size=100, overlap=10) == "unchanged"  # the same single chunk
    assert put(store, "a", "two\n") == "changed"
    (after,) = store.documents("c")
    assert (after.added_at, after.digest == before.digest, after.lines) == (before.added_at, False, 1)
    assert (found(store, "one"), found(store, "two")) == ([], [("a", "two")])


def test_a_stamp_is_kept_also_where_the_text_is_the_same(store):
    for stamp in ("first", "second"):
        store.put("c", Entry("a", "one\n", stamp=stamp), chunked("one\n"))
        assert [each.stamp for each in store.documents("c")] == [stamp]


def test_other_chunks_are_a_change(store):
    text = "word " * 300
    put(store, "a", text)
    assert put(store, "a", text, size=50, overlap=0) == "changed"
    assert store.documents("c")[0].chunks == 6


def test_deleting_leaves_nothing_to_find(store):
    put(store, "a", "heron\n")
    put(store, "b", "heron and frog\n")
    store.delete("c", "a")
    assert [document for document, _ in found(store, "heron")] == ["b"]
    with pytest.raises(NotFoundError, match="no document 'a'"):
        store.delete("c", "a")
    with pytest.raises(NotFoundError, match="no document 'a'"):
        store.text("c", "a")


def test_collections_know_nothing_of_each_other(store):
    put(store, "a", "heron\n", collection="birds")
    put(store, "a", "frog\n", collection="Frösche und Kröten")
    assert (found(store, "frog", "birds"), found(store, "frog", "Frösche und Kröten")) == ([], [("a", "frog")])
    assert [(each.name, each.documents, each.chunks) for each in store.collections()] == [
        ("Frösche und Kröten", 1, 1),
        ("birds", 1, 1),
    ]
    store.drop("birds")
    assert [each.name for each in store.collections()] == ["Frösche und Kröten"]
    with pytest.raises(NotFoundError, match="no collection 'birds'"):
        found(store, "heron", "birds")
    assert put(store, "a", "heron\n", collection="birds") == "added"


def test_a_collection_that_is_not_there_is_named_with_the_nearest(store):
    put(store, "a", "x\n", collection="notes")
    with pytest.raises(NotFoundError) as refused:
        store.documents("note")
    assert refused.value.hint == "did you mean notes?"
    put(store, "a", "x\n", collection="birds")
    with pytest.raises(NotFoundError) as refused:
        store.documents("zzz")
    assert refused.value.hint == "there is birds, notes; one is made when something is put into it"


@pytest.mark.parametrize("name", ["", " ", " x", "a" * 101, "a\nb", "\0"])
def test_odd_names_of_collections_are_refused(store, name):
    with pytest.raises(UsageError, match="is no name for a collection"):
        put(store, "a", "x\n", collection=name)
    assert store.collections() == []


def test_texts_come_back_as_they_were(store):
    text = clean("a\r\nb\0c\ud800\u2028é\n\n")
    put(store, "päth/\ud800.md", text)
    assert store.text("c", "päth/\ud800.md") == text == "a\nb c?\u2028é\n\n"
    with pytest.raises(ValueError, match="clean"):
        put(store, "a", "a\r\nb")


def test_the_files_are_the_owners_alone(store, tmp_path):
    put(store, "a", "x\n")
    folder = tmp_path / "data"
    assert {stat.S_IMODE(os.stat(folder / name).st_mode) for name in os.listdir(folder)} == {0o600}


def test_a_damaged_file_is_said_and_not_a_traceback(tmp_path):
    (tmp_path / "k.db").write_bytes(b"no database at all" * 100)
    with pytest.raises(LlmxError, match="is damaged"):
        SqliteStore(f"{tmp_path}/k.db")


WRITER = """
import sys
from llmx.knowledge import Entry, Query
from llmx.knowledge.chunks import chunked
from llmx.knowledge.sqlite import SqliteStore
store = SqliteStore(sys.argv[1])
me = int(sys.argv[2])
def put(id_, text):
    store.put("shared", Entry(id_, text), chunked(text))
for number in range(30):
    put(f"own-{me}-{number}", f"heron number {number} of {me}\\n" * 5)
    put(f"same-{number}", f"everyone writes {number}\\n")
    assert store.search("shared", Query(f"heron {me}"), 3)
    if number % 3 == 0:
        store.delete("shared", f"own-{me}-{number}")
    print(number, flush=True)
input()
"""


def test_many_processes_write_and_read_at_once_and_a_killed_one_breaks_nothing(tmp_path):
    path = f"{tmp_path}/knowledge.db"
    command = [sys.executable, "-c", WRITER, path]
    pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    writers: list[Any] = [subprocess.Popen([*command, str(me)], **pipes) for me in range(4)]
    for _ in range(5):
        writers[0].stdout.readline()
    writers[0].kill()
    for writer in writers:
        writer.communicate("\n", timeout=90)
    assert [writer.returncode for writer in writers] == [-signal.SIGKILL, 0, 0, 0]
    store = SqliteStore(path)
    documents = store.documents("shared")
    names = {each.id for each in documents}
    assert {f"same-{number}" for number in range(30)} <= names
    assert len([name for name in names if not name.startswith(("same", "own-0"))]) == 3 * 20
    assert {"own-0-1", "own-0-2", "own-0-4"} <= names
    assert [each.chunks for each in documents] == [1] * len(names)
    assert store._connection.execute("SELECT count(*) FROM words_1").fetchone() == (len(names),)
    store._connection.execute("INSERT INTO words_1 (words_1) VALUES ('integrity-check')")
    store.close()
