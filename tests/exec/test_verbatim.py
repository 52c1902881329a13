"""What goes in comes out: arguments, stdin, stdout and stderr byte for byte, the tool's own words apart from them."""

import base64
import os
import random
import select
import subprocess
import sys

import pytest

CHANCE = random.Random(2)
MEBIBYTE = CHANCE.randbytes(1 << 20)
COPY = "import sys; data = sys.stdin.buffer.read(); sys.stdout.buffer.write(data); sys.stderr.buffer.write(data)"
COPY_TO_BOTH = [sys.executable, "-S", "-E", "-c", COPY]


@pytest.mark.promise("S0-33")
@pytest.mark.parametrize("report", [[], ["--result", "result.json"]], ids=["live", "live and a result"])
def test_a_mebibyte_of_random_bytes_passes_through_all_three_streams(either_place, report):
    ran = either_place.run("--quiet", *report, "--", *COPY_TO_BOTH, input=MEBIBYTE)
    assert ran.code == 0
    assert ran.out == MEBIBYTE
    assert ran.err == MEBIBYTE


def test_bytes_that_are_no_utf8_are_base64_in_the_result_with_head_tail_and_count(either_place):
    result = either_place.run("--json", "--capture", "10000", "--", *COPY_TO_BOTH, input=MEBIBYTE).result
    for stream in ("stdout", "stderr"):
        assert result[f"{stream}_encoding"] == "base64"
        assert result[f"{stream}_bytes"] == len(MEBIBYTE)
        assert result[f"{stream}_truncated"] is True
        assert base64.b64decode(result[stream], validate=True) == MEBIBYTE[:5000]
        assert base64.b64decode(result[f"{stream}_tail"], validate=True) == MEBIBYTE[-5000:]


def test_bytes_that_fit_are_whole(place):
    data = CHANCE.randbytes(10_001)
    result = place.run("--json", "--capture", "10001", "--", "cat", input=data).result
    assert base64.b64decode(result["stdout"]) == data
    assert "stdout_truncated" not in result
    assert (result["stderr"], result["stderr_bytes"]) == ("", 0)


@pytest.mark.parametrize("character", ["é", "€", "😀"])
@pytest.mark.parametrize("cap", range(10, 19))
def test_a_cut_never_goes_through_a_character(place, character, cap):
    text = "x" + character * 50
    result = place.run("--json", "--capture", str(cap), "--", "cat", input=text.encode()).result
    head, tail = result["stdout"], result["stdout_tail"]
    size = len(character.encode())
    assert text.startswith(head)
    assert text.endswith(tail)
    assert cap - cap // 2 - size < len(head.encode()) <= cap - cap // 2
    assert cap // 2 - size < len(tail.encode()) <= cap // 2
    assert result["stdout_bytes"] == len(text.encode())


def test_capture_0_keeps_only_the_count(place):
    result = place.run("--json", "--capture", "0", "--", "echo", "hello").result
    assert (result["stdout"], result["stdout_tail"], result["stdout_bytes"]) == ("", "", 6)


WORDS = [
    b"plain",
    b"--timeout",
    b"--",
    b"-",
    b"*",
    b"a b",
    b"",
    b"$HOME",
    b"\xff\xfe",
    "ä€😀".encode(),
    b"'\"\\",
    b"\n\t\x01",
]


@pytest.mark.promise("S0-08")
@pytest.mark.parametrize("before", [[], ["--"]], ids=["bare", "after --"])
def test_arguments_arrive_byte_for_byte(place, before):
    ran = place.run(*before, "printf", r"%s\0", *WORDS)
    assert ran.out == b"".join(word + b"\0" for word in WORDS)


def test_arguments_that_are_no_utf8_are_in_the_result_as_surrogate_escapes(place):
    ran = place.run("--json", "--", "printf", "%s", b"\xff\xfe")
    assert ran.result["argv"][2].encode(errors="surrogateescape") == b"\xff\xfe"
    assert base64.b64decode(ran.result["stdout"]) == b"\xff\xfe"


