"""What code does in a review: read the sources, check what the model says against them, and merge it."""

import hashlib
import json
from typing import Any, NamedTuple

from llmx.errors import InconclusiveError
from llmx.templates.builtin.code_review.anchors import Anchor, anchored
from llmx.templates.builtin.code_review.canaries import Canary, again, code_of, plant
from llmx.templates.builtin.code_review.collecting import collected
from llmx.templates.builtin.code_review.fixes import patch_of
from llmx.templates.builtin.code_review.sources import Source, parts_of
from llmx.templates.findings import SEVERITIES, Finding, fingerprint, majority, score
from llmx.templates.phases import Context
from llmx.templates.reports.plain import finding_lines


def collect(context: Context) -> dict[str, Any]:
    """The sources in parts that fit a question, each for every aspect; what cannot be read is named with the reason."""
    given = context.parameters
    sources = collected(given["code_path"], context.options, context.coverage)
    for source in sources:
        asked = "" if source.asked is None else f"{sorted(source.asked)}\n"
        context.took(source.path, asked + source.text)
    copies, canaries = plant(sources, context.canaries, given["aspects"], context.seed)
    questions = [
        {"aspect": aspect, "text": text, **({"sample": sample} if sample else {})}
        for sample in range(context.votes)
        for text in parts_of(copies, given["chunk_bytes"])
        for aspect in given["aspects"]
    ]
    planted = [{**vars(canary), "code": code_of(canary)} for canary in canaries]
    return {"questions": questions, "files": _sums(sources), "canaries": planted}


def _sums(sources: list[Source]) -> dict[str, str]:
    return {each.path: hashlib.sha256(each.text.encode(errors="surrogatepass")).hexdigest() for each in sources}


def merge(context: Context) -> dict[str, Any]:
    """The findings that hold, once each, most severe first; those that point at nothing are counted, not told."""
    given, checks = context.parameters, context.checks
    sources = collected(given["code_path"], context.options, [])
    asked = context.results["collect"]
    _require_unchanged(context, sources)
    copies, canaries = again(sources, asked["canaries"])
    told = _told(asked["questions"], context.results["review"], copies)
    samples = [[each for each in told if each.sample == sample] for sample in range(context.votes)]
    checks.verified += sum(each.anchor is not None for each in told)
    checks.unverified += sum(each.anchor is None for each in told)
    checks.votes = context.votes
    checks.canaries += [_checked(canary, samples) for canary in canaries]
    own = {source.path: source for source in sources}
    wanted = [[each for each in sample if _counts(each, own, canaries)] for sample in samples]
    voted = majority([[_finding(each, own, context) for each in sample] for sample in wanted])
    checks.unstable += voted.unstable
    least = given["severity_filter"]
    shown = SEVERITIES if least == "all" else SEVERITIES[SEVERITIES.index(least) :]
    kept = [each for each in voted.kept if each["severity"] in shown]
    context.findings = kept
    result = {
        "findings": kept,
        "counts": {severity: sum(each["severity"] == severity for each in kept) for severity in reversed(SEVERITIES)},
        "score": score(kept),
        "files_reviewed": len(sources),
        "not_in_the_source": sum(each.anchor is None for each in told),
        "aspects": list(given["aspects"]),
    }
    context.add("review-findings.json", json.dumps(result, indent=1, ensure_ascii=False) + "\n", "application/json")
    context.add("review-report.md", _report(result), "text/markdown")
    return result


def _require_unchanged(context: Context, sources: list[Source]) -> None:
    """What has changed since it was asked about has not been reviewed, however long ago that was."""
    now, then = _sums(sources), context.results["collect"]["files"]
    changed = sorted(path for path in {*now, *then} if now.get(path) != then.get(path))
    if changed:
        more = f" and {len(changed) - 1} more" if len(changed) > 1 else ""
        said = f"{changed[0]}{more} changed after the model was asked about it"
        raise InconclusiveError(said, hint="run it anew, without --resume")


def _report(result: dict[str, Any]) -> str:
    """What was found, for people; the words of the model are text there and nothing else."""
    counts = ", ".join(f"{number} {severity}" for severity, number in result["counts"].items() if number)
    head = [
        "# Review",
        "",
        f"Score {result['score']} of 100. {result['files_reviewed']} files. {counts or 'Nothing found'}.",
    ]
    return "\n".join([*head, "", *(line for each in result["findings"] for line in finding_lines(each))]) + "\n"


class Told(NamedTuple):
    """What a model said about an aspect, and where what it quotes stands in the copy that it was shown."""

    said: dict[str, Any]
    aspect: str
    sample: int
    anchor: Anchor | None

    @property
    def path(self) -> str:
        """The file."""
        return str(self.said["file"].removeprefix("./"))


def _told(questions: list[dict[str, Any]], answers: list[Any], copies: dict[str, Source]) -> list[Told]:
    found = []
    for question, answer in zip(questions, answers, strict=True):
        for said in answer["findings"]:
            told = Told(said, question["aspect"], question.get("sample", 0), None)
            source = copies.get(told.path)
            if source:
                told = told._replace(anchor=anchored(source.lines, said["line"], said["evidence"], source.asked))
            found.append(told)
    return found


def _checked(canary: Canary, samples: list[list[Told]]) -> dict[str, Any]:
    """Whether most of the samples reported what was planted."""
    seen = sum(any(each.anchor and canary.holds(each.path, *each.anchor) for each in sample) for sample in samples)
    return {
        "file": canary.file,
        "defect": canary.kind,
        "aspect": canary.aspect,
        "reported": seen * 2 > len(samples),
    }


def _counts(told: Told, own: dict[str, Source], canaries: list[Canary]) -> bool:
    """Whether it stands in the source, is about what is asked, and is not about what was planted."""
    if told.anchor is None or told.path not in own:
        return False
    words = " ".join(str(value) for value in told.said.values())
    if any(canary.holds(told.path, *told.anchor) or canary.name in words for canary in canaries):
        return False
    return own[told.path].is_asked(*told.anchor)


def _own_line(source: Source, anchor: Anchor, said: int) -> int:
    """The line that a finding is about: the one that it names, where it quotes that, else the first that it quotes."""
    numbers = [number for number in range(anchor.first, anchor.last + 1) if source.lines[number - 1].strip()]
    return said if said in numbers else numbers[0]


def _finding(told: Told, own: dict[str, Source], context: Context) -> Finding:
    """The finding at the lines that hold its evidence."""
    assert told.anchor is not None
    source, anchor, said = own[told.path], told.anchor, told.said
    quoted = source.lines[anchor.first - 1 : anchor.last]
    at = _own_line(source, anchor, said["line"])
    code, before = source.lines[at - 1], source.lines[: at - 1]
    nth = sum(" ".join(line.split()) == " ".join(code.split()) for line in before)
    finding: Finding = {
        "file": source.path,
        "line": anchor.first,
        "end_line": anchor.last,
        "rule": told.aspect,
        "severity": said["severity"],
        "message": said["message"],
        "evidence": "\n".join(quoted),
        "suggestion": said.get("suggestion", ""),
        "fingerprint": fingerprint(source.path, told.aspect, code, nth),
        "patch": "",
    }
    if context.parameters["generate_fixes"] and said.get("replacement") is not None:
        finding["patch"] = patch_of(source, anchor, said["replacement"])
    return finding
