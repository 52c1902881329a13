"""HTML by the standard library: what a reader would see, by its headings."""

import re
from html.parser import HTMLParser
from typing import BinaryIO

from llmx.documents.decoding import decoded
from llmx.documents.extraction import Harvest

SILENT = frozenset(("script", "style", "template", "noscript", "svg", "math", "iframe", "object", "head"))
BLOCKS = frozenset(
    [
        *("address", "article", "aside", "blockquote", "br", "caption", "dd", "details", "dialog", "div", "dl", "dt"),
        *("fieldset", "figcaption", "figure", "footer", "form", "h1", "h2", "h3", "h4", "h5", "h6", "header", "hr"),
        *("li", "main", "nav", "ol", "option", "p", "pre", "section", "summary", "table", "tr", "ul", "body"),
    ]
)
CELLS = frozenset(("td", "th"))
HEADINGS = frozenset(("h1", "h2", "h3", "h4", "h5", "h6"))
_SPACES = re.compile(r"\s+")
_CHARSET = re.compile(rb"""<meta[^>]{0,200}?charset\s*=\s*["']?\s*([A-Za-z0-9_:.-]{1,40})""", re.IGNORECASE)


def extract(file: BinaryIO, name: str, harvest: Harvest) -> None:
    """A part for each heading, one before the first of them if something stands there."""
    data = file.read()
    declared = _CHARSET.search(data[:4096])
    text, harvest.encoding = decoded(data, name, declared[1].decode() if declared else "")
    page = _Page()
    page.feed(text)
    page.close()
    harvest.title = " ".join(page.title.split())
    for heading, lines in page.finished():
        harvest.add("section", heading, lines)


class _Page(HTMLParser):
    """Collects lines; spaces count as in a browser, which shows a run of them as one."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.title = ""
        self._sections: list[tuple[str, list[str]]] = [("", [])]
        self._line: list[str] = []
        self._silent: list[str] = []
        self._exact = 0
        self._in_title = False
        self._heading: list[str] | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Begin a line for what begins one."""
        self._in_title = tag == "title"
        if tag in SILENT:
            self._silent.append(tag)
        if tag == "body" or (tag in BLOCKS and self._silent == ["head"]):
            self._silent = []  # a head that nobody has ended
        if tag in BLOCKS:
            self._end_line()
        if tag in CELLS and self._line:
            self._line.append("\t")
        if tag == "pre":
            self._exact += 1
        if tag == "img" and (alternative := dict(attrs).get("alt")):
            self.handle_data(alternative)
        if tag in HEADINGS and not self._silent:
            self._heading = []

    def handle_endtag(self, tag: str) -> None:
        """End the line of what ends one."""
        if tag == "title":
            self._in_title = False
        if tag in self._silent:
            del self._silent[self._silent.index(tag) :]
        if tag in HEADINGS and self._heading is not None:
            self._sections.append((" ".join("".join(self._heading).split()), []))
            self._heading = None
        if tag in BLOCKS:
            self._end_line()
        if tag == "pre":
            self._exact = max(0, self._exact - 1)

    def handle_data(self, data: str) -> None:
        """Text that is shown."""
        if self._in_title and "svg" not in self._silent:
            self.title += data
        if self._in_title or self._silent:
            return
        if not self._exact:
            data = _SPACES.sub(" ", data)
        if self._heading is not None:
            self._heading.append(data)
        if self._exact and "\n" in data:
            first, *rest = data.split("\n")
            self._line.append(first)
            for line in rest:
                self._end_line()
                self._line.append(line)
        else:
            self._line.append(data)

    def finished(self) -> list[tuple[str, str]]:
        """The sections with their text."""
        self._end_line()
        told = [(name, "\n".join(lines).strip("\n")) for name, lines in self._sections]
        return [(name, text) for name, text in told if name or text]

    def _end_line(self) -> None:
        text = "".join(self._line)
        shown = text.rstrip() if self._exact else "\t".join(" ".join(cell.split()) for cell in text.split("\t"))
        if shown.strip():
            self._sections[-1][1].append(shown)
        self._line = []
