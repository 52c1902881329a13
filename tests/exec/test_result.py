"""The one honest result: what it says, how small it is, and that a file of it is whole or not there."""

import json
import os
import re
import subprocess
import sys
import time
from datetime import UTC, datetime

import jsonschema
import pytest

from tests.exec.conftest import LLM_EXEC

ABSENT_WHEN_COMPACT = {"ended_at", "limits", "monitor", "audit_log"}


@pytest.mark.promise("S0-34")
def test_json_is_one_object_with_everything_an_agent_asks_for(either_place):
    ran = either_place.run("--json", "--", "sh", "-c", "echo hi; echo oops >&2; exit 3")
    result = ran.result
    assert ran.code == result["exit_code"] == 3
    assert (result["status"], result["stdout"], result["stderr"]) == ("failed", "hi\n", "oops\n")
    assert (result["stdout_bytes"], result["stderr_bytes"]) == (3, 5)
    assert result["cwd"] == str(either_place.folder)
    assert 0 < result["duration_s"] < 20
    assert re.fullmatch("[0-9a-hjkmnp-tv-z]{16}", result["run_id"])
    assert result["sandbox"]["level"] == "none"
    assert {"isolation", "kill_on_sigkill"} <= set(result["sandbox"]["missing"])
    assert ran.err == b""


def test_the_result_of_true_takes_at_most_600_bytes(place):
    ran = place.run("--json", "--", "true")
    assert ran.result["status"] == "ok"
    assert len(ran.out) <= 600


def test_compact_leaves_out_what_says_nothing_and_full_has_every_field(place):
    compact = place.run("--json", "--", "true").result
    full = place.run("--json=full", "--", "true").result
    assert not ABSENT_WHEN_COMPACT & set(compact)
    assert None not in compact.values()
    assert None not in compact["usage"].values()
    streams = {f"{name}_{what}" for name in ("stdout", "stderr") for what in ("truncated", "tail", "encoding")}
    assert set(full) == set(place.schema["properties"]) - streams
    assert {"read_bytes", "write_bytes", "processes"} < set(full["usage"])
    assert full["audit_log"] == str(place.log)


