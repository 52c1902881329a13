"""Documents with a known text, by several producers: what a reader finds is compared with what was put in."""

import io
import random
import zipfile

import docx
import fpdf
import openpyxl
import pptx
import xlsxwriter
from matplotlib.backends.backend_pdf import PdfPages
from matplotlib.figure import Figure
from pptx.util import Inches
from reportlab.lib.styles import getSampleStyleSheet
from reportlab.pdfgen import canvas
from reportlab.platypus import PageBreak, Paragraph, SimpleDocTemplate

SENTENCE = "the quick brown fox jumps over lazy dogs while models answer with careful Größe naïve coöperate über "
WORDS = [
    *SENTENCE.split(),
    "résumé",
    "3.14",
    "42",
    "(see)",
    "state-of-the-art",
    "end.",
    "€",
    "1,000",
    "it's",
    "“quoted”",
]


def paragraphs(count=12, length=60, seed=1):
    """Paragraphs of words, the same for the same seed."""
    chosen = random.Random(seed)
    return [" ".join(chosen.choice(WORDS) for _ in range(length)) for _ in range(count)]


def pdf_by_reportlab(texts):
    """One paragraph to a page."""
    out, style = io.BytesIO(), getSampleStyleSheet()["Normal"]
    flow = [each for text in texts for each in (Paragraph(text, style), PageBreak())]
    SimpleDocTemplate(out, title="By ReportLab").build(flow)
    return out.getvalue()


def pdf_by_canvas(texts):
    """Lines at places of their own."""
    out = io.BytesIO()
    page = canvas.Canvas(out)
    for text in texts:
        words = text.split()
        for row, at in enumerate(range(0, len(words), 8)):
            page.drawString(50, 800 - 14 * row, " ".join(words[at : at + 8]))
        page.showPage()
    page.save()
    return out.getvalue()


def pdf_by_fpdf(texts):
    """Several paragraphs to a page, in the encoding that its built-in font has."""
    made = fpdf.FPDF()
    made.add_page()
    made.set_font("helvetica", size=11)
    for text in texts:
        made.multi_cell(0, 5, _latin(text), new_x="LMARGIN", new_y="NEXT")
    return bytes(made.output())


def pdf_by_matplotlib(texts):
    """Glyphs of an embedded font."""
    out = io.BytesIO()
    with PdfPages(out) as pages:
        for text in texts:
            figure, words = Figure(figsize=(8, 11)), text.split()
            for row, at in enumerate(range(0, len(words), 8)):
                figure.text(0.05, 0.95 - 0.03 * row, " ".join(words[at : at + 8]))
            pages.savefig(figure)
    return out.getvalue()


def docx_by_python_docx(texts):
    """Headings, a list, a table, a footer; each text once."""
    document, out = docx.Document(), io.BytesIO()
    document.core_properties.title = "By python-docx"
    for number, text in enumerate(texts):
        match number % 4:
            case 0:
                document.add_heading(text, level=1 + number % 3)
            case 1:
                document.add_paragraph(text, style="List Bullet")
            case 2:
                row = document.add_table(rows=1, cols=2).rows[0]
                middle = len(text) // 2 + text[len(text) // 2 :].find(" ")
                row.cells[0].text, row.cells[1].text = text[:middle], text[middle + 1 :]
            case 3:
                paragraph = document.add_paragraph()
                for word in text.split():
                    paragraph.add_run(word).bold = len(word) > 5
                    paragraph.add_run(" ")
    document.save(out)
    return out.getvalue()


DOCX_XML = """<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"
 xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006"><w:body>{}</w:body></w:document>"""


def docx_by_hand(body, document=DOCX_XML):
    """The least that a DOCX is, with this body."""
    types = "application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"
    return archive(
        {
            "[Content_Types].xml": '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
            '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
            f'<Override PartName="/word/document.xml" ContentType="{types}"/></Types>',
            "_rels/.rels": '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
            '<Relationship Id="r1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/'
            'officeDocument" Target="word/document.xml"/></Relationships>',
            "word/document.xml": document.format(body),
        }
    )


