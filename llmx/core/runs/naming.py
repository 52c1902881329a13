"""Find the run that is meant: by its id, by how an id begins, or the last one."""

from collections.abc import Mapping, Sequence

from llmx.core.runs.records import Run, read
from llmx.errors import NotFoundError, UsageError, nearest

LAST = "last"


def find(env: Mapping[str, str], name: str) -> Run:
    """The run called ``name``; raises ``NotFoundError``, or ``UsageError`` when it could be several."""
    return among(read(env), name)


def among(runs: Sequence[Run], name: str) -> Run:
    """The same, of these ``runs``, oldest first."""
    if name == LAST:
        if not runs:
            raise NotFoundError("there are no runs yet", hint="llm-exec -- CMD makes one")
        return runs[-1]
    word = name.lower()
    found = [run for run in runs if word and run.id.startswith(word)]
    if len(found) == 1:
        return found[0]
    if found:
        shown = ", ".join(run.id for run in found[-5:])
        raise UsageError(f"{name} could be {len(found)} runs: {shown}", hint="type more of the id")
    near = nearest(word, [run.id for run in runs[-1000:]])
    hint = f"did you mean {near}?" if near else "llmx runs list shows their ids"
    raise NotFoundError(f"no run {name!r}", hint=hint)
