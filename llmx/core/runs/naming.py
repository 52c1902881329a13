"""Find the run that is meant: by its id, by how an id begins, or the last one."""

from bisect import bisect_left
from collections.abc import Mapping

from llmx.core.runs.index import Runs
from llmx.core.runs.records import Run
from llmx.errors import NotFoundError, UsageError, nearest

LAST = "last"
MOST_SHOWN = 5


def find(env: Mapping[str, str], name: str) -> Run:
    """The run called ``name``; raises ``NotFoundError``, or ``UsageError`` when it could be several."""
    return among(Runs(env), name)


def among(runs: Runs, name: str) -> Run:
    """The same, of these ``runs``; the last one is none that was started within another."""
    if name == LAST:
        if last := runs.last():
            return last
        raise NotFoundError("there are no runs yet", hint="llm-exec -- CMD makes one")
    word = name.lower()
    first = bisect_left(runs.ids, word)
    found = [run_id for run_id in runs.ids[first : first + MOST_SHOWN] if word and run_id.startswith(word)]
    if len(found) > 1:
        raise UsageError(f"{name} could be several runs: {', '.join(found)}", hint="type more of the id")
    if found and (run := runs.run(found[0])):
        return run
    near = nearest(word, runs.ids[-1000:])
    hint = f"did you mean {near}?" if near else "llmx runs list shows their ids"
    raise NotFoundError(f"no run {name!r}", hint=hint)
