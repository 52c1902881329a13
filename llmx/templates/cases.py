"""Golden cases: what a template is asked in its own folder, which answers a model gave then, and what came of it.

A case is a folder below the template's ``tests``: ``case.toml`` is written by hand; ``cassette.jsonl`` and
``golden.json`` are made by recording. Relative paths in its parameters begin in that folder.
"""

import difflib
import hashlib
import json
import os
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import chdir, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Literal, NamedTuple

from llmx.core.calls import CallOptions, Calls
from llmx.core.client import LLMClient
from llmx.core.llm_config import LLMConfig
from llmx.core.plugins import load
from llmx.core.settings import Settings
from llmx.errors import ConfigError, InconclusiveError, nearest
from llmx.templates import Artifact, Template
from llmx.templates.evaluators import Check, evaluate, require_evaluators
from llmx.templates.outcomes import Result
from llmx.templates.running import RunOptions, execute

CASE, CASSETTE, GOLDEN = "case.toml", "cassette.jsonl", "golden.json"
_KEYS = ("parameters", "options", "before", "evaluators", "data")
_OPTIONS = ("fail_on", "min_coverage", "diff", "staged")

UNJUDGED = "nothing judges its answer: give the file evaluators, or the entry of its testData what is expected"

Status = Literal["same", "differs", "recorded", "inconclusive"]
Clients = Callable[[str, str], LLMClient]
"""Makes the client that records to one file, or replays another."""


@dataclass(frozen=True)
class Case:
    """One case; without a ``golden`` only its evaluators judge. ``before`` are parameters of runs that ask no model."""

    name: str
    folder: Path
    parameters: Mapping[str, Any]
    cassette: Path
    golden: Path | None = None
    options: RunOptions = field(default_factory=RunOptions)
    evaluators: tuple[Mapping[str, Any], ...] = ()
    data: Mapping[str, Any] = field(default_factory=dict)
    before: tuple[Mapping[str, Any], ...] = ()


class Verdict(NamedTuple):
    """How a case ended; ``text`` says why where it is not as it was."""

    case: str
    status: Status
    text: str = ""
    checks: tuple[Check, ...] = ()


def client_for(settings: Settings, config: LLMConfig, record: str = "", replay: str = "") -> LLMClient:
    """The client of a case: how it samples is the template's to say, not the settings', or cassettes would not play."""
    own = {f"llm.{name}": None for name in ("temperature", "max_tokens", "top_p")}
    values = {**settings.values, **own, "llm.enable_cache": False}
    calls = Calls(values, CallOptions(record=record, replay=replay))
    return LLMClient(config, settings=Settings(values, [], []), calls=calls)


def cases_of(template: Template) -> list[Case]:
    """The cases of a template; raises ``ConfigError`` for one that is written wrongly."""
    if template.folder.is_file():
        of_file: list[Case] = load(f"{template.phases[0].run.partition(':')[0]}:cases")(template.folder)
        return of_file
    return [_read(file) for file in sorted(template.folder.glob(f"tests/*/{CASE}"))]


async def play(template: Template, case: Case, clients: Clients, *, live: bool = False) -> Verdict:
    """Run a case from its cassette, or ``live`` with a model, and compare."""
    if is_unjudged(template, case):
        return Verdict(case.name, "inconclusive", UNJUDGED)
    if not live and not case.cassette.is_file():
        return Verdict(case.name, "inconclusive", "it was never recorded: llmx template test --record")
    client = clients("", "" if live else str(case.cassette))
    result, checks = await _run(template, case, client)
    if live and result.code is not None:
        return Verdict(case.name, "inconclusive", result.problem)
    if not live and result.code == InconclusiveError.exit_code:  # the cassette does not hold what is asked
        return Verdict(case.name, "differs", result.problem.partition(" (record it again")[0])
    difference = _difference(case, result)
    wrong = [f"{check.name}: {check.details}" for check in checks if not check.passed]
    text = "\n".join([*wrong, *([difference] if difference else [])])
    return Verdict(case.name, "differs" if text else "same", text, checks)


async def record(template: Template, case: Case, clients: Clients) -> Verdict:
    """Ask a model and keep its answers and what comes of them; what could not be asked changes nothing."""
    if is_unjudged(template, case):
        return Verdict(case.name, "inconclusive", UNJUDGED)
    fresh = case.cassette.with_name(f".{case.cassette.name}.{os.getpid()}")
    fresh.parent.mkdir(parents=True, exist_ok=True)
    try:
        result, _ = await _run(template, case, clients(str(fresh), ""))
        if result.code is not None:
            return Verdict(case.name, "inconclusive", f"it was not recorded: {result.problem}")
        fresh.chmod(0o644)  # it belongs to the template, which others read; secrets never enter a cassette
        os.replace(fresh, case.cassette)
    finally:
        fresh.unlink(missing_ok=True)
    if case.golden:
        case.golden.write_text(_text(result, case), encoding="utf-8")
    played = await play(template, case, clients)
    if played.status == "same":
        return played._replace(status="recorded")
    return played._replace(text=f"it does not come out the same twice\n{played.text}")


