"""A synthesis as Markdown, HTML and JSON, its sources, and what validation found."""

import html
import json
from collections.abc import Mapping, Sequence
from typing import Any

from llmx.templates.citing import numbered, reference, references
from llmx.templates.phases import Context
from llmx.templates.reports.inert import inert

_STYLE = "body{font-family:sans-serif;max-width:48em;margin:2em auto;line-height:1.5}blockquote{color:#555}"
_POLICY = "default-src 'none'; style-src 'unsafe-inline'"


def add_artifacts(context: Context, result: Mapping[str, Any]) -> None:
    """synthesis.md, .json or .html, sources.json, and validation.txt."""
    given = context.parameters
    if given["output_format"] == "json":
        context.add("synthesis.json", _json(result), "application/json")
    elif given["output_format"] == "html":
        page = as_html(result, with_citations=given["include_citations"])
        context.add("synthesis.html", page, "text/html")
    else:
        context.add("synthesis.md", result["text"] + "\n", "text/markdown")
    context.add("sources.json", _json(result["sources"]), "application/json")
    if result["validation"]:
        context.add("validation.txt", as_text(result["validation"]))


def as_markdown(result: Mapping[str, Any], *, with_citations: bool) -> str:
    """The synthesis; what sources and the model say is no markup in it."""
    marks, notes = numbered(_statements(result))
    rest = iter(marks)
    lines = [f"# {inert(result['topic'])}"]
    for section in result["sections"]:
        lines.append(f"## {inert(section['heading'])}" if section["heading"] else "")
        lines += [
            f"{inert(each['text'])} {next(rest) if with_citations else ''}".rstrip() for each in section["statements"]
        ]
    if with_citations:
        lines += ["## Citations", "  \n".join(references(_placed(notes, result)))]
    lines += ["## Sources", "\n".join(f"{each['number']}. {_named(each)}" for each in result["sources"])]
    return "\n\n".join(line for line in [*lines, _note(result)] if line)


def as_html(result: Mapping[str, Any], *, with_citations: bool) -> str:
    """A page without script, which fetches nothing; everything in it is escaped."""
    marks, notes = numbered(_statements(result))
    rest = iter(marks)
    body = [f"<h1>{html.escape(result['topic'])}</h1>"]
    for section in result["sections"]:
        body.append(f"<h2>{html.escape(section['heading'])}</h2>")
        for each in section["statements"]:
            mark = f" <sup>{next(rest)}</sup>" if with_citations else ""
            body.append(f"<p>{html.escape(each['text'])}{mark}</p>")
    if with_citations:
        told = [
            f"<li>{html.escape(_where(each))}<blockquote>{html.escape(each['quote'])}</blockquote></li>"
            for each in _placed(notes, result)
        ]
        body += ["<h2>Citations</h2>", "<ol>", *told, "</ol>"]
    body += ["<h2>Sources</h2>", "<ol>", *(f"<li>{_link(each)}</li>" for each in result["sources"]), "</ol>"]
    body.append(f"<p>{html.escape(_note(result))}</p>")
    head = f'<meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
    title = f"<title>{html.escape(result['topic'])}</title><style>{_STYLE}</style>"
    return f"<!doctype html>\n<html><head>{head}{title}</head><body>\n" + "\n".join(body) + "\n</body></html>\n"


def as_text(validation: Mapping[str, Any]) -> str:
    """What was looked up, and what was taken out."""
    lines = [
        f"citations checked: {validation['checked']}",
        f"verified: {validation['verified']}, of which put right: {validation['corrected']}",
        f"removed: {validation['removed']}",
        f"statements taken out with their last citation: {len(validation['unsupported'])}",
    ]
    lines += [
        f"- source {each['source']}, {each['reason']}: {json.dumps(each['quote'])}" for each in validation["bogus"]
    ]
    lines += [f"- unsupported: {json.dumps(each)}" for each in validation["unsupported"]]
    return "\n".join(lines) + "\n"


def _statements(result: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [each for section in result["sections"] for each in section["statements"]]


def _placed(notes: Sequence[Mapping[str, Any]], result: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The citations with where they stand; one that was not checked has a source, if that, and no lines."""
    names = {each["number"]: each["name"] for each in result["sources"]}
    unchecked = {"first": 0, "last": 0, "place": "not checked"}
    return [{**unchecked, "name": names.get(each["source"], "no source"), **each} for each in notes]


def _note(result: Mapping[str, Any]) -> str:
    validation = result["validation"]
    if validation is None:
        return "The citations were not checked."
    removed, statements = validation["removed"], len(validation["unsupported"])
    told = f"Citations that were looked up and found: {validation['verified']}"
    taken = f"; not found and taken out: {removed}, and statements with them: {statements}" if removed else ""
    return f"{told}{taken}."


def _where(citation: Mapping[str, Any]) -> str:
    lines = f", lines {citation['first']}-{citation['last']}" if citation["first"] else ""
    return f"{citation['name']}{lines}{', ' if citation['place'] else ''}{citation['place']}"


def _named(source: Mapping[str, Any]) -> str:
    name = source["name"]
    return f"{inert(source['title'])}: {name if _is_plain_url(name) else reference(name, 0, 0)}"


def _is_plain_url(name: str) -> bool:
    return name.startswith(("https://", "http://")) and not set(name) & set("<>()[]`*_\\\"' ") and name.isprintable()


def _link(source: Mapping[str, Any]) -> str:
    title, name = html.escape(source["title"]), html.escape(source["name"])
    if not source["name"].startswith(("https://", "http://")):
        return f"{title}: {name}"
    return f'<a href="{name}" rel="noreferrer nofollow">{title}</a>: {name}'


def _json(value: object) -> str:
    return json.dumps(value, indent=1, ensure_ascii=False) + "\n"
