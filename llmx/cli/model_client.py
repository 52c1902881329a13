"""The client that the options of a command mean, over the settings in force."""

import os
from collections.abc import Mapping
from dataclasses import replace

import typer

from llmx.cli.model_options import ModelOptions
from llmx.cli.settings import settings_of
from llmx.cli.warned import tell_warnings
from llmx.core.calls import PLAIN, CallOptions, Calls
from llmx.core.client import LLMClient
from llmx.core.llm_config import LLMConfig
from llmx.core.quantities import parse_duration
from llmx.core.usage import Caller
from llmx.core.usage.projects import project_of
from llmx.errors import UsageError

NOBODY = PLAIN.caller
"""Calls on nobody's account but this run's."""


class Asker:
    """Makes the clients of one command: all of them share one cassette, one budget and one way of keeping answers."""

    def __init__(self, ctx: typer.Context, given: ModelOptions, caller: Caller = NOBODY) -> None:
        tell_warnings()
        self._settings = settings_of(ctx)
        if given.keep_alive:
            self._settings.values["gguf.keep_alive"] = _seconds_of(given.keep_alive)
        self._given = given
        cache_dir = LLMConfig().over(self._settings.values).cache_dir
        self.calls = calls(self._settings.values, given, caller, cache_dir=cache_dir)

    def client(self, config: LLMConfig, *, allows_demo: bool = False, is_always_same: bool = False) -> LLMClient:
        """The client for ``config``; what ``is_always_same`` is worth keeping at any temperature."""
        whole = config.over(self._settings.values)
        keeps = self._given.cache
        if keeps is None:
            keeps = bool(whole.enable_cache) and (is_always_same or whole.temperature == 0)
        config = replace(config, enable_cache=keeps)
        return LLMClient(config, settings=self._settings, allows_demo=allows_demo, calls=self.calls)


def calls(
    settings: Mapping[str, object], given: ModelOptions, caller: Caller = NOBODY, *, cache_dir: str | None = None
) -> Calls:
    """What every call of a command goes through."""
    options = CallOptions(
        caller._replace(project=project_of(os.getcwd())),
        fresh=given.fresh,
        record=given.record,
        replay=given.replay,
        max_cost=given.max_cost,
        max_tokens=given.max_tokens_total,
    )
    return Calls(settings, options, cache_dir=cache_dir)


def _seconds_of(keep_alive: str) -> float:
    try:
        return parse_duration(keep_alive)
    except ValueError as error:
        raise UsageError(f"--keep-alive: {error}", hint="for example --keep-alive 5m") from None
