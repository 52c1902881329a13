"""``knowledge/chunks.py``: every word is in a chunk, and the lines are those of the text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmx.errors import UsageError
from llmx.knowledge.chunks import chunked, title_of
from llmx.knowledge.words import WORD


def words(text):
    return WORD.findall(text)


@given(
    st.text(alphabet="ab .\n#機é\u2028\U0001f600", max_size=400), st.integers(1, 12), st.integers(0, 11), st.booleans()
)
def test_no_word_is_left_out_and_the_lines_are_right(text, size, overlap, is_markdown):
    if overlap >= size:
        with pytest.raises(UsageError, match="must be less than"):
            chunked(text, size, overlap)
        return
    chunks = chunked(text, size, overlap, is_markdown=is_markdown)
    covered = set()
    for chunk in chunks:
        part = text[chunk.start : chunk.end]
        assert 1 <= len(words(part)) <= size
        assert text[: chunk.start].count("\n") + 1 == chunk.lines.first
        assert chunk.lines.last - chunk.lines.first == part.count("\n")
        covered |= set(range(chunk.start, chunk.end))
    assert {at for found in WORD.finditer(text) for at in range(*found.span())} <= covered
    assert [chunk.start for chunk in chunks] == sorted({chunk.start for chunk in chunks})


def test_the_next_chunk_repeats_the_overlap():
    text = " ".join(f"w{number}" for number in range(100))
    chunks = [words(text[each.start : each.end]) for each in chunked(text, 50, 20)]
    assert [(each[0], each[-1]) for each in chunks] == [("w0", "w49"), ("w30", "w79"), ("w60", "w99")]


@pytest.mark.parametrize(("size", "overlap"), [(50, 50), (50, 51), (200, 1000), (200, -1)])
def test_an_overlap_that_leaves_nothing_is_refused(size, overlap):
    with pytest.raises(UsageError, match=f"chunk_overlap={overlap} must be less than chunk_size={size}"):
        chunked("a b c", size, overlap)


@pytest.mark.parametrize("text", ["", " \n\n\t ", "\n"])
def test_nothing_has_no_chunks(text):
    assert chunked(text) == []


def test_a_chunk_ends_with_a_paragraph_where_one_is_near():
    text = "one two three four five six seven\n\neight nine ten eleven twelve"
    assert text[: chunked(text, 8, 1)[0].end].endswith("seven")
    assert text[: chunked(text, 4, 1)[0].end].endswith("four")


def test_a_line_without_spaces_is_many_words():
    assert len(chunked("x" * 100_000, 50, 0)) == 20
    assert len(chunked("機" * 1000, 50, 0)) == 20


def test_a_chunk_knows_the_heading_above_it_but_none_that_stands_in_code():
    text = "intro\n# First\na b\n```\n# no heading\n```\n## Second ##\nc d\n"
    chunks = chunked(text, 2, 0, is_markdown=True)
    assert [chunk.heading for chunk in chunks][-1] == "Second"
    assert {chunk.heading for chunk in chunks} == {"", "First", "Second"}
    assert {chunk.heading for chunk in chunked(text, 2, 0)} == {""}
    assert title_of(text) == "First"
    assert title_of("none") == ""
