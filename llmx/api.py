"""Templates for programs: the calls that the command line makes, with the same results."""

import asyncio
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from llmx.core.blocking import run
from llmx.core.client import LLMClient
from llmx.core.llm_config import LLMConfig
from llmx.templates import catalog
from llmx.templates.artifacts import require_room, write
from llmx.templates.estimating import estimate
from llmx.templates.running import PLAIN, RunOptions, config_for
from llmx.templates.running import execute as execute_template
from llmx.templates.sources import find

__all__ = ["Template"]


class Template:
    """``from llmx import Template``: find templates and run them. What can be wrong is an ``LlmxError``."""

    @staticmethod
    def list(category: str = "") -> catalog.Rows:
        """The templates there are, as ``llmx template list --output json`` has them."""
        return catalog.rows(category)[0]

    @staticmethod
    def search(words: str, category: str = "") -> catalog.Rows:
        """Those in which all the words occur."""
        return catalog.search(words, category)[0]

    @staticmethod
    def info(name: str) -> dict[str, Any]:
        """All of one template."""
        return catalog.facts(find(name))

    @staticmethod
    def schema(name: str) -> dict[str, Any]:
        """The JSON Schema of its parameters."""
        return find(name).schema

    @staticmethod
    def execute(
        name: str,
        parameters: Mapping[str, Any] | None = None,
        *,
        config: LLMConfig | None = None,
        client: LLMClient | None = None,
        options: RunOptions = PLAIN,
        output_dir: str | os.PathLike[str] = "",
        force: bool = False,
    ) -> dict[str, Any]:
        """Run it and return the envelope of ``template exec --output json``; artifacts go below ``output_dir``.

        A run that failed returns too, with its ``outcome`` and ``exit_code``: only what is wrong before it begins, and
        artifacts that cannot be written, raise. Where an event loop runs, it is done in a thread beside it.
        """
        template = find(name)
        asked = client or LLMClient(config_for(template, config or LLMConfig()))
        if output_dir:
            require_room(Path(output_dir), template, parameters or {}, force=force)
        result = run(lambda: execute_template(template, parameters or {}, asked, options))
        paths = write(Path(output_dir), result.artifacts, force=force) if output_dir else []
        return result.envelope([str(path) for path in paths])

    @staticmethod
    def estimate_cost(
        name: str,
        parameters: Mapping[str, Any] | None = None,
        *,
        config: LLMConfig | None = None,
        client: LLMClient | None = None,
        options: RunOptions = PLAIN,
    ) -> dict[str, Any]:
        """What a run will about take: tokens, ``cost_usd``, ``duration_ms``, confidence; nothing is sent."""
        found: dict[str, Any] = run(lambda: estimate(name, parameters or {}, client or LLMClient(config), options))
        return found

    @staticmethod
    async def execute_async(name: str, parameters: Mapping[str, Any] | None = None, **options: Any) -> dict[str, Any]:  # noqa: ANN401
        """``execute`` for asynchronous code."""
        return await asyncio.to_thread(Template.execute, name, parameters, **options)
