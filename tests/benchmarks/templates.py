"""Templates against their promises: ``python -m tests.benchmarks.templates [--quick]``.

``llmx template list`` at most 7 times ``python -c pass`` (CPU time, interleaved). In this process, as CPU time: a list
0.5 ms, checking parameters 0.1 ms, what a template of one phase costs beside its call 2 ms. ``template batch``: 1,000
inputs (200 with ``--quick``), 4 at once, on a mock of 50 ms within 10 % of the ideal. That is wall time, of a machine
with nothing else to do; the CPU time beside it says what it would be there.
"""

import asyncio
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from llmx.core.client import LLMClient
from llmx.core.llm_config import LLMConfig
from llmx.templates.catalog import rows
from llmx.templates.parameters import checked
from llmx.templates.running import execute
from llmx.templates.sources import find, user_folder
from tests.benchmarks.startup import medians

ROUNDS = 200
MOCK = LLMConfig(backend="mock", enable_cache=False)
DELAY, JOBS = 0.05, 4
ASKING = """
id = "asking"
version = "1"
category = "test"
description = "Asks once."
[parameters.text]
type = "string"
description = "What is asked."
[[phases]]
id = "ask"
prompt = "ask.j2"
"""


def milliseconds(work, rounds=ROUNDS):
    """The median of the CPU time of ``work``."""
    taken = []
    for _ in range(rounds):
        started = time.thread_time_ns()
        work()
        taken.append(time.thread_time_ns() - started)
    return statistics.median(taken) / 1e6


def make_template():
    """A template of one phase, which asks."""
    folder = user_folder() / "asking"
    folder.mkdir(parents=True)
    (folder / "template.toml").write_text(ASKING)
    (folder / "ask.j2").write_text("{{ text | fenced }}")
    return find("asking")


def overhead(template, loop):
    """Milliseconds that a template of one phase costs beside the call itself."""
    client = LLMClient(MOCK)
    whole = milliseconds(lambda: loop.run_until_complete(execute(template, {"text": "hi"}, client)))
    call = milliseconds(lambda: loop.run_until_complete(client.generate("hi")))
    return whole - call


def batch(folder, inputs):
    """Seconds of wall time and of CPU for a batch, start of the process included."""
    (folder / "in.jsonl").write_text("".join(json.dumps({"text": f"input {at}"}) + "\n" for at in range(inputs)))
    (folder / "slow.jsonl").write_text(json.dumps({"events": [{"delay": DELAY}, {"text": "ok"}]}) + "\n")
    command = [sys.executable, "-m", "llmx", "template", "batch", "asking", "in.jsonl", "--backend", "mock"]
    env = {**os.environ, "LLMX_MOCK_SCRIPT": f"{folder}/slow.jsonl", "PYTHONPATH": os.getcwd()}
    before, started = os.times(), time.perf_counter()
    done = subprocess.run([*command, "--jobs", str(JOBS)], cwd=folder, env=env, capture_output=True, check=True)
    took, after = time.perf_counter() - started, os.times()
    assert done.stdout.count(b"\n") == inputs
    used = after.children_user + after.children_system - before.children_user - before.children_system
    return took, used


def main():
    """Print each figure beside its limit."""
    inputs = 200 if "--quick" in sys.argv else 1000
    python = [sys.executable, "-c", "pass"]
    with tempfile.TemporaryDirectory() as name:
        os.environ["HOME"] = name
        base, cost = medians([python, [sys.executable, "-m", "llmx", "template", "list"]], dict(os.environ), rounds=21)
        print(f"llmx template list  {cost * 1000:.0f} ms: {cost / base:.1f} of 7 times `python -c pass`")
        print(f"a list  {milliseconds(rows):.2f} ms of 0.5")
        review = find("code-review")
        given = {"code_path": "src", "aspects": ["security"], "severity_filter": "high"}
        print(f"checking parameters  {milliseconds(lambda: checked(review, given)):.3f} ms of 0.1")
        template = make_template()
        with asyncio.Runner() as runner:
            print(f"one phase beside its call  {overhead(template, runner.get_loop()):.2f} ms of 2")
        took, used = batch(Path(name), inputs)
        ideal = inputs * DELAY / JOBS
        figures = f"{took:.2f} s, ideal {ideal:.2f} s, CPU {used:.2f} s"
        print(f"{inputs} inputs, {JOBS} at once  {figures}: {took / ideal - 1:.1%} of 10 %")


if __name__ == "__main__":
    main()
