"""Markdown that comes in pieces is cut into blocks that can be set, whatever the pieces were."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llmx.cli.markdown import Blocks


def blocks(*pieces):
    cutter = Blocks()
    found = [block for piece in pieces for block in cutter.feed(piece)]
    return [*found, *([rest] if (rest := cutter.finish()) else [])]


@pytest.mark.parametrize(
    ("text", "cut"),
    [
        ("a\nb\n\nc", ["a\nb", "c"]),
        ("\n\na\n\n\n\nb\n", ["a", "b"]),
        ("* one\n* two\n\nend", ["* one\n* two", "end"]),
        ("```python\na\n\nb\n```\n\nc", ["```python\na\n\nb\n```", "c"]),
        ("````\n```\n\n```\n````\n\nc", ["````\n```\n\n```\n````", "c"]),
        ("~~~\n\n```\n\n~~~\n\nc", ["~~~\n\n```\n\n~~~", "c"]),
        ("```\nnever\n\nclosed", ["```\nnever\n\nclosed"]),
        ("", []),
    ],
)
def test_blocks_end_at_empty_lines_but_not_within_fences(text, cut):
    assert blocks(text) == cut
    assert blocks(*text) == cut


@settings(deadline=None)
@given(st.text("ab \n`~", max_size=60), st.integers(1, 7))
def test_no_word_is_lost_however_it_comes(text, size):
    pieces = [text[at : at + size] for at in range(0, len(text), size)]
    assert blocks(*pieces) == blocks(text)
    assert "".join("".join(blocks(text)).split()) == "".join(text.split())
