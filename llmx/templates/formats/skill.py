"""``SKILL.md`` (agentskills.io): instructions with a name and a description, and files beside them.

What an agent would open by a tool is told with the instructions instead: the text files beside it that they name. No
script of a skill is run, and no tool is offered: a template has none that it does not declare.
"""

import hashlib
import re
import shlex
from pathlib import Path
from typing import Any, NamedTuple

from llmx.errors import ConfigError, NotFoundError, UsageError
from llmx.templates import Parameter, Phase, Template
from llmx.templates.cases import Case
from llmx.templates.formats.yaml import read_yaml
from llmx.templates.phases import Context

FILE = "SKILL.md"
LARGEST = 200_000
_HEAD = re.compile(r"---[ \t]*\n(.*?)\n---[ \t]*(?:\n|$)(.*)", re.DOTALL)
ARGUMENTS = re.compile(r"\$(?:ARGUMENTS(?!\w)(?:\[(\d+)\])?|(\d)(?!\d))")
_NAMED = re.compile(r"\]\(([^)\s]+)\)|`([^`\s]+)`")


class Skill(NamedTuple):
    """What a file says; ``files`` are those beside it that its text names."""

    name: str
    description: str
    version: str
    body: str
    folder: Path
    tools: str
    files: tuple[Path, ...]

    @property
    def takes_arguments(self) -> bool:
        """Whether the text says where the input goes."""
        return ARGUMENTS.search(self.body) is not None


def template(path: Path) -> Template:
    """The file as a template, whose one phase follows the instructions."""
    skill = read(path)
    return Template(
        id=skill.name,
        version=skill.version,
        category="skill",
        description=skill.description,
        folder=path,
        tags=("skill",),
        parameters=(Parameter("input", "string", "What the skill is to be applied to.", "", aliases=("arguments",)),),
        phases=(Phase("answer", run=f"{__name__}:answer"),),
        source="file",
        digest=hashlib.sha256(b"\0".join(each.read_bytes() for each in (path, *skill.files))).hexdigest(),
    )


async def answer(context: Context) -> str:
    """Follow the instructions with the input."""
    skill, given = read(context.template.folder), str(context.parameters["input"])
    if not given.strip() and not skill.takes_arguments:
        raise UsageError(f"{skill.name} is applied to something", hint="--param input=…, or input=@FILE")
    told = texts(skill, context.coverage)
    beside = "".join(f"\n\n# {name}\n\n{text}" for name, text in told.items())
    if skill.tools:
        context.provenance["tools_not_offered"] = skill.tools
    if skill.takes_arguments:
        return str(await context.ask(with_arguments(skill.body, given) + beside))
    return str(await context.ask(given, skill.body + beside))


def with_arguments(body: str, given: str) -> str:
    """``$ARGUMENTS`` as a whole, and ``$ARGUMENTS[0]`` or ``$0`` word by word; what has no word stays as it is."""
    try:
        words = shlex.split(given)
    except ValueError:
        words = given.split()

    def value(found: re.Match[str]) -> str:
        number = found[found.lastindex] if found.lastindex else None
        if number is None:
            return given
        return words[int(number)] if int(number) < len(words) else found[0]

    return ARGUMENTS.sub(value, body)


def cases(_path: Path) -> list[Case]:
    """A skill brings no cases."""
    return []


def read(path: Path) -> Skill:
    """What a file says; raises ``ConfigError`` that names what is wrong."""
    try:
        text = path.read_text(encoding="utf-8").replace("\r\n", "\n")
    except FileNotFoundError:
        raise NotFoundError(f"there is no file {path}") from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} cannot be read: {getattr(error, 'strerror', error)}", source=str(path)) from None
    parts = _HEAD.match(text)
    if parts is None:
        raise ConfigError(f"{path}: it must begin with its name and description between two lines of ---")
    head = read_yaml(parts[1], str(path))
    if not isinstance(head, dict):
        raise ConfigError(f"{path}: its head must be a mapping", source=str(path))
    name, description = str(head.get("name") or ""), str(head.get("description") or "")
    if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", name) or len(name) > 64:
        raise ConfigError(f"{path}: name: small letters, digits, and hyphens between them", key="name")
    if not description or not parts[2].strip():
        raise ConfigError(f"{path}: it needs a description and a text", key="description")
    metadata = head.get("metadata")
    version = str(metadata.get("version", "1")) if isinstance(metadata, dict) else "1"
    tools = head.get("allowed-tools") or ""
    return Skill(
        name,
        description,
        version,
        parts[2].strip(),
        path.parent,
        " ".join(map(str, tools)) if isinstance(tools, list) else str(tools),
        tuple(_files(path.parent, parts[2])),
    )


def _files(folder: Path, body: str) -> list[Path]:
    """The files below ``folder`` that the text names, by a link or in backticks."""
    found: dict[Path, None] = {}
    for link, code in _NAMED.findall(body):
        path = folder / (link or code).partition("#")[0]
        is_below = path.resolve().is_relative_to(folder.resolve())
        if is_below and path.is_file() and path.name != FILE:
            found[path] = None
    return list(found)


def texts(skill: Skill, coverage: list[dict[str, Any]] | None = None) -> dict[str, str]:
    """The files that are told with the instructions, by their names; ``coverage`` gets each, and why it is not told."""
    found = {}
    for path in skill.files:
        data, name = path.read_bytes(), str(path.relative_to(skill.folder))
        reason = f"more than {LARGEST} bytes" if len(data) > LARGEST else ""
        try:
            text = data.decode()
        except UnicodeDecodeError:
            reason = reason or "no UTF-8 text"
        if not reason:
            found[name] = text
        if coverage is not None:
            coverage.append({"path": name, "read": not reason, "reason": reason})
    return found
