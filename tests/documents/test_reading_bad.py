"""What cannot be read ends with a reason, soon, and with nothing reached, whatever is in the file."""

import contextlib
import functools
import io
import os
import resource
import socket
import sys
import zipfile

import fpdf
import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llmx.documents import DocumentError, Limits, read, read_bytes
from tests.documents import made

PDF = made.pdf_by_canvas(["some words of a page"])
DOCX = made.docx_by_python_docx(["some words", "more words"])
XLSX = made.xlsx_by_openpyxl(["some words"])


def pdf_with_password():
    document = fpdf.FPDF()
    document.add_page()
    document.set_encryption(owner_password="o", user_password="u")
    return bytes(document.output())


def docx_with_password():
    """A compound file that holds what Office calls an encrypted package."""
    return b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 504 + "EncryptedPackage".encode("utf-16-le")


def picture_pdf():
    document = fpdf.FPDF()
    document.add_page()
    document.rect(10, 10, 50, 50)
    return bytes(document.output())


ROOM = 50_000_000


@functools.cache
def zip_bomb():
    """50 MB of empty paragraphs in 100 kB; in memory they are far more."""
    return made.docx_by_hand("<w:p/>" * (ROOM // 6))


def lying_zip():
    """The directory says that 10 bytes are there, where fifty million are."""
    data = zip_bomb()
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        size = archive.getinfo("word/document.xml").file_size
    return data.replace(size.to_bytes(4, "little"), (10).to_bytes(4, "little"))


BILLION_LAUGHS = (
    '<?xml version="1.0"?><!DOCTYPE w [<!ENTITY a "'
    + "ha" * 50
    + '">'
    + "".join(f'<!ENTITY {name} "{f"&{before};" * 20}">' for before, name in zip("abcdefg", "bcdefgh", strict=True))
    + ']><w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:body><w:p><w:r>'
    "<w:t>&h;</w:t></w:r></w:p></w:body>{}</w:document>"
)


@pytest.mark.parametrize(
    ("data", "name", "reason"),
    [
        (b"", "a.txt", "empty"),
        (b" \n\t\n", "a.md", "empty"),
        (b"<!doctype html><script>x</script>", "a.html", "empty"),
        (made.docx_by_hand(""), "a.docx", "empty"),
        (picture_pdf(), "scan.pdf", "no_text"),
        (pdf_with_password(), "a.pdf", "encrypted"),
        (docx_with_password(), "a.docx", "encrypted"),
        (docx_with_password()[:400], "a.doc", "unsupported"),
        (PDF[: len(PDF) // 3], "a.pdf", "damaged"),
        (b"%PDF-1.7 and nothing else", "a.pdf", "damaged"),
        (DOCX[: len(DOCX) // 2], "a.docx", "damaged"),
        (b"PK\x03\x04 and nothing else", "a.docx", "damaged"),
        (made.archive({"word/document.xml": "<w:document"}), "a.docx", "damaged"),
        (made.docx_by_hand("<w:p>"), "a.docx", "damaged"),
        (made.archive({"a.txt": "x"}), "a.zip", "unsupported"),
        (b"\x89PNG\r\n\x1a\n" + bytes(50), "a.png", "unsupported"),
        (bytes(range(256)) * 20, "a.bin", "unsupported"),
        (b"\x7fELF" + bytes(60), "a.txt", "unsupported"),
        (b"a\0b\0\1\2\3\4\5", "a.txt", "unsupported"),
    ],
)
def test_a_bad_document_is_refused_with_its_reason(data, name, reason):
    with pytest.raises(DocumentError) as refused:
        read_bytes(data, name)
    assert (refused.value.reason, refused.value.exit_code) == (reason, 3)
    assert name in refused.value.message
    assert "\n" not in refused.value.message


def test_what_is_no_file_is_refused_at_once(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for path, reason, code in (("nowhere", "missing", 4), (".", "unsupported", 3), ("pipe", "unsupported", 3)):
        with pytest.raises(DocumentError) as refused:
            read(tmp_path / path)
        assert (refused.value.reason, refused.value.exit_code) == (reason, code)
    with pytest.raises(DocumentError, match="cannot be read"):
        read("a\0b")


@pytest.mark.parametrize(
    ("data", "name", "limits", "reason"),
    [
        (b"x" * 101, "a.txt", Limits(file=100), "too_large"),
        (b"x" * 101, "a.txt", Limits(text=100), "too_large"),
        (PDF, "a.pdf", Limits(text=10), "too_large"),
        (XLSX, "a.xlsx", Limits(cells=1), "too_large"),
        (zip_bomb, "a.docx", Limits(unpacked=ROOM), "too_large"),
        (zip_bomb, "a.docx", Limits(memory=400 << 20), "memory"),
        (lying_zip, "a.docx", Limits(), "damaged"),
        (b"<!doctype html>" + b"<p>x" * 2_000_000, "a.html", Limits(seconds=0.3), "timeout"),
        (made.docx_by_hand("", BILLION_LAUGHS), "a.docx", Limits(seconds=20), None),
    ],
)
def test_a_huge_document_ends_at_its_limit(data, name, limits, reason):
    data = data() if callable(data) else data
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(DocumentError) as refused:
        read_bytes(data, name, limits)
    assert reason is None or refused.value.reason == reason
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100_000  # KiB


def test_external_entities_lead_nowhere(tmp_path):
    (tmp_path / "secret").write_text("hunter2")
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.2)
        port = server.getsockname()[1]
        for target in (f"file://{tmp_path}/secret", f"http://127.0.0.1:{port}/x"):
            document = made.DOCX_XML.replace("<w:document", f'<!DOCTYPE w [<!ENTITY x SYSTEM "{target}">]><w:document')
            body = "<w:p><w:r><w:t>before &x; after</w:t></w:r></w:p>"
            try:
                text = read_bytes(made.docx_by_hand(body, document), "a.docx").text
            except DocumentError as refused:
                text = refused.message
            assert "hunter2" not in text
        with pytest.raises(TimeoutError):
            server.accept()


@pytest.mark.parametrize(("name", "data", "module"), [("a.pdf", PDF, "pypdfium2"), ("a.xlsx", XLSX, "openpyxl")])
def test_a_missing_reader_names_what_to_install(monkeypatch, name, data, module):
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(DocumentError) as refused:
        read_bytes(data, name)
    assert (refused.value.reason, refused.value.exit_code) == ("reader", 3)
    assert refused.value.hint == "pip install 'llmx-toolkit[docs]'"


@given(st.sampled_from([PDF, DOCX, XLSX, made.html(["a few words"])]), st.data())
@settings(max_examples=8)
def test_a_spoiled_document_gives_text_or_a_reason(data, draw):
    at = draw.draw(st.integers(0, len(data) - 1))
    spoiled = data[:at] + draw.draw(st.binary(max_size=20)) + data[at + draw.draw(st.integers(0, 200)) :]
    with contextlib.suppress(DocumentError):
        assert read_bytes(spoiled, "a").text


def test_a_formula_with_a_link_is_text(monkeypatch):
    book, out = openpyxl.Workbook(), io.BytesIO()
    book.active.append(['=WEBSERVICE("http://127.0.0.1:9/")', "=cmd|'/c calc'!A1"])
    book.save(out)
    assert "WEBSERVICE" in read_bytes(out.getvalue(), "a.xlsx").text
