"""``llmx/documents``: the text of every kind, and the places in it that a citation can name."""

import asyncio
import datetime
import difflib
import hashlib
import io

import docx
import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmx.documents import read, read_async, read_bytes
from llmx.documents.sections import of_markdown
from tests.documents import made

TEXTS = made.paragraphs()


@pytest.mark.promise("S2-37")
@pytest.mark.parametrize("name", made.MAKERS)
def test_at_least_99_percent_of_the_words_are_found_in_order(tmp_path, name):
    (tmp_path / name).write_bytes(made.MAKERS[name](TEXTS))
    document = read(tmp_path / name)
    wanted = made.expected(name, TEXTS)
    blocks = difflib.SequenceMatcher(None, wanted, document.text.split(), autojunk=False).get_matching_blocks()
    assert sum(block.size for block in blocks) / len(wanted) >= 0.99
    assert "hidden" not in document.text
    assert document.digest == hashlib.sha256((tmp_path / name).read_bytes()).hexdigest()


@pytest.mark.parametrize("name", made.MAKERS)
def test_parts_stand_in_order_and_cover_the_text(name):
    document = read_bytes(made.MAKERS[name](TEXTS[:4]), name)
    assert (document.parts[0].start, document.parts[-1].end) == (0, len(document.text))
    for one, other in zip(document.parts, document.parts[1:], strict=False):
        assert document.text[one.end : other.start] in ("", "\n")
        assert document.part_at(other.start) == other
        assert document.part_at(max(one.start, other.start - 2)) == one


@pytest.mark.parametrize(
    ("name", "place", "others"),
    [
        ("reportlab.pdf", "page 4", "pages 4-5"),
        ("python-pptx.pptx", "slide 4", "slides 4-5"),
        ("openpyxl.xlsx", "sheet Sheet 4", "sheets 4-5"),
        ("plain.md", f'section "{TEXTS[3]}", line 7', f'section "{TEXTS[3]}", lines 7-9'),
    ],
)
def test_a_citation_names_the_place(name, place, others):
    document = read_bytes(made.MAKERS[name](TEXTS), name)
    third, fourth = document.parts[3], document.parts[4]
    assert document.place(third.start, third.start + 5) == place
    assert document.place(third.start, fourth.start + 5) == others


def test_the_lines_of_a_text_are_those_of_its_file():
    document = read_bytes(b"one\r\ntwo\x0c\nthree\n", "a.txt")
    assert document.text == "one\ntwo \nthree\n"
    assert document.place(4, 7) == "line 2"
    assert document.place(4, len(document.text)) == "lines 2-3"
    assert [part.name for part in document.parts] == ["lines 1-3"]


@pytest.mark.parametrize(
    ("data", "name", "kind"),
    [
        (made.pdf_by_canvas(TEXTS[:1]), "report.txt", "pdf"),
        (made.docx_by_python_docx(TEXTS[:1]), "report.zip", "docx"),
        (b"\xef\xbb\xbf <!-- x --> <!DOCTYPE HTML><p>hello", "page", "html"),
        (b"<p>hello", "page.html", "html"),
        (b"<p>hello", "notes.md", "markdown"),
        (b"# hello", "README.MD", "markdown"),
        (b"MZ is how this note begins", "notes", "text"),
    ],
)
def test_the_content_decides_what_a_file_is(data, name, kind):
    assert read_bytes(data, name).kind == kind


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp1252"])
def test_text_is_read_in_the_encoding_that_it_has(encoding):
    text = "Größe, naïve and plain words of a note, 100 €\n"
    document = read_bytes(text.encode(encoding), "a.txt")
    assert document.text == text
    assert document.encoding == encoding.removesuffix("-sig")
    assert bool(document.notes) == (encoding in ("cp1252", "utf-16-le", "utf-16-be"))


def test_a_page_says_its_own_encoding():
    page = '<html><head><meta charset="iso-8859-2"></head><body>Łódź</body>'.encode("iso-8859-2")
    assert read_bytes(page, "a.html").text == "Łódź"