def test_a_program_and_a_folder_whose_names_are_no_utf8_can_be_used(place):
    folder = os.fsencode(place.folder) + b"/\xe9t\xe9"
    os.mkdir(folder)
    with open(folder + b"/\xff", "wb") as script:
        script.write(b"#!/bin/sh\npwd\n")
    os.chmod(folder + b"/\xff", 0o755)
    ran = place.run("--json", "--cwd", b"\xe9t\xe9", "--", b"./\xff")
    assert ran.code == 0
    assert base64.b64decode(ran.result["stdout"]) == folder + b"\n"
    assert place.run("--json", "--cwd", b"\xe9t\xe9", "--", b"./\xfe").code == 127


@pytest.mark.promise("S0-08")
def test_options_after_the_first_word_or_after_the_dashes_are_the_commands(place):
    assert place.run("printf", "%s ", "--json", "--", "-q").out == b"--json -- -q "
    assert place.run("--", "printf", "%s ", "--timeout", "1").out == b"--timeout 1 "
    assert place.run("--", "--version").code == 127
    assert place.run("--quiet", "--timeout=9", "--", "printf", "%s", "--").out == b"--"


@pytest.mark.promise("S0-09")
def test_a_command_string_is_a_shells(place):
    ran = place.run("--command", "echo a b | tr a-z A-Z; exit 3")
    assert (ran.code, ran.out) == (3, b"A B\n")
    assert place.run("--json", "--command=echo \xe4").result["argv"] == ["sh", "-c", "echo \xe4"]
    ran = place.run("--command", "touch ran", "--", "touch", "ran")
    assert ran.code == 125
    assert b"--command" in ran.err
    assert not (place.folder / "ran").exists()


def test_the_environment_arrives_as_it_is(place):
    names = {b"PLAIN": b"1", b"BYTES": b"\xff\xfe", b"LINES": b"a\nb", b"with.dot": b"", "ä".encode(): b"x"}
    ran = place.run("--", "env", "-0", env=names)
    got = dict(entry.split(b"=", 1) for entry in ran.out.split(b"\0") if entry)
    assert names.items() <= got.items()
    assert set(got) - set(map(os.fsencode, place.env)) - set(names) <= {b"LC_CTYPE"}


def test_the_command_gets_no_descriptor_but_its_three(place):
    ran = place.run("--json", "--", "ls", "/proc/self/fd")
    assert ran.result["stdout"].split() == ["0", "1", "2", "3"]  # 3 is ls's own, for the folder
    assert place.run("ls", "/proc/self/fd").out.split() == [b"0", b"1", b"2", b"3"]


def test_a_descriptor_that_the_caller_hands_on_is_handed_on(place):
    read_end, write_end = os.pipe()
    os.set_inheritable(write_end, True)
    ran = place.run("--", "bash", "-c", f"echo through >&{write_end}", pass_fds=[write_end])
    os.close(write_end)
    assert ran.code == 0
    assert os.read(read_end, 100) == b"through\n"
    os.close(read_end)


@pytest.mark.parametrize("report", [[], ["--json"]], ids=["live", "json"])
class TestStdin:
    def test_is_inherited(self, place, report):
        ran = place.run(*report, "--", "cat", input=b"from outside")
        assert (ran.result["stdout"] if report else ran.out.decode()) == "from outside"

    def test_none_is_empty_at_once(self, place, report):
        ran = place.run(*report, "--stdin", "none", "--", "wc", "-c", stdin=subprocess.PIPE)
        assert (ran.result["stdout"] if report else ran.out.decode()) == "0\n"

    def test_is_the_named_file_seen_from_where_llm_exec_was_called(self, place, report):
        place.write("data", b"\xffdata")
        (place.folder / "inner").mkdir()
        ran = place.run(*report, "--cwd", "inner", "--stdin", "data", "--", "od", "-An", "-c", stdin=subprocess.PIPE)
        assert (ran.result["stdout"] if report else ran.out.decode()).split() == ["377", "d", "a", "t", "a"]


@pytest.mark.parametrize(("given", "what"), [("missing", "does not exist"), ("folder", "folder"), ("secret", "read")])
def test_a_stdin_that_cannot_be_read_is_refused_before_the_run(ordinary_place, given, what):
    (ordinary_place.folder / "folder").mkdir()
    (ordinary_place.folder / "secret").touch(0)
    ran = ordinary_place.run("--json", "--stdin", given, "--", "touch", "ran")
    assert (ran.code, ran.result["setup_error"]["code"]) == (125, "stdin")
    assert what in ran.result["setup_error"]["message"]
    assert not (ordinary_place.folder / "ran").exists()


