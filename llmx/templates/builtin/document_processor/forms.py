"""The files that are made: Markdown, JSON, text or HTML of what came of one document."""

import json
import re
from collections.abc import Callable, Mapping
from pathlib import PurePath
from typing import Any, NamedTuple

from llmx.templates.markdown import as_html as page
from llmx.templates.markdown import as_text as plain

Told = Mapping[str, Any]


def file_name(number: int, path: str, form: str) -> str:
    """``03-report.md`` for the third document; no character of its name that is special anywhere."""
    stem = re.sub(r"[^\w.-]+", "-", PurePath(path).stem).strip("-.")[:80] or "document"
    return f"{number:02}-{stem}.{FORMS[form].ending}"


def as_markdown(told: Told) -> str:
    """A heading and what was made."""
    return f"# {_heading(told)}\n\n{body(told)}\n"


def as_text(told: Told) -> str:
    """What was made, without markup."""
    return plain(as_markdown(told)) + "\n"


def as_json(told: Told) -> str:
    """Everything, for programs."""
    return json.dumps(told, indent=1, ensure_ascii=False) + "\n"


def as_html(told: Told) -> str:
    """A page that runs nothing and fetches nothing."""
    return page(as_markdown(told), _heading(told))


def body(told: Told) -> str:
    """The answer as Markdown."""
    match told["transformation"]:
        case "summarize":
            return str(told["summary"])
        case "extract_key_points":
            return "\n".join(f"- {_line(point['text'])} ({point['place']})" for point in told["points"])
        case "classify":
            return f"{_line(told['category'])}\n\n> {_line(told['quote'])} ({told['place']})"
    return str(told["text"])


def _heading(told: Told) -> str:
    return _line(told["title"] or PurePath(told["path"]).name)


def _line(text: str) -> str:
    return " ".join(text.split())


class Form(NamedTuple):
    """One form of output."""

    ending: str
    media_type: str
    render: Callable[[Told], str]


FORMS = {
    "markdown": Form("md", "text/markdown", as_markdown),
    "json": Form("json", "application/json", as_json),
    "text": Form("txt", "text/plain", as_text),
    "html": Form("html", "text/html", as_html),
}
