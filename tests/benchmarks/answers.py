"""Kept answers and sessions: `python -m tests.benchmarks.answers`. CPU time a call; the kill run is not a timing."""

import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from llmx.core.cache import Asked, Cache, key_of
from llmx.core.events import Done, Event, TextDelta, Usage
from llmx.core.messages import Parameters, Request, system, user
from llmx.core.usage import Call, Caller, Most, Target
from llmx.core.usage.budget import Limit
from llmx.core.usage.ledger import Hold, Ledger
from llmx.sessions.store import Store
from tests.core.cache.test_cache import assert_survives

REQUEST = Request(
    "qwen", (system("be short"), user("hello " * 200)), parameters=Parameters(temperature=0.0, max_tokens=512)
)
ASKED = Asked("ollama", "http://127.0.0.1:11434", REQUEST)
ANSWER: list[Event] = [TextDelta("word " * 300), Usage(300, 300), Done("stop", "qwen")]
TARGET = Target("gguf", "", "/m/x.gguf")


def cost(work: Callable[[], object], times: int = 500, rounds: int = 7) -> float:
    """Microseconds of CPU of one call: the median of several rounds."""
    taken = []
    for _ in range(rounds):
        before = time.process_time()
        for _ in range(times):
            work()
        taken.append((time.process_time() - before) / times * 1e6)
    return statistics.median(taken)


def main() -> None:
    """Print a line a figure."""
    with tempfile.TemporaryDirectory() as folder:
        cache, ledger, store = Cache(f"{folder}/c"), Ledger(f"{folder}/u.db"), Store(f"{folder}/s.db")
        cache.put(key_of(ASKED), ANSWER)
        print(f"cache hit                       {cost(lambda: cache.get(key_of(ASKED))):8.0f} µs  (at most 300)")
        print(f"cache miss                      {cost(lambda: cache.get(b'no')):8.0f} µs")
        print(f"answer kept                     {cost(lambda: cache.put(b'k', ANSWER)):8.0f} µs")
        call = Call(time.time(), Caller("r"), TARGET, "done", Usage(1, 2), 1)
        print(f"call written down               {cost(lambda: ledger.settle(call)):8.0f} µs")
        hold, limits = Hold(Caller("other"), TARGET, Most(1, 1)), [Limit("x", "tokens", "run", 10**12)]
        held = cost(lambda: ledger.settle(call, ledger.hold(hold, limits)))
        print(f"budget held, then written down  {held:8.0f} µs")
        session = store.create("work").id
        for size in (0, 9500):
            while store.find("work").messages < size:
                for _ in range(500):
                    store.append(session, user("hello " * 40))
            appended = cost(lambda: store.append(session, user("hello " * 40)), times=50, rounds=10)
            print(f"message added behind {size:5d}      {appended:8.0f} µs  (the same)")
        opened = cost(lambda: Store(f"{folder}/s.db").turns(session), times=1, rounds=9) / 1000
        print(f"session of {store.find('work').messages} messages opened {opened:6.1f} ms  (at most 50)")
        put = assert_survives(Path(folder) / "killed", rounds=20, count=250)
        print(f"8 processes, half of them killed, 20 times: {len(put)} answers acknowledged, none lost, none corrupt")


if __name__ == "__main__":
    main()