def test_a_reader_who_does_not_read_does_not_defeat_the_timeout(place):
    for report in ([], ["--result", "result.json"]):
        process = place.start("--timeout", "0.5", "--grace", "0.1", *report, "--", "yes")
        assert select.select([process.stdout], [], [], 20)[0]  # it is under way, and nobody takes anything
        assert process.wait(20) == 124
    assert place.result("result.json")["status"] == "timeout"


def test_a_slow_reader_gets_everything(place):
    process = place.start("--quiet", "--result", "result.json", "--", "cat", "data", stdin=None)
    place.write("data", b"")
    place.finish(process)
    place.write("data", MEBIBYTE)
    process = place.start("--quiet", "--result", "result.json", "--", "cat", "data")
    taken = bytearray()
    while piece := os.read(process.stdout.fileno(), 20_000):
        taken += piece
    place.finish(process)
    assert bytes(taken) == MEBIBYTE
    assert place.result("result.json")["stdout_bytes"] == len(MEBIBYTE)


@pytest.mark.parametrize("report", ["", "--result result.json"])
def test_a_reader_who_has_had_enough_ends_an_endless_command(place, report):
    line = f"{sys.executable} -m llmx exec --no-sandbox {report} -- yes | head -1; echo ${{PIPESTATUS[0]}}"
    ran = place.run(program=["bash", "-c", line])
    assert ran.out == b"y\n141\n"
    assert b"Traceback" not in ran.err


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&-", ">&- 2>&-", "<&- >&- 2>&-"])
@pytest.mark.parametrize("report", ["", "--json", "--result result.json", "--stdin none --json", "--json --monitor"])
def test_closed_streams_do_no_harm(place, closed, report):
    line = f"{sys.executable} -m llmx exec --no-sandbox {report} -- sh -c 'exit 7' {closed}"
    ran = place.run(program=["sh", "-c", line])
    assert ran.code == 7, ran
    assert b"Traceback" not in ran.err
    assert [line["event"] for line in place.audit()] == ["start", "end"]
    if "--json" in report and ">&-" not in closed.replace("2>&-", ""):
        assert ran.result["exit_code"] == 7


def test_closed_streams_are_closed_for_the_command_too(place):
    for number in (0, 1, 2):
        check = f"{sys.executable} -m llmx exec --no-sandbox -- sh -c 'test ! -e /proc/self/fd/{number}' {number}>&-"
        assert place.run(program=["sh", "-c", check]).code == 0


@pytest.mark.promise("S0-33")
@pytest.mark.parametrize(
    ("words", "code"),
    [(["sh", "-c", "echo mine >&2"], 0), (["no-such-command"], 127), (["sh", "-c", "sleep 60 & exit 3"], 3)],
)
def test_quiet_silences_everything_of_the_tools_own(place, words, code):
    ran = place.run("--quiet", "--", *words, env={"LLMX_EXEC__GRACE": "0.1"})
    assert (ran.code, ran.out) == (code, b"")
    assert ran.err == (b"mine\n" if code == 0 else b"")
    assert place.run("-q", "--timeout", "0.2", "--grace", "0", "--", "sleep", "60").err == b""


@pytest.mark.promise("S0-33")
def test_the_tools_own_words_are_only_on_stderr(place):
    ran = place.run("--", "no-such-command")
    assert ran.out == b""
    assert all(line.startswith(b"llm-exec: ") for line in ran.err.splitlines())


def test_no_sandbox_says_nothing(place):
    ran = place.run("--no-sandbox", "--", "true")
    assert (ran.code, ran.out, ran.err) == (0, b"", b"")


@pytest.mark.parametrize("locale", ["C", "C.UTF-8", "POSIX", "xx_XX.nonsense"])
def test_the_locale_changes_nothing(place, locale):
    words = ["printf", "%s", b"\xc3\xa4\xff"]
    assert place.run("--no-sandbox", *words, env={"LC_ALL": locale}).out == b"\xc3\xa4\xff"
    assert place.run("--no-sandbox", "no-ä-such", env={"LC_ALL": locale}).code == 127
    assert place.run("--json", "echo", "ä", env={"LC_ALL": locale}).result["stdout"] == "ä\n"
