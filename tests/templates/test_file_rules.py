"""The rules of file-classification's presets: what names and contents say, and which of the two decides."""

import io
import zipfile
from pathlib import Path

import pytest

from llmx.templates.builtin.file_classification.deciding import by_both, by_content, by_name
from llmx.templates.builtin.file_classification.kinds import seen
from llmx.templates.builtin.file_classification.presets import categories

CHAPTER = (Path(__file__).resolve().parents[2] / "llmx/data/guide/file-classification.md").read_text()
PNG = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"
JPEG = b"\xff\xd8\xff\xe1\0\x10Exif\0\0MM\0*"
EXE = b"MZ\x90\0\x03\0\0\0"
INVOICE = b"Invoice number: 17\nAmount due: 100\n"


def zipped(*names):
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for name in names:
            archive.writestr(name, "x")
    return made.getvalue()


NAMES = {
    "documents": {
        "Invoice-2024.pdf": "invoices",
        "nda-acme.docx": "contracts",
        "my cv.pdf": "resumes",
        "table.XLSX": "spreadsheets",
        "talk.odp": "presentations",
        "novel.epub": "books",
        "x.pdf": "texts",
        "x.mp3": "",
    },
    "media": {
        "Screenshot 2024.png": "screenshots",
        "IMG_0001.JPG": "photos",
        "x.jpg": "images",
        "x.nef": "photos",
        "logo.svg": "vector",
        "x.mkv": "video",
        "x.flac": "audio",
        "x.srt": "subtitles",
        "x.m3u8": "playlists",
        "x.psd": "projects",
        "x.py": "",
    },
    "code": {
        "test_x.py": "tests",
        "x.spec.ts": "tests",
        "Dockerfile": "builds",
        "package.json": "builds",
        "x.ipynb": "notebooks",
        "x.sh": "scripts",
        "x.css": "web",
        "x.sql": "queries",
        "x.rs": "source",
        "x.toml": "settings",
        "x.jsonl": "data",
        "README": "documents",
        "x.mp3": "",
    },
    "downloads": {
        "setup.exe": "programs",
        "x.iso": "disks",
        "x.tar.gz": "archives",
        "x.gguf": "models",
        "x.png": "images",
        "x.mp4": "video",
        "x.mp3": "audio",
        "x.woff2": "fonts",
        "x.epub": "books",
        "x.py": "code",
        "x.csv": "data",
        "x.pdf": "documents",
        "x.unheard-of": "",
        "noextension": "",
        ".exe": "",
    },
}
CONTENTS = [
    ("documents", INVOICE, "invoices"),
    ("documents", b"This Agreement ... the parties ... governing law", "contracts"),
    ("documents", b"Dear Sir,\n...\nYours faithfully", "letters"),
    ("documents", b"Attendees: all\nAction items: none", "meetings"),
    ("documents", b"only one word: invoices are not one", "texts"),
    ("documents", zipped("word/document.xml"), "texts"),
    ("documents", zipped("xl/workbook.xml"), "spreadsheets"),
    ("documents", INVOICE + b"This Agreement, the parties: subtotal ... governing law, termination", "invoices"),
    ("documents", zipped("x"), ""),
    ("documents", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "PowerPoint Document".encode("utf-16-le"), "presentations"),
    ("media", PNG, "images"),
    ("media", JPEG, "photos"),
    ("media", b"\xff\xd8\xff\xe0\0\x10JFIF\0", "images"),
    ("media", b"<?xml version='1.0'?>\n<svg xmlns='x'/>", "vector"),
    ("media", b"RIFF\x01\x02\x03\x04WAVEfmt ", "audio"),
    ("media", b"RIFF\x01\x02\x03\x04WEBPVP8 ", "images"),
    ("media", b"\0\0\0\x20ftypisom\0\0\0\0", "video"),
    ("media", b"#EXTM3U\nx.mp3\n", "playlists"),
    ("media", b"1\n00:00:01,000 --> 00:00:02,000\nHi\n", "subtitles"),
    ("code", b"import pytest\n\n\ndef test_x():\n    pass\n", "tests"),
    ("code", b"#!/usr/bin/env bash\necho\n", "scripts"),
    ("code", b"FROM debian:12\nRUN true\n", "builds"),
    ("code", b"import os\n\n\ndef f(x):\n    return x\n", "source"),
    ("code", b"<!DOCTYPE html>\n<p>", "web"),
    ("code", b"CREATE TABLE x (y);\nINSERT INTO x VALUES (1);\n", "queries"),
    ("code", b'{"a": [1]}', "data"),
    ("code", b"just words", "documents"),
    ("downloads", EXE, "programs"),
    ("downloads", b"MZ is how this text begins", "documents"),
    ("downloads", b"\x7fELF\x02\x01\x01\0", "programs"),
    ("downloads", zipped("x"), "archives"),
    ("downloads", zipped("META-INF/MANIFEST.MF"), "programs"),
    ("downloads", b"\0" * 32769 + b"CD001", "disks"),
    ("downloads", b"%PDF-1.7\n", "documents"),
    ("downloads", b"\xca\xfe\xba\xbe\0\0\0\x34", ""),
    ("downloads", b"\xff\xfeh\0i\0", "documents"),
    ("downloads", b"caf\xe9", "documents"),
    ("downloads", b"\0\1\2", ""),
    ("downloads", b"", ""),
]
BOTH = [
    ("x.txt", PNG, "images"),
    ("x.png", b"not a picture", "images"),
    ("song.m4a", b"\0\0\0\x20ftypisom\0\0\0\0", "audio"),
    ("tool.whl", zipped("x"), "programs"),
    ("paper.docx", zipped("x"), "archives"),
    ("x.geojson", b'{"a": 1}', "data"),
    ("letter.pdf", EXE, "programs"),
    ("x.dll", EXE, "programs"),
    ("unknown", b"\0", ""),
]


@pytest.mark.promise("S2-41")
@pytest.mark.parametrize(("preset", "name"), [(preset, name) for preset in NAMES for name in NAMES[preset]])
def test_a_name_says_its_category(preset, name):
    assert by_name(name, categories(preset)).category == NAMES[preset][name]


@pytest.mark.promise("S2-41")
@pytest.mark.parametrize(("preset", "data", "category"), CONTENTS)
def test_content_says_its_category_whatever_its_name(preset, data, category):
    assert by_content(seen(data), categories(preset)).category == category


@pytest.mark.parametrize(("name", "data", "category"), BOTH)
def test_of_name_and_content_the_one_that_knows_more_decides(name, data, category):
    assert by_both(name, seen(data), categories("downloads")).category == category


def test_every_category_is_named_in_the_guide_and_can_be_had():
    for preset, names in NAMES.items():
        listed = ", ".join(each.name for each in categories(preset))
        assert f"| {listed} |" in CHAPTER
        found = {*names.values(), *(category for of, _, category in CONTENTS if of == preset)}
        assert {each.name for each in categories(preset)} - found <= {"reports"}
