"""Eight writers edit the same files at once while they are killed at random: `python -m tests.benchmarks.edits`.

Every writer counts up an entry of its own, in two files by one edit, and says so once the edit has returned. Only that
writer ever changes the entry, so before each edit it must find there what it last wrote, in both files: anything else
is a lost, torn or reverted edit. After a kill the entry may be one ahead, again in both files or in none.
"""

import argparse
import os
import random
import select
import signal
import sys
import tempfile
import time
from pathlib import Path

from llmx.core.edits import Block, Change, Set, edit, read, recover
from llmx.core.edits.operations import Operation
from llmx.errors import LlmxError

WRITERS = 8
FILES = {
    "a.json": '{\n  "mine": {"keep": [1, 2]}\n}\n',
    "b.jsonc": '// note 1\n{\n\t"mine": 1, // note 2\n}',
    "c.toml": "# note 1\nmine = 1 # note 2\r\n\n# note 3\n[table]\nkeep = true\n",
    "d.yaml": "# note 1\nmine: 1 # note 2\nlist:\n    - keep\n",
    "e.md": "# Mine\n\nkeep\n",
}


class WrongError(Exception):
    """An edit was lost, torn or reverted."""


def pair(writer: int) -> tuple[str, str]:
    """The two files that a writer edits."""
    names = list(FILES)
    return names[writer % len(names)], names[(writer + 1 + writer // len(names)) % len(names)]


def operation(name: str, writer: int, number: int) -> Operation:
    """What sets a writer's entry to ``number``."""
    if name.endswith(".md"):
        return Block(f"writer{writer}", str(number))
    return Set((f"writer{writer}",), number)


def found(folder: Path, writer: int) -> int:
    """The number in a writer's entry; raises where its files disagree."""
    first, second = (int(read(folder / name).get(f"writer{writer}", 0)) for name in pair(writer))
    if first != second:
        raise WrongError(f"torn: writer {writer} finds {first} and {second} in {pair(writer)}")
    return first


def work(folder: Path, writer: int, done: int, edits: int, acknowledge: int) -> None:
    """A writer's life: from the edit after ``done`` to the last one."""
    for number in range(done + 1, edits + 1):
        if (there := found(folder, writer)) != number - 1:
            raise WrongError(f"lost or reverted: writer {writer} wrote {number - 1} and finds {there}")
        changes = [Change(folder / name, [operation(name, writer, number)]) for name in pair(writer)]
        edit(changes, title=f"writer {writer}, edit {number}")
        os.write(acknowledge, f"{writer} {number}\n".encode())


class Arena:
    """The parent: starts the writers, listens, kills, starts them again."""

    def __init__(self, folder: Path, edits: int, seed: int) -> None:
        self.folder = folder
        self.each = edits // WRITERS
        self.random = random.Random(seed)
        self.listen, self.acknowledge = os.pipe()
        self.acked = [0] * WRITERS
        self.pids: dict[int, int] = {}
        self.kills = self.midway = self.ahead = 0
        self.rest = b""

    def start(self, writer: int) -> None:
        pid = os.fork()
        if pid:
            self.pids[writer] = pid
            return
        try:
            work(self.folder, writer, self.acked[writer], self.each, self.acknowledge)
        except (WrongError, LlmxError) as error:
            os.write(self.acknowledge, f"{writer} wrong {error}\n".encode())
        except BaseException as error:
            os.write(self.acknowledge, f"{writer} wrong {error!r}\n".encode())
        os._exit(0)

    def hear(self, wait: float) -> None:
        """Take in what the writers have said, waiting for the first word at most ``wait`` seconds."""
        while select.select([self.listen], [], [], wait)[0]:
            wait = 0
            *lines, self.rest = (self.rest + os.read(self.listen, 65536)).split(b"\n")
            for line in lines:
                writer, what = line.decode().split(" ", 1)
                if not what.isdigit():
                    raise WrongError(what)
                self.acked[int(writer)] = int(what)

    def caught(self, left: list[int]) -> int:
        """A writer that is about to replace its files: the name of a file made ready ends in its process id."""
        for _ in range(2000):
            pids = {int(file.name.rpartition("-")[2]) for file in self.folder.glob(".*.llmx-*-*")}
            for writer in left:
                if self.pids[writer] in pids:
                    self.midway += 1
                    return writer
        return self.random.choice(left)

    def kill(self, writer: int) -> None:
        """End a writer without warning, and judge what it left behind."""
        os.kill(self.pids[writer], signal.SIGKILL)
        os.waitpid(self.pids.pop(writer), 0)
        self.kills += 1
        self.hear(0)
        recover()
        there = found(self.folder, writer)
        if there not in (self.acked[writer], self.acked[writer] + 1):
            raise WrongError(f"lost: writer {writer} was told of {self.acked[writer]}, the file has {there}")
        self.ahead += there - self.acked[writer]
        self.acked[writer] = there

    def unfinished(self) -> list[int]:
        return [writer for writer in range(WRITERS) if self.acked[writer] < self.each]

    def run(self) -> None:
        for writer in range(WRITERS):
            self.start(writer)
        while left := self.unfinished():
            self.hear(self.random.uniform(0, 0.2))
            if self.random.random() < 0.5:
                self.hear(self.random.uniform(0, 0.005))
                victim = self.random.choice(left) if self.random.random() < 0.3 else self.caught(left)
                self.kill(victim)
                if self.acked[victim] < self.each:
                    self.start(victim)
        for pid in self.pids.values():
            os.waitpid(pid, 0)
        recover()

    def judge(self) -> None:
        """Nothing lost, nothing torn, nothing lying around, nobody's comment gone."""
        for writer in range(WRITERS):
            if (there := found(self.folder, writer)) != self.each:
                raise WrongError(f"lost: writer {writer} has {there} of {self.each}")
        if strays := sorted({file.name for file in self.folder.iterdir()} - set(FILES)):
            raise WrongError(f"left behind: {strays}")
        for name, content in FILES.items():
            text = (self.folder / name).read_bytes().decode()
            kept = [line for line in content.split("\n") if "note" in line or "keep" in line]
            if missing := [line for line in kept if line.rstrip(",") not in text]:
                raise WrongError(f"{name} lost {missing}")


def main(argv: list[str]) -> int:
    """Run it, print what was seen; 1 where an edit was lost, torn or reverted."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--edits", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=None)
    options = parser.parse_args(argv)
    seed = random.randrange(1 << 32) if options.seed is None else options.seed
    with tempfile.TemporaryDirectory() as name:
        os.environ["XDG_STATE_HOME"] = f"{name}/state"
        folder = Path(name) / "files"
        folder.mkdir()
        for file, content in FILES.items():
            (folder / file).write_bytes(content.encode())
        arena = Arena(folder, options.edits, seed)
        began = time.monotonic()
        try:
            arena.run()
            arena.judge()
        except WrongError as error:
            print(f"WRONG (seed {seed}): {error}")
            return 1
        finally:
            for pid in arena.pids.values():
                try:
                    os.kill(pid, signal.SIGKILL)
                except ProcessLookupError:
                    continue
        took = time.monotonic() - began
    edits = arena.each * WRITERS
    print(
        f"{edits} edits by {WRITERS} writers, {arena.kills} kills (seed {seed}): 0 lost, 0 torn, 0 reverted; "
        f"{arena.midway} killed midway, of whose edits {arena.ahead} were finished for them; "
        f"{took:.1f} s, {edits / took:.0f} edits/s"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
