"""Fill in the prompts that a source names without their text: one rendering for every client."""

import os
from collections.abc import Iterable, Mapping

from llmx.core.source import Prompt as Named
from llmx.core.source import Source
from llmx.errors import ConfigError, LlmxError, UsageError
from llmx.prompts import Prompt
from llmx.prompts.library import find, members
from llmx.prompts.rendering import missing, rendered


def completed(source: Source, clients: Iterable[str], env: Mapping[str, str] = os.environ) -> Source:
    """``source`` with the text of every prompt; raises ``ConfigError`` for one that there is not, or that lacks a word.

    A prompt that stands in the source with its text stays as it is.
    """
    names = ["", *clients]
    found = {}
    for name, named in source.prompts.items():
        try:
            found[name] = named if named.prompt else _completed(find(name, env), named, names, env)
        except LlmxError as error:
            key = f"prompts.{name}"
            message = f"{source.file}: {key}: {error.message}"
            raise ConfigError(message, key=key, source=source.file, hint=error.hint) from None
    return source._replace(prompts=found)


def _completed(prompt: Prompt, named: Named, clients: list[str], env: Mapping[str, str]) -> Named:
    if lacking := missing(prompt, named.variables):
        given = ", ".join(f'{name} = "…"' for name in lacking)
        message = f"{prompt.name} needs a value for {', '.join(lacking)}"
        raise UsageError(message, hint=f"write below it: variables = {{ {given} }}")
    alike = Named(include_exec=named.include_exec)
    team = {one.name: _filled(one, alike, clients) for one in members(prompt, env)}
    return _filled(prompt, named, clients)._replace(team=team)


def _filled(prompt: Prompt, named: Named, clients: list[str]) -> Named:
    own = {one: rendered(prompt, named.variables, one, with_exec=named.include_exec) for one in clients}
    return named._replace(
        description=named.description or prompt.description,
        mode=named.mode or prompt.mode,
        kind=named.kind or prompt.kind,
        prompt=own.pop(""),
        own=own,
    )
