"""Markdown that a model has written, as HTML that holds no script and fetches nothing, and as plain text."""

import html

from markdown_it import MarkdownIt
from markdown_it.token import Token

_WORDS_OF_A_LINE = ("text", "code_inline")


def as_html(markdown: str, title: str) -> str:
    """A whole page. HTML within the text is shown as text, and pictures, which would be fetched, are left as links."""
    body = _reader().render(markdown)
    head = f'<meta charset="utf-8">\n<title>{html.escape(title)}</title>'
    return f"<!doctype html>\n<html>\n<head>\n{head}\n</head>\n<body>\n{body}</body>\n</html>\n"


def as_text(markdown: str) -> str:
    """The words alone: a paragraph, a heading, an entry of a list or a row of a table each in a block of its own."""
    blocks = [_text_of(token) for token in _reader().parse(markdown)]
    return "\n\n".join(block for block in blocks if block)


def _text_of(token: Token) -> str:
    if token.type in ("fence", "code_block"):
        return token.content.rstrip("\n")
    pieces = []
    for child in token.children or ():
        if child.type in _WORDS_OF_A_LINE:
            pieces.append(child.content)
        elif child.type in ("softbreak", "hardbreak"):
            pieces.append("\n")
    return "".join(pieces)


def _reader() -> MarkdownIt:
    return MarkdownIt("commonmark", {"html": False}).enable("table").disable("image")
