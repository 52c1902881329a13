"""``core/cache``: what makes a question another one, and that only whole answers come back."""

import dataclasses
import hashlib
import os
import signal
import sqlite3
import stat
import subprocess
import sys
import time

import pytest

from llmx.core.cache import FILE, Asked, Cache, Stats, key_of
from llmx.core.cache.upkeep import ANSWERS
from llmx.core.events import Done, Event, ReasoningDelta, TextDelta, Usage
from llmx.core.messages import Image, Parameters, Request, Tool, ToolCall, assistant, system, user

REQUEST = Request("qwen", (system("be short"), user("hello")), parameters=Parameters(temperature=0.0, max_tokens=9))
ASKED = Asked("ollama", "http://localhost:11434", REQUEST)
TOOL = Tool("add", "adds", {"type": "object", "properties": {"a": {"type": "integer"}, "b": {"type": "integer"}}})
ANSWER: list[Event] = [TextDelta("Hel"), TextDelta("lo"), ToolCall("1", "add", "{}"), Usage(3, 2), Done("stop", "qwen")]
KEPT: list[Event] = [TextDelta("Hello"), ToolCall("1", "add", "{}"), Usage(3, 2), Done("stop", "qwen")]


@pytest.fixture
def cache(tmp_path):
    cache = Cache(f"{tmp_path}/answers")
    yield cache
    cache.close()


def changed(**fields):
    return ASKED._replace(request=dataclasses.replace(REQUEST, **fields))


def parameters(**fields):
    return changed(parameters=dataclasses.replace(REQUEST.parameters, **fields))


OTHERS = {
    "backend": ASKED._replace(backend="openai"),
    "base URL or file": ASKED._replace(identity="http://localhost:11435"),
    "sample": ASKED._replace(sample=1),
    "model": changed(model="qwen2"),
    "prompt": changed(messages=(system("be short"), user("hello!"))),
    "system": changed(messages=(system("be long"), user("hello"))),
    "role": changed(messages=(system("be short"), assistant("hello"))),
    "picture": changed(messages=(system("be short"), user("hello", [Image("image/png", b"1")]))),
    "temperature": parameters(temperature=0.1),
    "no temperature": parameters(temperature=None),
    "max_tokens": parameters(max_tokens=10),
    "top_p": parameters(top_p=0.5),
    "seed": parameters(seed=1),
    "stop": parameters(stop=("x",)),
    "tools": changed(tools=(TOOL,)),
    "schema": changed(schema={"type": "object"}),
    "empty schema": changed(schema={}),
}


@pytest.mark.promise("S3-22")
def test_everything_that_can_change_an_answer_changes_the_key():
    keys = {key_of(asked) for asked in (ASKED, *OTHERS.values())}
    assert len(keys) == len(OTHERS) + 1


@pytest.mark.promise("S3-22")
def test_the_order_of_keys_and_the_deadline_change_nothing():
    turned = dict(reversed(list(TOOL.parameters.items())))
    assert key_of(changed(tools=(TOOL,))) == key_of(changed(tools=(TOOL._replace(parameters=turned),)))
    assert key_of(changed(deadline=5.0)) == key_of(ASKED)


def test_an_answer_comes_back_with_its_pieces_joined(cache):
    key = key_of(ASKED)
    assert cache.get(key) is None
    cache.put(key, ANSWER)
    assert cache.get(key) == KEPT
    assert cache.get(key_of(OTHERS["sample"])) is None
    assert cache.stats() == Stats(1, cache.stats().size, 1, 1)
    assert cache.stats().hit_rate == 0.5


def test_thoughts_keep_their_signatures_apart(cache):
    thoughts: list[Event] = [
        ReasoningDelta("a"),
        ReasoningDelta("b"),
        ReasoningDelta("", "s1"),
        ReasoningDelta("c", "s2"),
        Done("stop"),
    ]
    cache.put(b"k", thoughts)
    assert cache.get(b"k") == [ReasoningDelta("ab"), *thoughts[2:]]


@pytest.mark.parametrize("text", ["", "\0", "é\u2028\ud83d", "a\nb", "x" * 100_000])
def test_any_text_survives(cache, text):
    cache.put(b"k", [TextDelta(text), Done("stop")])
    assert cache.get(b"k") == [TextDelta(text), Done("stop")]


@pytest.mark.promise("S3-08")
def test_the_folder_is_the_owners_alone(cache, tmp_path):
    cache.put(b"k", ANSWER)
    assert stat.S_IMODE(os.stat(tmp_path / "answers").st_mode) == 0o700
    assert stat.S_IMODE(os.stat(tmp_path / "answers" / FILE).st_mode) == 0o600


def test_what_is_too_old_or_from_the_future_is_gone(tmp_path):
    cache = Cache(str(tmp_path), max_age=3600)
    for key, made in ((b"old", time.time() - 3601), (b"young", time.time() - 3500), (b"future", time.time() + 3600)):
        cache.put(key, ANSWER)
        cache._connection.execute("UPDATE answers SET made = ? WHERE key = ?", (made, key))
    assert [cache.get(key) is not None for key in (b"old", b"young", b"future")] == [False, True, False]
    assert cache.stats().entries == 1
    cache.close()


def test_room_is_made_by_what_was_not_used_for_longest(tmp_path):
    cache = Cache(str(tmp_path), max_bytes=10_000)
    answer: list[Event] = [TextDelta("x" * 900), Done("stop")]
    for number in range(10):
        cache.put(b"%d" % number, answer)
        cache.get(b"0")
    cache.put(b"last", answer)
    assert cache.stats().size <= 10_000
    assert cache.get(b"0") is not None
    assert cache.get(b"last") is not None
    assert cache.get(b"1") is None
    cache.put(b"huge", [TextDelta("x" * 2000), Done("stop")])
    assert cache.get(b"huge") is None
    cache.close()


