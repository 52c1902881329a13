"""Specify, implement, test and check; what fails is mended in rounds, and what was not checked is never clean."""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from llmx.errors import InconclusiveError, SchemaError
from llmx.templates.builtin.code_generator.answers import code_in, files_in
from llmx.templates.builtin.code_generator.checks import FAILED, MISSING, OFF, PASSED, SKIPPED, Bench, Check
from llmx.templates.builtin.code_generator.languages import LANGUAGES, Language, Names, names_of
from llmx.templates.findings import Finding, fingerprint
from llmx.templates.phases import Context

SPECIFICATION = "specification.md"
REPAIR_TOKENS = 10000
_SEVERITIES = {"compile": "high", "tests": "high", "lint": "low"}
_TESTS = re.compile(
    r"#\[test\]|\bdef test|\b(?:test|it)\(|\bfunc Test|\bok\b",  # of all languages: what a test begins with or prints
)


async def specify(context: Context) -> str:
    """What is to be built, in Markdown."""
    text = str(await _asked(context, "specify.j2", max_tokens=2000)).strip()
    if not text:
        raise SchemaError("the model wrote no specification", hint="another model may do better")
    context.add(SPECIFICATION, text + "\n", "text/markdown")
    return text


async def implement(context: Context) -> str:
    """The code."""
    return _code(await _asked(context, "implement.j2", specification=context.results["specify"], max_tokens=6000))


async def test(context: Context) -> str:
    """The tests of the code."""
    values = {"specification": context.results["specify"], "code": context.results["implement"]}
    return _code(await _asked(context, "test.j2", **values, max_tokens=6000))


async def check(context: Context) -> dict[str, Any]:
    """The files, checked and mended; raises ``InconclusiveError`` where a check could not be made."""
    given = context.parameters
    language, names = _language(context)
    bench = Bench(language, names, seconds=given["check_timeout"], memory=given["check_memory"])
    files = {names.code: context.results["implement"]}
    if given["include_tests"]:
        files[names.tests] = context.results["test"]
    _put(context, files)
    checks = await bench.check(files, given["skip_checks"])
    best, rounds = (files, checks), [_round(checks)]
    while _failed(checks) and len(rounds) <= given["max_repairs"]:
        files = await _repaired(context, len(rounds), files, checks)
        checks = await bench.check(files, given["skip_checks"])
        rounds.append(_round(checks))
        if len(_failed(checks)) <= len(_failed(best[1])):
            best = files, checks
    context.provenance["sandbox"] = bench.sandbox or None
    return _settled(context, best[0], best[1], {"rounds": rounds})


def _settled(
    context: Context, files: Mapping[str, str], checks: Sequence[Check], told: dict[str, Any]
) -> dict[str, Any]:
    """The artifacts, the findings and the result."""
    _, names = _language(context)
    result = {
        "language": context.parameters["language"],
        "code_file": names.code,
        "test_file": names.tests if names.tests in files else None,
        "passed": _passed(checks),
        "checks": [each.as_dict() for each in checks],
        "repairs": len(told["rounds"]) - 1,
        **told,
    }
    _put(context, files)
    context.add("checks.json", json.dumps(result, indent=1, ensure_ascii=False) + "\n", "application/json")
    context.findings = [_finding(each, files, names) for each in checks if each.status == FAILED]
    context.metrics.tools_invoked += sum(each.status not in (OFF, SKIPPED, MISSING) for each in checks)
    if missing := [each for each in checks if each.status == MISSING]:
        context.results["check"] = result  # what is known is told, though the phase could not do its work
        said = "; ".join(f"{each.name}: {each.output}" for each in missing)
        names_off = ",".join(each.name for each in missing)
        raise InconclusiveError(
            f"not all checks could be made: {said}", hint=f"install it, or --param skip_checks={names_off}"
        )
    return result


def _passed(checks: Sequence[Check]) -> bool | None:
    """Whether all checks that were asked for passed; None where none was."""
    made = [each for each in checks if each.status != OFF]
    return all(each.status == PASSED for each in made) if made else None


async def _repaired(context: Context, turn: int, files: Mapping[str, str], checks: Sequence[Check]) -> dict[str, str]:
    """The files as the model mends them; tests that got fewer, and names that nobody asked for, are not taken."""
    _, names = _language(context)
    values = {
        "failed": _failed(checks),
        "specification": context.results["specify"],
        "code": files[names.code],
        "tests": files.get(names.tests, ""),
    }
    found = files_in(await context.once(f"check.{turn}", lambda: ask_for_repair(context, values)))
    mended = dict(files)
    if code := found.get(names.code) or found.get(""):
        mended[names.code] = code
    tests = found.get(names.tests, "")
    if names.tests in files and len(_TESTS.findall(tests)) >= len(_TESTS.findall(files[names.tests])):
        mended[names.tests] = tests
    return mended


async def ask_for_repair(context: Context, values: Mapping[str, Any]) -> str:
    """What a model makes of checks that failed."""
    return await _asked(context, "repair.j2", **values, max_tokens=REPAIR_TOKENS)


async def _asked(context: Context, template: str, *, max_tokens: int, **values: Any) -> str:  # noqa: ANN401
    language, names = _language(context)
    own = {
        "title": language.title,
        "rules": names.fill(language.rules),
        "code_file": names.code,
        "test_file": names.tests,
    }
    all_values = {**context.values, **own, **values}
    prompt, system = (context.renderer.file(file, all_values) for file in (template, "system.j2"))
    return str(await context.ask(prompt, system, max_tokens=max_tokens))


def _language(context: Context) -> tuple[Language, Names]:
    language = LANGUAGES[context.parameters["language"]]
    return language, names_of(language, context.parameters["name"])


def _code(answer: str) -> str:
    if code := code_in(answer):
        return code
    raise SchemaError("the model wrote no code", hint="another model may do better")


def _put(context: Context, files: Mapping[str, str]) -> None:
    context.add(SPECIFICATION, context.results["specify"] + "\n", "text/markdown")
    for name, text in files.items():
        context.add(name, text)


def _failed(checks: Sequence[Check]) -> list[Check]:
    return [each for each in checks if each.status == FAILED]


def _round(checks: Sequence[Check]) -> dict[str, str]:
    return {each.name: each.status for each in checks}


def _finding(failed: Check, files: Mapping[str, str], names: Names) -> Finding:
    """A check that failed, at the first line of ours that it names."""
    ours = "|".join(map(re.escape, sorted(files, key=len, reverse=True)))
    place = re.search(rf"(?<![\w.-])({ours})[\"']?(?:[:(]|, line )(\d+)", failed.output)
    file, line = (place[1], int(place[2])) if place else (names.code, 1)
    lines = files[file].split("\n")
    evidence = lines[line - 1] if 0 < line <= len(lines) else ""
    return {
        "file": file,
        "line": max(1, line),
        "end_line": max(1, line),
        "rule": f"check-{failed.name}",
        "severity": _SEVERITIES[failed.name],
        "message": f"{failed.name} fails: {failed.command}\n{failed.output[-1000:]}",
        "evidence": evidence,
        "suggestion": "",
        "fingerprint": fingerprint(file, f"check-{failed.name}", evidence),
        "patch": "",
    }
