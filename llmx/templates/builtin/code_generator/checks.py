"""Check code for real: in a folder of its own, inside llm-exec's sandbox, without a network, within time and memory."""

import os
import re
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from llmx.core.sandbox.environment import project_cache
from llmx.errors import InconclusiveError
from llmx.exec.child import run_command
from llmx.templates.builtin.code_generator.languages import Language, Names, Step

CHECKS = ("compile", "lint", "tests")
PASSED, FAILED, MISSING, OFF, SKIPPED = "passed", "failed", "missing", "off", "not run"
TOLD = 4000
"""How many characters of a check's output are told, of its end."""

MOST_TOLD = 4 * (TOLD + 200)
"""Bytes of it, with how it ended."""

_TIMES = re.compile(r"(?<![\w.])\d+\.\d+(?= ?(?:ms|s|seconds)\b)|(?<=duration_ms )\d[\d.]*|(?<=duration_ms: )\d[\d.]*")

_HOW_IT_ENDED = {"timeout": "it ran out of time", "stalled": "it ran out of time", "limit": "it went over its limit"}


@dataclass(frozen=True)
class Check:
    """What came of one check; ``command`` is the one that decided, ``output`` what it printed where it failed.

    The same code gives the same, so there are no times in it: a repair must find its kept answer again.
    """

    name: str
    status: str
    command: str = ""
    output: str = ""
    exit_code: int | None = None

    def as_dict(self) -> dict[str, Any]:
        """For programs."""
        return asdict(self)


class Bench:
    """Where code is checked. ``seconds`` and ``memory`` (such as ``1G``) are limits of every command."""

    def __init__(self, language: Language, names: Names, *, seconds: float, memory: str) -> None:
        self._language = language
        self._names = names
        self._options = [
            *("--net", "none", "--timeout", f"{seconds:g}", "--memory", memory, "--max-procs", "256"),
            *("--max-output", "4M", "--max-file-size", "256M", "--capture", "64K", "--stdin", "none"),
        ]
        self.sandbox = ""

    async def check(self, files: Mapping[str, str], off: Sequence[str]) -> list[Check]:
        """All checks of ``files``, but those that are ``off``; what does not compile is not looked at further."""
        wanted = [name for name in CHECKS if name not in off and (name != "tests" or self._names.tests in files)]
        if wanted:
            await self._require_sandbox()
        made: list[Check] = []
        for name in CHECKS:
            if name not in wanted:
                made.append(Check(name, OFF))
            elif any(each.name == "compile" and each.status == FAILED for each in made):
                made.append(Check(name, SKIPPED, output="it does not compile"))
            else:
                made.append(await self._check(name, files))
        return made

    async def _check(self, name: str, files: Mapping[str, str]) -> Check:
        steps = self._way(name)
        if steps is None:
            programs = " or ".join(" and ".join(_programs(way)) for way in self._language.ways(name))
            return Check(name, MISSING, output=f"not installed: {programs}")
        check, printed = await self._steps(name, steps, files)
        if name != "tests" or check.status != PASSED:
            return check
        if not self._passed(printed):
            return Check(name, FAILED, check.command, "no test was run", check.exit_code)
        empty = {**files, self._names.code: self._names.fill(self._language.empty)}
        without, _ = await self._steps(name, steps, empty)
        if without.status == PASSED:
            said = "the tests pass without the code as well: they test nothing of it"
            return Check(name, FAILED, check.command, said, check.exit_code)
        return check

    async def _steps(self, name: str, steps: Sequence[Step], files: Mapping[str, str]) -> tuple[Check, str]:
        """The commands in a fresh folder that holds the files: how it ended, and all that was printed."""
        with tempfile.TemporaryDirectory(prefix="llmx-check-", ignore_cleanup_errors=True) as folder:
            work = os.path.realpath(folder)
            extra = {file: self._names.fill(text) for file, text in self._language.extra.items()}
            for file, text in {**extra, **files}.items():
                with open(os.path.join(work, file), "w", encoding="utf-8") as opened:
                    opened.write(text)
            try:
                return await self._in_turn(name, steps, files, work)
            finally:
                shutil.rmtree(project_cache(work, os.environ), ignore_errors=True)

    async def _in_turn(
        self, name: str, steps: Sequence[Step], files: Mapping[str, str], work: str
    ) -> tuple[Check, str]:
        printed, command, code = "", "", 0
        for step in steps:
            argv = [self._names.fill(word) for word in step if "{tests}" not in word or self._names.tests in files]
            command = " ".join(argv)
            result = await run_command(argv, self._options, cwd=work)
            code = result["exit_code"]
            output = _TIMES.sub("0", _output(result).replace(f"{work}/", ""))
            if result["status"] in ("error", "denied"):
                said = result["setup_error"]["message"]
                return Check(name, MISSING, command, said, code), ""
            if result["status"] != "ok":
                how = _HOW_IT_ENDED.get(result["status"], "")
                told = f"{output[-TOLD:]}\n{how} ({result['limit'] or result['status']})" if how else output[-TOLD:]
                return Check(name, FAILED, command, told.strip(), code), ""
            printed += output
        return Check(name, PASSED, command, exit_code=code), printed

    def _way(self, name: str) -> tuple[Step, ...] | None:
        """The first way whose programs are on the PATH."""
        ways = self._language.ways(name)
        return next((way for way in ways if all(map(shutil.which, _programs(way)))), None)

    def _passed(self, printed: str) -> int:
        """How many tests say that they have passed."""
        pattern = self._language.passed
        return sum(int(found[1]) if pattern.groups else 1 for found in pattern.finditer(printed))

    async def _require_sandbox(self) -> None:
        """Know that what runs here is confined: nobody has read this code yet."""
        result = await run_command(["true"], self._options)
        self.sandbox = str(result["sandbox"]["level"])
        if result["status"] != "ok" or self.sandbox == "none":
            why = (result["setup_error"] or {}).get("message") or "llm-exec runs without a sandbox here"
            hint = "llmx doctor says what to install or allow; --param skip_checks=compile,lint,tests runs nothing"
            raise InconclusiveError(f"code that a model wrote is run in the sandbox only: {why}", hint=hint)


def _programs(way: Sequence[Step]) -> list[str]:
    """The programs that must be installed, each once."""
    return list(dict.fromkeys(step[0] for step in way if not step[0].startswith("./")))


def _output(result: Mapping[str, Any]) -> str:
    """Both streams, with their ends where the middle was left out; what is no text is told as that."""
    pieces = []
    for name in ("stdout", "stderr"):
        if result.get(f"{name}_encoding"):
            pieces.append("(bytes that are no text)")
        else:
            pieces += [result.get(name) or "", result.get(f"{name}_tail") or ""]
    return "\n".join(piece.strip("\n") for piece in pieces if piece) + "\n"
