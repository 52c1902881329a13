"""Make a template of one's own out of a file of another format: the files of its folder."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import tomli_w

from llmx.errors import NotFoundError, UsageError, nearest
from llmx.templates.evaluators import VARIABLE
from llmx.templates.formats import prompt_file, skill
from llmx.templates.sources import FILES

Files = dict[str, bytes]
NOTHING = re.compile("(?!)")

CODE = '''"""A conversation that was imported."""

from typing import Any

from llmx.core.messages import message
from llmx.templates.phases import Context

SOURCE = {source!r}
TURNS = {turns}
SAMPLING = {sampling}


async def answer(context: Context) -> Any:
    """Ask what the file asked, sampled as it said."""
    turns = [message({{"role": role, "content": context.renderer.file(name, context.values)}}) for role, name in TURNS]
    return await context.ask(turns, schema=context.template.phases[0].schema, **SAMPLING)
'''


def imported(path: Path, name: str = "") -> tuple[str, Files]:
    """The id and the files; ``name`` is the id where the file's own is not to be it."""
    if path.name.endswith(prompt_file.ENDINGS):
        return _of_prompt(path, name or prompt_file.slug(path))
    if path.name == skill.FILE:
        told = skill.read(path)
        return name or told.name, _of_skill(told, name or told.name)
    near = nearest(path.name, FILES)
    hint = f"did you mean {near}?" if near else "GitHub Models' .prompt.yml files and SKILL.md can be"
    if not path.exists():
        raise NotFoundError(f"there is no file {path}", hint=hint if near else None)
    raise UsageError(f"{path} cannot be imported", hint=hint)


def _of_prompt(path: Path, name: str) -> tuple[str, Files]:
    prompt = prompt_file.read(path)
    turns = [(role, f"{number}-{role}.j2") for number, (role, _) in enumerate(prompt.messages, 1)]
    files = {file: _jinja(text) for (_, file), (_, text) in zip(turns, prompt.messages, strict=True)}
    files["phases.py"] = CODE.format(source=path.name, turns=turns, sampling=prompt.sampling).encode()
    phase: dict[str, Any] = {"id": "answer", "run": "phases:answer", "retries": 1}
    if prompt.schema is not None:
        phase["schema"] = prompt.schema
    said = {"type": "string", "description": ""}
    parameters = {each: said | {"description": f"Stands for {each} in the prompt."} for each in prompt.variables}
    files["template.toml"] = _head(name, "prompt", prompt.description or prompt.name or name, parameters, phase)
    for case in prompt_file.cases(path):
        more = {key: value for key, value in case.data.items() if key not in case.parameters and value is not None}
        told = {"parameters": dict(case.parameters), "data": more, "evaluators": list(case.evaluators)}
        files[f"tests/{case.name}/case.toml"] = tomli_w.dumps(
            {key: part for key, part in told.items() if part}
        ).encode()
    return name, files


def _of_skill(told: skill.Skill, name: str) -> Files:
    beside = "".join(f"\n\n# {name}\n\n{text}" for name, text in skill.texts(told).items())
    phase = {"id": "answer", "prompt": "ask.j2", "retries": 1}
    said: dict[str, Any] = {"type": "string", "description": "What the skill is to be applied to."}
    files: Files = {}
    if told.takes_arguments:
        files["ask.j2"] = _jinja(told.body + beside, skill.ARGUMENTS)
        said["default"] = ""
    else:
        files["system.j2"], files["ask.j2"] = _jinja(told.body + beside, NOTHING), b"{{ input }}\n"
        phase["system"] = "system.j2"
        said["min_length"] = 1
    files["template.toml"] = _head(name, "skill", told.description, {"input": said}, phase)
    return files


def _head(id_: str, category: str, description: str, parameters: Mapping[str, Any], phase: Mapping[str, Any]) -> bytes:
    told = {"id": id_, "version": "1.0.0", "category": category, "description": " ".join(description.split())}
    return tomli_w.dumps({**told, "parameters": parameters, "phases": [phase]}).encode()


def _jinja(text: str, variable: re.Pattern[str] = VARIABLE) -> bytes:
    """``text`` for Jinja: its variables stay such, and all else means what it says."""
    parts, end = [], 0
    for found in variable.finditer(text):
        parts += [_literal(text[end : found.start()]), _reference(found[found.lastindex] if found.lastindex else None)]
        end = found.end()
    return ("".join([*parts, _literal(text[end:])]) + "\n").encode()


def _literal(text: str) -> str:
    """``text`` with what Jinja would read in it as strings."""
    return re.sub(r"\{(?:[{%#]|\Z)", lambda found: f'{{{{ "{found[0]}" }}}}', text)


def _reference(name: str | None) -> str:
    """A parameter; of a skill, which has no names, its input."""
    if name is None:
        return "{{ input }}"
    if name.isdecimal():
        return f"{{{{ input.split()[{name}] }}}}"
    return f"{{{{ {name} }}}}" if name.isidentifier() else f'{{{{ parameters["{name}"] }}}}'
