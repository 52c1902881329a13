"""Find prompts by name: the user's own, and those that llmx brings; one of the user's takes the place of ours."""

import os
from collections.abc import Iterable, Mapping
from pathlib import Path

from llmx import paths
from llmx.errors import ConfigError, NotFoundError, nearest
from llmx.prompts import Prompt
from llmx.prompts.reading import read_prompt

BUILT_IN = Path(__file__).parents[1] / "data/prompts"


def user_folder(env: Mapping[str, str] = os.environ) -> Path:
    """Where the user's own prompts are."""
    return Path(paths.config_dir(env)) / "prompts"


def files(env: Mapping[str, str] = os.environ) -> dict[str, Path]:
    """The file of every prompt, by name, in alphabetical order."""
    found = {file.stem: file for folder in (BUILT_IN, user_folder(env)) for file in sorted(folder.glob("*.md"))}
    return dict(sorted(found.items()))


def file_of(name: str, env: Mapping[str, str] = os.environ) -> Path:
    """The file of the prompt called ``name``, sound or not; raises ``NotFoundError``."""
    known = files(env)
    if name not in known:
        raise NotFoundError(f"there is no prompt {name!r}", hint=_meant(name, known))
    return known[name]


def find(name: str, env: Mapping[str, str] = os.environ) -> Prompt:
    """The prompt called ``name``; raises ``NotFoundError``, or ``ConfigError`` for one that is not sound."""
    return _read(file_of(name, env))


def prompts(env: Mapping[str, str] = os.environ) -> tuple[list[Prompt], list[ConfigError]]:
    """All that can be read, and the errors of the others."""
    found: list[Prompt] = []
    faults: list[ConfigError] = []
    for file in files(env).values():
        try:
            found.append(_read(file))
        except ConfigError as error:
            faults.append(error)
    return found, faults


def members(prompt: Prompt, env: Mapping[str, str] = os.environ) -> list[Prompt]:
    """The prompts of its team; raises ``ConfigError`` for a name that there is not."""
    known = files(env)
    for name in prompt.team:
        if name not in known:
            message = f"{prompt.file}: team: there is no prompt {name!r}"
            raise ConfigError(message, source=str(prompt.file), hint=_meant(name, known))
    return [_read(known[name]) for name in prompt.team]


def names(env: Mapping[str, str] = os.environ) -> Iterable[str]:
    """For the completion scripts."""
    return files(env)


def _read(file: Path) -> Prompt:
    return read_prompt(file, "built-in" if file.parent == BUILT_IN else "user")


def _meant(name: str, known: Iterable[str]) -> str:
    near = nearest(name, known)
    return f"did you mean {near}?" if near else "llmx prompt list"
