"""Which worker a model needs: its configuration, fitted to the model and to the memory of this machine."""

import os
from collections.abc import Mapping

from llmx.core.gguf.header import read_header
from llmx.core.gguf.memory import DEFAULT_CONTEXT, LEAST_CONTEXT, need, require_room, usual_context
from llmx.core.gguf.model_facts import facts_of
from llmx.core.mlx.memory import context_for
from llmx.core.process.headroom import headroom
from llmx.core.runner import Configuration
from llmx.core.runner.engines import choose
from llmx.core.settings.sources import shown
from llmx.errors import NotFoundError, UsageError

MOST_THREADS = 512
MOST_PARALLEL = 64
"""Sequences in one context; for more, as for more threads, the library aborts."""


def configuration_of(
    backend: str, path: str, settings: Mapping[str, object], *, context: int | None = None
) -> Configuration:
    """How the model at ``path`` is to be run, as asked for: 0 stands for a context that is still to be chosen.

    Raises ``LlmxError`` where it is not there, and for what cannot be meant.
    """
    stamp = stamp_of(path)
    plain = Configuration(
        path=path,
        engine="mlx" if backend == "mlx" else choose(str(settings["gguf.engine"])),
        context=context or _whole(settings["gguf.context"]),
        threads=min(_whole(settings["gguf.threads"]), MOST_THREADS) or max(1, len(_processors()) // 2),
        gpu_layers=-1 if settings["gguf.gpu_layers"] is None else _whole(settings["gguf.gpu_layers"]),
        cache_type=str(settings["gguf.cache_type"]),
        parallel=_whole(settings["gguf.parallel"]),
        stamp=stamp,
    )
    if plain.context and plain.context < LEAST_CONTEXT:
        raise UsageError(f"a context of {plain.context} tokens is too small", hint=f"the least is {LEAST_CONTEXT}")
    if plain.parallel > MOST_PARALLEL:
        raise UsageError(f"gguf.parallel is {plain.parallel}; the most is {MOST_PARALLEL}")
    return plain


def fitted(plain: Configuration, *, wants_usual: bool = False) -> Configuration:
    """With a context that the model and the memory have room for.

    Raises ``LlmxError`` for a file that is no model, and for a model or a context that the machine has no room for;
    where it ``wants_usual``, also rather than take less than the usual context.
    """
    room = headroom()
    if plain.engine == "mlx":
        return plain._replace(context=context_for(plain.path, plain.context, room))
    facts = facts_of(read_header(plain.path))
    kind, parallel = plain.cache_type, plain.parallel
    context = plain.context
    if not context and wants_usual:
        context = min(facts.context or DEFAULT_CONTEXT, DEFAULT_CONTEXT)
    elif not context:
        context = usual_context(facts, room.bytes, cache_type=kind, parallel=parallel) or LEAST_CONTEXT
    require_room(facts, need(facts, context, cache_type=kind, parallel=parallel), room, cache_type=kind)
    return plain._replace(context=context)


def stamp_of(path: str) -> tuple[int, ...]:
    """What of a file or folder changes when it is written again: device, inode, time and size."""
    try:
        status = os.stat(path)
    except OSError:
        raise NotFoundError(f"there is no file {shown(path)}") from None
    return (status.st_dev, status.st_ino, status.st_mtime_ns, status.st_size)


def _whole(value: object) -> int:
    return value if isinstance(value, int) else 0


def _processors() -> list[int]:
    if hasattr(os, "sched_getaffinity"):
        return list(os.sched_getaffinity(0))
    return list(range(os.cpu_count() or 1))