def test_clear_removes_what_is_old_enough(cache):
    cache.put(b"old", ANSWER)
    cache._connection.execute("UPDATE answers SET used = used - 100")
    cache.put(b"young", ANSWER)
    assert cache.clear(older_than=50) == 1
    assert cache.get(b"young") is not None
    assert cache.clear() == 1
    assert cache.stats().size == 0


@pytest.mark.promise("S3-23")
@pytest.mark.parametrize(
    "harm", ["body = 'x'", "body = substr(body, 2)", "sum = x'00'", "key = x'6b32'", "body = NULL"]
)
def test_a_corrupt_entry_is_a_miss_and_removed(cache, harm):
    cache.put(b"k", ANSWER)
    cache._connection.execute("PRAGMA ignore_check_constraints = 1")
    if harm == "body = NULL":
        harm = "body = 5"
    cache._connection.execute(f"UPDATE answers SET {harm}")
    assert cache.get(b"k2" if "key" in harm else b"k") is None
    assert cache.stats().entries == 0


def test_a_damaged_file_is_replaced(tmp_path):
    (tmp_path / FILE).write_bytes(b"no database" * 1000)
    cache = Cache(str(tmp_path))
    cache.put(b"k", ANSWER)
    assert cache.get(b"k") == KEPT
    cache.close()


def test_a_file_that_is_damaged_while_it_is_open_is_replaced(tmp_path):
    cache = Cache(str(tmp_path))
    for number in range(200):
        cache.put(b"%d" % number, [TextDelta("x" * 1000), Done("stop")])
    cache._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    with open(tmp_path / FILE, "r+b") as file:
        file.seek(4096)
        file.write(b"\xff" * 100_000)
    other = Cache(str(tmp_path))
    answers = [other.get(b"%d" % number) for number in range(200)]
    assert None in answers
    other.put(b"new", ANSWER)
    assert other.get(b"new") == KEPT
    cache.close()
    other.close()


def test_a_cache_that_somebody_else_locks_is_as_good_as_empty(cache, tmp_path):
    cache.put(b"k", ANSWER)
    other = sqlite3.connect(tmp_path / "answers" / FILE)
    other.execute("BEGIN IMMEDIATE")
    assert cache.get(b"k") == KEPT
    cache._connection.execute("PRAGMA busy_timeout = 1")
    cache.put(b"k2", ANSWER)
    other.close()
    assert cache.get(b"k2") is None


WORKING = """
import hashlib, random, sys
from llmx.core.cache import Cache
from llmx.core.events import Done, TextDelta
folder, seed, count = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
cache, chance = Cache(folder), random.Random(seed)
while count:
    count -= 1
    name = str(chance.randrange(300))
    key = hashlib.sha256(name.encode()).digest()
    whole = [TextDelta(name * 100), Done("stop")]
    if chance.random() < 0.5:
        cache.put(key, whole)
        print(name, flush=True)
    else:
        found = cache.get(key)
        if found not in (None, whole):
            sys.exit(f"corrupt: {name}")
"""


def test_with_processes_that_are_killed_nothing_is_corrupt_and_nothing_acknowledged_is_lost(tmp_path):
    """8 processes at once, four times, of which every second is killed; the benchmark does 10,000 reads and writes."""
    put = assert_survives(tmp_path, rounds=4, count=80)
    assert len(put) > 100


def assert_survives(tmp_path, rounds, count):
    """Which answers were acknowledged; every one is there, and none is corrupt."""
    put = set()
    for round_ in range(rounds):
        # those that are to be killed never end by themselves
        workers = [_worker(tmp_path, round_ * 8 + n, -1 if n % 2 else count) for n in range(8)]
        for number, worker in enumerate(workers):
            if number % 2:
                for _ in range(5 + 4 * number):
                    put.add(worker.stdout.readline().strip())
                worker.send_signal(signal.SIGKILL)
            put |= {line.strip() for line in worker.stdout if line.endswith("\n")}
            errors = worker.stderr.read()
            assert worker.wait(60) == (-signal.SIGKILL if number % 2 else 0), errors
            worker.stdout.close()
            worker.stderr.close()

    cache = Cache(str(tmp_path))
    for name in put - {""}:
        assert cache.get(hashlib.sha256(name.encode()).digest()) == [TextDelta(name * 100), Done("stop")]
    cache.close()
    return put


def _worker(folder, seed, count):
    command = [sys.executable, "-c", WORKING, str(folder), str(seed), str(count)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


@pytest.mark.promise("S3-23")
def test_the_answers_are_counted_and_cleared_where_the_settings_say(tmp_path):
    env = {"HOME": str(tmp_path), "LLM_CACHE_DIR": f"{tmp_path}/.llm_cache"}
    assert ANSWERS.stats(env) == {"entries": 0, "bytes": 0, "oldest_use": None, "hit_rate": None}
    assert ANSWERS.clear(env) == (0, 0)
    assert not (tmp_path / ".llm_cache").exists()
    cache = Cache(f"{tmp_path}/.llm_cache")
    cache.put(b"k", ANSWER)
    cache.get(b"k")
    cache.close()
    stats = ANSWERS.stats(env)
    assert (stats["entries"], stats["hit_rate"]) == (1, 0.5)
    assert stats["oldest_use"] == pytest.approx(time.time(), abs=60)
    assert ANSWERS.clear(env, older_than=3600) == (0, 0)
    assert ANSWERS.clear(env) == (1, stats["bytes"])
