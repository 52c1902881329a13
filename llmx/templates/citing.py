"""What a model says from sources, each statement with its quotes: every quote is looked up in the source it names."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from llmx.knowledge import Place, place_at
from llmx.knowledge.quotes import Quotable
from llmx.templates.reports.inert import harmless, inert


class Source(NamedTuple):
    """A numbered text that may be cited; its first line is line ``first`` of the document called ``name``."""

    name: str
    text: Quotable
    first: int = 1
    places: Sequence[Place] = ()


class Citing(NamedTuple):
    """What holds and what does not.

    ``statements`` have the citations that hold, each with the document's own words and lines; ``unsupported`` have none
    left. ``corrected`` counts quotes that stand in another source than the one named, ``bogus`` are those that stand
    in none, each with the reason.
    """

    statements: list[dict[str, Any]]
    unsupported: list[str]
    verified: int
    corrected: int
    bogus: list[dict[str, Any]]

    @property
    def summary(self) -> dict[str, Any]:
        """The counts, and what was taken out."""
        checked = self.verified + len(self.bogus)
        return {
            "checked": checked,
            "verified": self.verified,
            "corrected": self.corrected,
            "removed": len(self.bogus),
            "bogus": self.bogus,
            "unsupported": self.unsupported,
        }


def check_citations(statements: Iterable[Mapping[str, Any]], sources: Mapping[int, Source]) -> Citing:
    """Look up every quote; what stands nowhere is taken out, and so is a statement that nothing is left for."""
    kept: list[dict[str, Any]] = []
    unsupported: list[str] = []
    bogus: list[dict[str, Any]] = []
    verified = corrected = 0
    for statement in statements:
        citations = []
        for said in statement["citations"]:
            found = _found(said, sources)
            if found is None:
                reason = "it is not in the source" if said["source"] in sources else "there is no such source"
                bogus.append({"statement": statement["text"], **said, "reason": reason})
                continue
            verified += 1
            corrected += found["source"] != said["source"]
            if found not in citations:
                citations.append(found)
        if citations:
            kept.append({**statement, "citations": citations})
        else:
            unsupported.append(statement["text"])
    return Citing(kept, unsupported, verified, corrected, bogus)


def _found(said: Mapping[str, Any], sources: Mapping[int, Source]) -> dict[str, Any] | None:
    """The citation as it holds: in the source that is named, else in the one other that has these words."""
    named = _in(said["source"], said["quote"], sources) if said["source"] in sources else None
    if named:
        return named
    others = [found for number in sources if (found := _in(number, said["quote"], sources))]
    return others[0] if len({each["name"] for each in others}) == 1 else None


def _in(number: int, quote: str, sources: Mapping[int, Source]) -> dict[str, Any] | None:
    source = sources[number]
    found = source.text.find(quote)
    if found is None:
        return None
    lines, words = found
    first, last = lines.first + source.first - 1, lines.last + source.first - 1
    where = {"first": first, "last": last, "place": place_at(source.places, first)}
    return {"source": number, "name": source.name, **where, "quote": words}


def reference(name: str, first: int, last: int, place: str = "") -> str:
    """Where something stands, in Markdown, as editors and terminals read it: ```notes.md:12-14```, with its page.

    Without lines (``first`` is 0) it is the name alone.
    """
    lines = f":{first}" if first == last else f":{first}-{last}"
    text = name + (lines if first else "")
    shown = f"`{text}`" if text.isprintable() and "`" not in text else inert(text)
    return f"{shown} ({inert(place)})" if place else shown


def numbered(statements: Sequence[Mapping[str, Any]]) -> tuple[list[str], list[Mapping[str, Any]]]:
    """Each statement's marks (``[1][2]``), and the citations that they stand for, each once, in that order."""
    notes: list[Mapping[str, Any]] = []
    marks = []
    for statement in statements:
        for citation in statement["citations"]:
            if citation not in notes:
                notes.append(citation)
        marks.append("".join(f"[{notes.index(citation) + 1}]" for citation in statement["citations"]))
    return marks, notes


def references(notes: Sequence[Mapping[str, Any]]) -> list[str]:
    """The citations in Markdown, numbered, each with where it stands and its words."""
    return [
        f'[{number}] {reference(each["name"], each["first"], each["last"], each["place"])}: "{inert(each["quote"])}"'
        for number, each in enumerate(notes, 1)
    ]


def block(text: str) -> str:
    """Words of a source as a block in Markdown, in which nothing is markup and no terminal obeys anything."""
    lines = text.replace("\t", "    ").split("\n")
    shown = ("".join(each if each.isprintable() else " " for each in line) for line in lines)
    return "\n".join(f"    {harmless(line)}" for line in shown)