def test_times_are_those_of_the_clock_on_the_wall(place):
    before = datetime.now(UTC)
    result = place.run("--json=full", "--", "true").result
    after = datetime.now(UTC)
    started, ended = (datetime.fromisoformat(result[name]) for name in ("started_at", "ended_at"))
    assert before.replace(microsecond=before.microsecond // 1000 * 1000) <= started <= ended <= after


def test_run_ids_sort_by_time(place):
    ids = []
    for _ in range(3):
        ids.append(place.run("--json", "--", "true").result["run_id"])
        time.sleep(0.002)  # ids of the same millisecond have no order
    assert ids == sorted(ids)
    assert len(set(ids)) == 3


def test_usage_is_what_the_kernel_says(place):
    place.write("use.py", "import time\nkept = b'1' * 60_000_000\nwhile time.process_time() < 0.2:\n    pass\n")
    usage = place.run("--json", "--", sys.executable, "-S", "-E", "use.py").result["usage"]
    assert 0.2 <= usage["cpu_user_s"] + usage["cpu_system_s"] < 0.4
    assert 60_000_000 < usage["peak_rss_bytes"] < 120_000_000


@pytest.mark.parametrize(
    "words", [["--json", "--no-such"], ["--no-such", "--json"], ["--timeout", "x", "--json", "ls"]]
)
def test_json_before_the_command_makes_even_a_usage_error_an_object(place, words):
    ran = place.run(*words)
    assert ran.code == 125
    assert (ran.result["status"], ran.result["setup_error"]["code"]) == ("error", "usage")
    assert ran.result["argv"] == ["--no-sandbox", *words]
    assert ran.err == b""


def test_json_after_the_command_is_the_commands(place):
    ran = place.run("--no-such", "--", "echo", "--json")
    assert (ran.code, ran.out) == (125, b"")
    assert b"--no-such" in ran.err


@pytest.mark.parametrize(
    ("words", "hint"), [(["sleep", "60"], "--timeout"), (["sh", "-c", "sleep 60 & exit 1"], "--keep-children")]
)
def test_hints_say_what_to_type_next(place, words, hint):
    result = place.run("--json", "--timeout", "0.3", "--grace", "0.1", "--", *words).result
    assert any(hint in line for line in result["hints"])


def test_an_ordinary_failure_has_no_hints(place):
    assert place.run("--json", "--", "false").result["hints"] == []


class TestResultFile:
    def test_holds_the_full_result_beside_live_output(self, either_place):
        ran = either_place.run("--quiet", "--result", "r.json", "--", "sh", "-c", "echo out; echo err >&2; exit 4")
        assert (ran.code, ran.out, ran.err) == (4, b"out\n", b"err\n")
        result = either_place.result("r.json")
        assert (result["exit_code"], result["stdout"], result["stderr"]) == (4, "out\n", "err\n")
        assert set(result) >= ABSENT_WHEN_COMPACT
        assert [file.name for file in either_place.folder.iterdir() if "r.json" in file.name] == ["r.json"]

    def test_can_be_written_together_with_json(self, place):
        ran = place.run("--json", "--result", "r.json", "--", "true")
        assert ran.result["run_id"] == place.result("r.json")["run_id"]

    def test_replaces_an_older_one(self, place):
        place.write("r.json", "x" * 100_000)
        place.run("--result", "r.json", "--", "true")
        assert place.result("r.json")["status"] == "ok"

    def test_is_seen_whole_or_not_at_all_by_whoever_looks_while_it_is_written(self, place):
        loop = "for i in 1 2 3 4 5 6 7 8; do " + " ".join(
            [sys.executable, "-m", "llmx", "exec", "--no-sandbox", "--result", "r.json"]
        )
        process = place.start(program=["sh", "-c", f"{loop} -- head -c 60000 /dev/zero >/dev/null; done"])
        seen = 0
        while process.poll() is None:
            if (place.folder / "r.json").exists():
                place.result("r.json")
                seen += 1
        assert place.finish(process).code == 0
        assert seen

    @pytest.mark.parametrize("sandbox", [[], ["--no-sandbox"]], ids=["sandboxed", "bare"])
    @pytest.mark.parametrize(
        "exchange", ["ln -s ../mine r.json", "mv out gone; ln -s ../mine.d out", "mkfifo out/r.json"]
    )
    def test_goes_where_it_was_to_go_whatever_the_command_puts_there(self, ordinary_place, exchange, sandbox):
        ordinary_place.tool = LLM_EXEC
        script = "mkdir -p work/out mine.d; echo mine > mine"
        ordinary_place.run(program=["sh", "-c", script])
        file = "r.json" if exchange.startswith("ln") else "out/r.json"
        words = [*sandbox, "--result", file, "--", "sh", "-c", exchange]
        assert ordinary_place.run(*words, cwd=ordinary_place.folder / "work").code == 0
        assert (ordinary_place.folder / "mine").read_text() == "mine\n"
        assert list((ordinary_place.folder / "mine.d").iterdir()) == []
        (written,) = ordinary_place.folder.glob("work/**/r.json")
        assert json.loads(written.read_text())["status"] == "ok"

    def test_follows_no_link_that_an_earlier_command_may_have_left(self, ordinary_place):
        script = "mkdir -p work/.git; echo x > work/.git/HEAD; echo mine > mine; ln -s ../mine work/r.json"
        ordinary_place.run(program=["sh", "-c", script])
        ran = ordinary_place.run("--result", "r.json", "--", "true", cwd=ordinary_place.folder / "work")
        assert ran.code == 125
        assert b"leads out of" in ran.err
        assert (ordinary_place.folder / "mine").read_text() == "mine\n"

    def test_nor_does_stdin(self, ordinary_place):
        script = "mkdir -p work/.git; echo x > work/.git/HEAD; echo mine > mine"
        ordinary_place.run(program=["sh", "-c", f"{script}; ln -s ../mine work/data; ln -s data work/same"])
        work = ordinary_place.folder / "work"
        assert ordinary_place.run("--stdin", "data", "--", "cat", cwd=work).code == 125
        (work / "data").unlink()
        (work / "data").write_text("data")
        assert ordinary_place.run("--stdin", "same", "--", "cat", cwd=work).out == b"data"

    def test_follows_a_link(self, place):
        (place.folder / "real").mkdir()
        (place.folder / "r.json").symlink_to("real/file.json")
        place.run("--result", "r.json", "--", "true")
        assert (place.folder / "r.json").is_symlink()
        assert place.result("real/file.json")["status"] == "ok"

    def test_can_be_a_pipe(self, place):
        os.mkfifo(place.folder / "pipe")
        process = place.start("--quiet", "--result", "pipe", "--", "true")
        result = json.loads((place.folder / "pipe").read_text())
        assert place.finish(process).code == 0
        assert result["status"] == "ok"

    @pytest.mark.parametrize(
        "where", ["closed/new.json", "closed/old.json", "gone/r.json", "folder", "readonly.json", "file/r.json", "link"]
    )
    def test_that_could_not_be_written_is_refused_before_the_run(self, ordinary_place, where):
        folder = ordinary_place.folder
        for name in ("closed", "folder"):
            (folder / name).mkdir()
        for name in ("closed/old.json", "readonly.json", "file"):
            ordinary_place.write(name, "{}")
        (folder / "readonly.json").chmod(0o444)
        (folder / "closed").chmod(0o555)
        (folder / "link").symlink_to("closed/new.json")
        ran = ordinary_place.run("--json", "--result", where, "--", "touch", "ran")
        assert (ran.code, ran.result["setup_error"]["code"]) == (125, "result")
        assert f"--result {where}" in ran.result["setup_error"]["message"]
        assert not (folder / "ran").exists()

    def test_that_cannot_be_written_after_all_is_said_on_stderr(self, place):
        ran = place.run("--no-sandbox", "--result", "/dev/full", "--", "sh", "-c", "exit 6")
        assert ran.code == 6
        assert b"warning: --result /dev/full" in ran.err


def test_the_schema_is_valid_json_schema_2020_12(place):
    jsonschema.Draft202012Validator.check_schema(place.schema)
    assert place.schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"


def test_schema_prints_it(place):
    ran = place.run("--schema")
    assert (ran.code, json.loads(ran.out)) == (0, place.schema)


@pytest.mark.parametrize(
    "wrong",
    [
        {"status": "fine"},
        {"exit_code": 256},
        {"extra": 1},
        {"run_id": "short"},
        {"stdout_truncated": True},
        {"hints": [""]},
    ],
    ids=str,
)
def test_the_schema_refuses_what_is_no_result(place, wrong):
    good = place.run("--json=full", "--", "true").result
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(good | wrong, place.schema)


def test_a_result_nobody_can_take_does_not_change_the_exit_code(place):
    reader = subprocess.Popen(["true"], stdin=subprocess.PIPE)
    reader.wait()
    with reader.stdin or pytest.fail("no pipe") as pipe:
        ran = place.run("--json", "--", "sh", "-c", "exit 5", stdout=pipe)
    assert (ran.code, ran.err) == (5, b"")


def test_a_result_that_cannot_be_written_is_a_failure_of_llm_exec(place):
    with open("/dev/full", "wb") as full:
        ran = place.finish(place.start("--json", "--", "true", stdout=full))
    assert ran.code == 125
    assert ran.err == b"llm-exec: error: the result could not be written: No space left on device\n"