@pytest.mark.parametrize(
    ("page", "text"),
    [
        ("<p>a  b\n c<p>d", "a b c\nd"),
        ("<body>a<br>b<script>x<y</script>c", "a\nbc"),
        ("<pre>a\n  b\tc</pre>d", "a\n  b\tc\nd"),
        ("<tr><td>\n\t1</td>\n<td>2 3</td></tr>", "1\t2 3"),
        ("<p>&lt;b&gt; &amp; &eacute;&#x20AC;</p>", "<b> & é€"),
        ("<img alt='a fox'> runs", "a fox runs"),
        ("<head><title>t</title><p>no head's end", "no head's end"),
        ("<p>a<!-- b --><p>c<unknown>d</unknown>", "a\ncd"),
        ("before<h1>One</h1>a<h2>Two</h2>b", "before\nOne\na\nTwo\nb"),
    ],
)
def test_a_page_reads_as_a_browser_shows_it(page, text):
    document = read_bytes(f"<!doctype html>{page}".encode(), "a.html")
    assert document.text == text


def test_headings_are_sections():
    page = read_bytes(b"<title>T</title>before<h1>One</h1>a<h2>Two</h2>b", "a.html")
    assert (page.title, [part.name for part in page.parts]) == ("T", ["", "One", "Two"])
    text = "---\ntitle: x\n---\nbefore\n\n# One #\n```sh\n# no heading\n```\nTwo\n===\nb\n"
    assert [part.name for part in of_markdown(text)] == ["", "One", "Two"]
    word = read_bytes(made.docx_by_python_docx(TEXTS), "a.docx")
    assert [part.name for part in word.parts] == [TEXTS[0], TEXTS[4], TEXTS[8]]
    assert word.title == "By python-docx"


@given(st.text("# ab\n`-=", max_size=60))
def test_sections_cover_any_markdown(text):
    parts = of_markdown(text)
    assert "".join(text[part.start : part.end] for part in parts) == text


def test_what_stands_beside_the_body_of_a_docx_is_read_once():
    box = (
        "<w:p><w:r><w:t>anchor</w:t></w:r><w:r><mc:AlternateContent><mc:Choice><w:txbxContent><w:p><w:r><w:t>in a box"
        "</w:t></w:r></w:p></w:txbxContent></mc:Choice><mc:Fallback><w:txbxContent><w:p><w:r><w:t>in a box</w:t></w:r>"
        "</w:p></w:txbxContent></mc:Fallback></mc:AlternateContent></w:r></w:p>"
        "<w:p><w:ins><w:r><w:t>new</w:t></w:r></w:ins><w:del><w:r><w:delText>old</w:delText></w:r></w:del></w:p>"
        "<w:sdt><w:sdtContent><w:p><w:r><w:t>a</w:t><w:tab/><w:t>field</w:t><w:br/><w:t>x</w:t></w:r></w:p>"
        "</w:sdtContent></w:sdt>"
    )
    assert read_bytes(made.docx_by_hand(box), "a.docx").text == "anchor\nin a box\nnew\na\tfield\nx"
    document, out = docx.Document(), io.BytesIO()
    document.add_paragraph("body")
    document.sections[0].header.paragraphs[0].text = "above"
    document.sections[0].footer.paragraphs[0].text = "below"
    document.add_comment(document.paragraphs[0].runs, text="a comment", author="me")
    document.save(out)
    found = read_bytes(out.getvalue(), "a.docx")
    assert {part.name: found.part_text(part) for part in found.parts} == {
        "": "body",
        "headers": "above",
        "footers": "below",
        "comments": "a comment",
    }


def test_cells_are_shown_as_they_mean():
    book, out = openpyxl.Workbook(), io.BytesIO()
    sheet = book.active
    sheet.title = "Costs"
    when = datetime.datetime
    sheet.append(["a\tb\nc", 1, 2.0, 2.5, True, None, when(2026, 1, 2), when(2026, 1, 2, 3, 4), "=B1+C1", None])
    sheet.append([])
    sheet["B3"] = "end"
    book.create_sheet("Empty")
    book.save(out)
    document = read_bytes(out.getvalue(), "a.xlsx")
    row = "a b c\t1\t2\t2.5\tTRUE\t\t2026-01-02\t2026-01-02 03:04:00\t=B1+C1"
    assert document.text == f"{row}\n\n\tend\n"
    assert [part.name for part in document.parts] == ["Costs", "Empty"]


def test_a_page_without_text_is_noted(tmp_path):
    (tmp_path / "a.pdf").write_bytes(made.pdf_by_canvas(["one", "", "three"]))
    document = asyncio.run(read_async(tmp_path / "a.pdf"))
    assert document.notes == ("1 of 3 pages have no text: 2",)
    assert document.place(document.text.index("three"), len(document.text)) == "page 3"
