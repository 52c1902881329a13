"""Stored output: without secrets, bounded, and readable while it grows."""

import os

import pytest

from llmx.core.runs.output import Gap, Reader, Writer, is_stored, missing

SECRET = "sk-abcdefghijklmnopqrstuvwxyz0123456789ABCD"


def read(reader):
    return [piece.size if isinstance(piece, Gap) else piece for piece in reader.read()]


@pytest.fixture
def folder(tmp_path):
    return str(tmp_path)


def test_what_was_written_is_read_again(folder):
    writer = Writer(folder, "stdout", {})
    for word in (b"one\n", b"two\n", b"thr", b"ee"):
        writer.write(word)
    assert read(Reader(folder, "stdout")) == [b"one\ntwo\n"]
    writer.close()
    assert read(Reader(folder, "stdout")) == [b"one\ntwo\nthree"]
    assert read(Reader(folder, "stderr")) == []
    assert missing(folder) == 0


def test_a_reader_goes_on_where_it_was(folder):
    writer, reader = Writer(folder, "stdout", {}, head=8, piece=8), Reader(folder, "stdout")
    seen = b""
    for number in range(100):
        writer.write(b"%d\n" % number)
        seen += b"".join(read(reader))
    assert seen == b"".join(b"%d\n" % number for number in range(100))


def test_of_a_long_stream_the_beginning_and_the_end_are_kept(folder):
    writer = Writer(folder, "stdout", {}, head=10, piece=10)
    for number in range(1000):
        writer.write(b"%04d\n" % number)
    writer.close()
    head, gap, *tail = read(Reader(folder, "stdout"))
    assert head == b"0000\n0001\n"
    assert b"".join(tail).endswith(b"0998\n0999\n")
    assert 10 + gap + len(b"".join(tail)) == 5000
    assert missing(folder) == gap
    assert sum(file.stat().st_size for file in os.scandir(folder)) <= 30


def test_a_secret_is_not_stored_however_it_arrives(folder):
    writer = Writer(folder, "stdout", {"DB_PASSWORD": "correct-horse-battery"})
    for byte in f"token: {SECRET}\ncorrect-horse-battery\n".encode():
        writer.write(bytes([byte]))
    writer.close()
    stored = b"".join(read(Reader(folder, "stdout")))
    assert stored == b"token: sk-[redacted]\n[redacted]\n"


def test_bytes_of_no_encoding_are_stored_as_they_are(folder):
    writer = Writer(folder, "stdout", {})
    writer.write(bytes(range(256)))
    writer.close()
    assert b"".join(read(Reader(folder, "stdout"))) == bytes(range(256))


def test_its_files_are_private(folder):
    before = os.umask(0)
    try:
        Writer(folder, "stdout", {}).close()
    finally:
        os.umask(before)
    assert os.stat(f"{folder}/stdout.0").st_mode & 0o777 == 0o600
    assert is_stored(folder)


def test_a_folder_that_is_gone_is_told_and_stops_nothing(folder):
    writer = Writer(f"{folder}/gone", "stdout", {})
    writer.write(b"x\n")
    writer.close()
    assert "No such file" in writer.problem
    assert read(Reader(f"{folder}/gone", "stdout")) == []
    assert not is_stored(f"{folder}/gone")
