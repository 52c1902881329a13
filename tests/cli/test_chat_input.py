"""What is typed in a chat, as messages."""

import io
import os
import pty
import sys

import pytest

from llmx.cli.chat_input import messages, reader


def typed(*lines):
    """The messages, and the prompts that were shown for them."""
    left, prompts = list(lines), []

    def read(prompt):
        prompts.append(prompt)
        if not left:
            raise EOFError
        return left.pop(0)

    return list(messages(read)), prompts


@pytest.mark.parametrize(
    ("lines", "found"),
    [
        (["a", "b"], ["a", "b"]),
        (["a\\", "b\\", "c"], ["a\nb\nc"]),
        (['"""', "a", "", "b", '"""', "c"], ["a\n\nb", "c"]),
        (['"""', "a"], ["a"]),
        (['"""'], []),
        (["a\\"], []),
        ([""], [""]),
        ([], []),
    ],
)
def test_a_message_is_a_line_or_several_that_belong_together(lines, found):
    assert typed(*lines)[0] == found


def test_what_belongs_together_is_asked_for_with_another_prompt():
    assert typed("a\\", "b")[1] == ["> ", "… ", "> "]


def test_from_a_pipe_no_prompt_is_shown(monkeypatch, capsys):
    monkeypatch.setattr(sys, "stdin", io.StringIO("one\ntwo"))
    assert list(messages(reader())) == ["one", "two"]
    assert capsys.readouterr() == ("", "")


def test_where_only_the_answers_go_elsewhere_the_prompt_is_not_among_them(monkeypatch, capsys):
    main, side = pty.openpty()
    os.write(main, b"one\n\x04")
    with open(side, encoding="utf-8") as terminal:
        monkeypatch.setattr(sys, "stdin", terminal)
        assert list(messages(reader())) == ["one"]
    os.close(main)
    shown = capsys.readouterr()
    assert (shown.out, shown.err) == ("", "> > ")