def archive(members):
    """A ZIP archive of these."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as made:
        for name, text in members.items():
            made.writestr(name, text)
    return out.getvalue()


def pptx_by_python_pptx(texts):
    """Titles, bodies, tables, groups and notes."""
    show, out = pptx.Presentation(), io.BytesIO()
    for number, text in enumerate(texts):
        slide = show.slides.add_slide(show.slide_layouts[1])
        first, *rest = text.split(" ")
        slide.shapes.title.text = first
        half = len(rest) // 2
        if number % 3 == 0:
            slide.placeholders[1].text_frame.text = " ".join(rest[:half])
            slide.notes_slide.notes_text_frame.text = " ".join(rest[half:])
        elif number % 3 == 1:
            table = slide.shapes.add_table(1, 2, Inches(1), Inches(1), Inches(4), Inches(1)).table
            table.cell(0, 0).text, table.cell(0, 1).text = " ".join(rest[:half]), " ".join(rest[half:])
        else:
            group = slide.shapes.add_group_shape()
            for words in (rest[:half], rest[half:]):
                group.shapes.add_textbox(Inches(1), Inches(1), Inches(4), Inches(1)).text_frame.text = " ".join(words)
    show.save(out)
    return out.getvalue()


def xlsx_by_openpyxl(texts):
    """A sheet for each text, a word to a cell."""
    book, out = openpyxl.Workbook(), io.BytesIO()
    book.remove(book.active)
    for number, text in enumerate(texts, 1):
        sheet = book.create_sheet(f"Sheet {number}")
        words = text.split()
        for at in range(0, len(words), 6):
            sheet.append(words[at : at + 6])
    book.save(out)
    return out.getvalue()


def xlsx_by_xlsxwriter(texts):
    """The same by a library that shares no code with the reader."""
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"in_memory": True}) as book:
        for text in texts:
            sheet = book.add_worksheet()
            for at, word in enumerate(text.split()):
                sheet.write_string(at // 6, at % 6, word)
    return out.getvalue()


def html(texts):
    """Headings, paragraphs, tables and markup within words' surroundings, and what no reader sees."""
    blocks = [
        f"<h2>{_escaped(text)}</h2>"
        if number % 4 == 0
        else f"<table><tr><td>{_escaped(text)}</td></tr></table>"
        if number % 4 == 1
        else f"<p>{_escaped(text).replace(' fox ', ' <b>fox</b> ')}"
        for number, text in enumerate(texts)
    ]
    hidden = "<script>var hidden = '<p>hidden</p>'</script><style>p { color: hidden }</style><!-- hidden -->"
    head = f"<!DOCTYPE html><html><head><title>By hand</title>{hidden}</head>"
    return (f"{head}<body>{hidden}" + "\n".join(blocks) + "</body></html>").encode()


def _escaped(text):
    return text.replace("&", "&amp;").replace("<", "&lt;").replace("ö", "&ouml;").replace("€", "&#8364;")


def _latin(text):
    for mark, plain in (("“", '"'), ("”", '"'), ("€", "EUR")):
        text = text.replace(mark, plain)
    return text


MAKERS = {
    "reportlab.pdf": pdf_by_reportlab,
    "canvas.pdf": pdf_by_canvas,
    "fpdf.pdf": pdf_by_fpdf,
    "matplotlib.pdf": pdf_by_matplotlib,
    "python-docx.docx": docx_by_python_docx,
    "python-pptx.pptx": pptx_by_python_pptx,
    "openpyxl.xlsx": xlsx_by_openpyxl,
    "xlsxwriter.xlsx": xlsx_by_xlsxwriter,
    "page.html": html,
    "plain.txt": lambda texts: "\n\n".join(texts).encode(),
    "plain.md": lambda texts: "\n\n".join(f"# {text}" for text in texts).encode(),
}
"""File name -> what makes it of texts."""


def expected(name, texts):
    """The words that must be found in a document of that name, in order."""
    return " ".join(map(_latin, texts) if name.startswith("fpdf") else texts).split()
