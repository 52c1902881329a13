"""All lines of the log come back in order, whatever else has got into its files."""

import gzip
import json
import os

import pytest

from llmx.core.audit import AuditLog
from llmx.core.audit_reader import entries
from llmx.errors import LlmxError


@pytest.fixture
def env(home):
    return {"HOME": str(home)}


@pytest.fixture
def folder(home):
    (home / ".local/share").mkdir(parents=True)
    return home / ".local/share"


def line(id):
    return json.dumps({"time": "2026-01-01T00:00:00.000Z", "event": "start", "run_id": id}) + "\n"


def test_without_a_log_there_is_nothing(env):
    assert list(entries(env)) == []


def test_rotated_files_come_first_and_the_highest_number_before_all(env, folder):
    (folder / "llm-exec.log").write_text(line("e"))
    (folder / "llm-exec.log.1").write_text(line("d"))
    (folder / "llm-exec.log.2").write_text(line("c"))
    (folder / "llm-exec.log.9.gz").write_bytes(gzip.compress(line("b").encode()))
    (folder / "llm-exec.log.10.gz").write_bytes(gzip.compress(line("a").encode()))
    (folder / "llm-exec.log.old").write_text(line("x"))
    (folder / "llm-exec.log.01").write_text(line("x"))
    (folder / "llm-exec.log.2026").write_text(line("x"))
    assert [entry["run_id"] for entry in entries(env)] == list("abcde")


def test_what_a_killed_rotation_left_twice_is_read_once(env, folder):
    (folder / "llm-exec.log.2").write_text(line("a") + line("b"))
    (folder / "llm-exec.log.2.gz").write_bytes(gzip.compress((line("a") + line("b")).encode()))
    assert [entry["run_id"] for entry in entries(env)] == ["a", "b"]


FOREIGN = [
    '{"torn',
    "",
    "text",
    "[1]",
    "3",
    '{"time":1,"event":"start","run_id":"x"}',
    '{"event":"start"}',
    "[" * 99999,
]


@pytest.mark.parametrize("text", FOREIGN, ids=[text[:20] or "empty" for text in FOREIGN])
def test_torn_and_foreign_lines_are_left_out(env, folder, text):
    (folder / "llm-exec.log").write_text(line("a") + text + "\n" + line("b"))
    assert [entry["run_id"] for entry in entries(env)] == ["a", "b"]


def test_bytes_that_are_no_text_are_left_out(env, folder):
    (folder / "llm-exec.log").write_bytes(b"\xff\x00\n" + line("a").encode())
    assert [entry["run_id"] for entry in entries(env)] == ["a"]


@pytest.mark.parametrize("damage", [lambda data: data[:-12], lambda data: b"no gzip", lambda data: b""])
def test_a_damaged_compressed_file_is_read_as_far_as_it_goes(env, folder, damage):
    many = "".join(line(f"{number}") for number in range(1000)).encode()
    (folder / "llm-exec.log.2.gz").write_bytes(damage(gzip.compress(many)))
    (folder / "llm-exec.log").write_text(line("last"))
    assert [entry["run_id"] for entry in entries(env)][-1] == "last"


def test_a_rotation_while_it_is_read_changes_nothing(env):
    for id in "abc":
        AuditLog(env, max_bytes=1).write("start", id)
    reading = entries(env)
    seen = [next(reading)["run_id"]]
    for id in "def":
        AuditLog(env, max_bytes=1, keep=2).write("start", id)
    seen += [entry["run_id"] for entry in reading]
    assert seen == ["a", "b", "c"]


def test_a_log_that_may_not_be_read_is_an_error(env, folder):
    (folder / "llm-exec.log").mkdir()
    with pytest.raises(LlmxError, match=r"cannot be read: .*llm-exec\.log: Is a directory"):
        list(entries(env))


def test_a_link_leads_to_the_rotated_files_beside_its_target(env, folder, tmp_path):
    os.symlink(tmp_path / "real.log", folder / "llm-exec.log")
    for id in "abc":
        AuditLog(env, max_bytes=1).write("start", id)
    assert [entry["run_id"] for entry in entries(env)] == list("abc")
