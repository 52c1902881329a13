"""What the benchmarks of local models share: jobs for an engine, and the CPU that they take."""

import time
from collections.abc import Callable

from llmx.core.runner import Ask
from llmx.core.runner.answering import Answer
from llmx.core.runner.engines import Engine, Job

NEVER = float("inf")


def cpu(work: Callable[[], object]) -> float:
    """Seconds of CPU that a call takes, those of threads included."""
    started = time.process_time()
    work()
    return time.process_time() - started


def job(id: int, prompt: str, tokens: int) -> Job:
    """Greedy."""
    return Job(id, prompt, tokens, 0.0, 1.0, 0, None, "", NEVER)


def run(used: Engine, *jobs: Job) -> float:
    """Work on them to their end; the CPU until the first of their tokens."""
    started, first = time.process_time(), 0.0
    answers = {each.id: Answer(Ask(), each.prompt) for each in jobs}
    for each in jobs:
        used.add(each)
    while used.is_busy:
        for output in used.step():
            list(answers[output.id].take(output.data))
            first = first or time.process_time() - started
    return first
