"""interactive-chat: a conversation ends when its user wants it to."""

import signal
import subprocess
import sys

import pytest

CHAT = [sys.executable, "-m", "llmx", "template", "exec", "interactive-chat", "--backend", "mock"]


@pytest.mark.promise("S2-34")
def test_ctrl_c_ends_a_chat_that_waits_for_a_line(alone):
    pipe = subprocess.PIPE
    with subprocess.Popen(CHAT, stdin=pipe, stdout=pipe, stderr=pipe, text=True) as chat:
        assert chat.stdin
        assert chat.stderr
        chat.stdin.write("one\n")
        chat.stdin.flush()
        assert chat.stderr.readline() == "Mock response to: one\n"
        chat.send_signal(signal.SIGINT)
        assert chat.wait(60) == 130, "with stdin still open"


@pytest.mark.parametrize("end", ["/quit\nmore\n", "\n \n", ""])
def test_lines_come_from_a_pipe_and_from_a_file(alone, tmp_path, end):
    text = f"one\r\n\ntw\u00f6\n{end}"
    piped = subprocess.run(CHAT, input=text.encode(), capture_output=True, check=True)
    (tmp_path / "lines").write_bytes(text.encode())
    with (tmp_path / "lines").open() as file:
        filed = subprocess.run(CHAT, stdin=file, capture_output=True, check=True)
    assert piped.stderr.decode() == filed.stderr.decode() == "Mock response to: one\nMock response to: tw\u00f6\n"
    none = subprocess.run(CHAT, stdin=subprocess.DEVNULL, capture_output=True, check=False)
    assert (none.returncode, b"nothing was said" in none.stderr) == (1, True)


def test_a_conversation_that_its_limit_ends_says_so_and_waits_for_nothing(alone):
    pipe = subprocess.PIPE
    with subprocess.Popen([*CHAT, "--param", "max_turns=1"], stdin=pipe, stdout=pipe, stderr=pipe, text=True) as chat:
        assert chat.stdin
        assert chat.stderr
        chat.stdin.write("one\ntwo\n")
        chat.stdin.flush()
        assert chat.wait(60) == 0, "with stdin still open"
        assert "max_turns=1 messages were answered" in chat.stderr.read()
