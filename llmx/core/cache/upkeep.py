"""The kept answers as ``llmx cache`` shows and clears them."""

import os
from collections.abc import Mapping
from typing import Any

from llmx import paths
from llmx.core.cache import FILE, Cache
from llmx.core.settings import active


def folder(env: Mapping[str, str]) -> str:
    """Where answers are kept, as the settings say."""
    named = active(env, os.getcwd()).values["llm.cache_dir"]
    return os.path.expanduser(str(named)) if named else f"{paths.cache_dir(env)}/answers"


class Answers:
    """What is kept of models' answers."""

    def stats(self, env: Mapping[str, str]) -> dict[str, Any]:
        """How many, how large, and how often one was there that was asked for."""
        facts: dict[str, Any] = {"entries": 0, "bytes": 0, "oldest_use": None, "hit_rate": None}
        if not os.path.exists(f"{folder(env)}/{FILE}"):
            return facts
        cache = Cache(folder(env), max_age=0)
        stats = cache.stats()
        oldest = cache.oldest_use()
        cache.close()
        return {"entries": stats.entries, "bytes": stats.size, "oldest_use": oldest, "hit_rate": stats.hit_rate}

    def clear(self, env: Mapping[str, str], *, older_than: float = 0.0) -> tuple[int, int]:
        """Remove those that were not used for that many seconds; how many that were, and their bytes."""
        if not os.path.exists(f"{folder(env)}/{FILE}"):
            return 0, 0
        cache = Cache(folder(env), max_age=0)
        before = cache.stats().size
        gone = cache.clear(older_than)
        after = cache.stats().size
        cache.close()
        return gone, before - after


ANSWERS = Answers()