def is_unjudged(template: Template, case: Case) -> bool:
    """Whether whatever is answered would pass."""
    return case.golden is None and not case.evaluators and template.phases[0].schema is None


def exit_code(verdicts: Sequence[Verdict]) -> int:
    """0 where all are as they were, 1 where one differs, 3 where one was not tried or there is none."""
    statuses = {verdict.status for verdict in verdicts}
    if "differs" in statuses:
        return 1
    return 3 if "inconclusive" in statuses or not statuses else 0


async def _run(template: Template, case: Case, client: LLMClient) -> tuple[Result, tuple[Check, ...]]:
    with chdir(case.folder), _alone(case.folder):
        for parameters in case.before:
            await execute(template, parameters, None)
        result = await execute(template, case.parameters, client, case.options)
    answer = result.result if isinstance(result.result, str) else json.dumps(result.result, ensure_ascii=False)

    async def ask(prompt: str, system: str) -> str:
        return (await client.generate(prompt, system or None)).content

    due = case.evaluators if not result.problem else ()
    data = {**result.parameters, **case.data}
    return result, tuple([await evaluate(evaluator, answer.strip(), data, ask) for evaluator in due])


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """What templates keep is kept elsewhere for a while: a case neither sees the user's nor changes it.

    Nor does it see the repository that its folder may be in: a case comes out alike wherever it lies.
    """
    names = ("XDG_DATA_HOME", "GIT_CEILING_DIRECTORIES")
    before = {name: os.environ[name] for name in names if name in os.environ}
    with TemporaryDirectory(prefix="llmx-case-") as data:
        os.environ.update(zip(names, (data, str(folder.resolve().parent)), strict=True))
        try:
            yield
        finally:
            for name in names:
                del os.environ[name]
            os.environ.update(before)


def _difference(case: Case, result: Result) -> str:
    """How the result is not the golden one, as a unified diff; empty where it is."""
    if case.golden is None:
        return result.problem
    try:
        golden = case.golden.read_text(encoding="utf-8")
    except FileNotFoundError:
        return f"there is no {case.golden.name}: llmx template test --record"
    lines = difflib.unified_diff(
        golden.splitlines(), _text(result, case).splitlines(), "golden", "now", lineterm="", n=2
    )
    return "\n".join(lines)


def _text(result: Result, case: Case) -> str:
    """What is compared: all that is the same in every run of the same answers, wherever the case's folder is."""
    here = json.dumps(str(case.folder.resolve()), ensure_ascii=False)[1:-1]
    value = {
        "outcome": result.outcome,
        "exit_code": result.exit_code,
        "problem": result.problem,
        "failed_phase": result.failed_phase,
        "phases": {phase["id"]: phase["status"] for phase in result.phases},
        "result": result.result,
        "coverage": result.coverage,
        "artifacts": {artifact.name: _content(artifact) for artifact in result.artifacts},
    }
    return json.dumps(value, indent=1, ensure_ascii=False, sort_keys=True).replace(here, ".") + "\n"


def _content(artifact: Artifact) -> list[str] | str:
    """Text by its lines, so that a difference can be read; else its sum. A picture differs with who has drawn it."""
    if artifact.media_type.startswith("image/"):
        return artifact.media_type
    try:
        return artifact.data.decode().split("\n")
    except UnicodeDecodeError:
        return f"sha256:{hashlib.sha256(artifact.data).hexdigest()}"


def _read(file: Path) -> Case:
    try:
        told = tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigError(f"{file}: {error}", source=str(file)) from None
    options = told.get("options", {})
    _require_known(file, told, _KEYS)
    _require_known(file, options, _OPTIONS)
    evaluators = require_evaluators(told.get("evaluators", []), str(file))
    judged = {name: options[name] for name in ("fail_on", "min_coverage") if name in options}
    extra = {"diff": options.get("diff", ""), "staged": options.get("staged", False)}
    return Case(
        file.parent.name,
        file.parent,
        told.get("parameters", {}),
        file.parent / CASSETTE,
        file.parent / GOLDEN,
        RunOptions(**judged, extra=extra),
        evaluators,
        told.get("data", {}),
        tuple(told.get("before", ())),
    )


def _require_known(file: Path, table: Mapping[str, Any], known: Sequence[str]) -> None:
    for key in table:
        if key not in known:
            near = nearest(key, known)
            meant = f"did you mean {near}?" if near else f"it can be {', '.join(known)}"
            raise ConfigError(f"{file}: {key}: there is no such key; {meant}", source=str(file), key=key)
