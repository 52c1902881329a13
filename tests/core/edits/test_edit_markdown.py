"""Markdown that someone writes around our blocks."""

from llmx.core.edits import Block
from tests.core.edits.before_and_after import Case, each, rewritten

MARKDOWN = [
    Case("a new file", "markdown", "", [Block("a", "text")], "<!-- llmx:begin a -->\ntext\n<!-- llmx:end a -->\n"),
    Case(
        "after a blank line",
        "markdown",
        "# T\n",
        [Block("a", "x")],
        "# T\n\n<!-- llmx:begin a -->\nx\n<!-- llmx:end a -->\n",
    ),
    Case(
        "no final newline", "markdown", "# T", [Block("a", "x")], "# T\n\n<!-- llmx:begin a -->\nx\n<!-- llmx:end a -->"
    ),
    Case(
        "CRLF",
        "markdown",
        "# T\r\n",
        [Block("a", "x\ny")],
        "# T\r\n\r\n<!-- llmx:begin a -->\r\nx\r\ny\r\n<!-- llmx:end a -->\r\n",
    ),
    Case(
        "in place",
        "markdown",
        "a\n<!-- llmx:begin n -->\nold\n<!-- llmx:end n -->\nb\n",
        [Block("n", "new\n\nlines")],
        "a\n<!-- llmx:begin n -->\nnew\n\nlines\n<!-- llmx:end n -->\nb\n",
    ),
    Case(
        "taken out",
        "markdown",
        "a\n\n<!-- llmx:begin n -->\nold\n<!-- llmx:end n -->\n\nb\n",
        [Block("n", None)],
        "a\n\nb\n",
    ),
    Case(
        "a marker in a code block is text",
        "markdown",
        "```\n<!-- llmx:begin n -->\n```\n",
        [Block("n", "x")],
        "```\n<!-- llmx:begin n -->\n```\n\n<!-- llmx:begin n -->\nx\n<!-- llmx:end n -->\n",
    ),
]


@each(MARKDOWN)
def test_a_file_after_an_edit_reads(case):
    assert rewritten(case) == case.after
