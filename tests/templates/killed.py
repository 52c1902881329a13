"""Kill a move or a copy at every line of its code, undo it, and compare: ``python -m tests.templates.killed HOW A B``.

Each try is a process of its own that ends itself by SIGKILL at its n-th line, for every n until one comes through.
``A`` and ``B`` are folders for source and destination. Prints how many kills there were; exits with 1 at a difference.
"""

import errno
import os
import shutil
import signal
import sys
from pathlib import Path

from llmx.templates.builtin.file_classification import moving, undoing
from llmx.templates.builtin.file_classification.journal import Journal
from llmx.templates.builtin.file_classification.moving import carry, mark_of
from llmx.templates.builtin.file_classification.undoing import undo

WATCHED = "file_classification"


def tree(*folders):
    """Everything below the folders: type, mode, time and content."""
    told = {}
    for folder in folders:
        for path in sorted(folder.rglob("*")):
            status = path.lstat()
            content = path.read_bytes() if path.is_file() else b""
            told[str(path)] = (status.st_mode, content, status.st_mtime_ns if content else 0)
    return told


def make(source, target):
    """A few files, one with a name that is taken where it goes."""
    for folder in (source, target):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
    (source / "a.txt").write_text("one")
    (source / "b\udcff.txt").write_text("two" * 1000)
    (source / "b\udcff.txt").chmod(0o640)
    (target / "texts").mkdir()
    (target / "texts" / "a.txt").write_text("not ours")
    for number, path in enumerate([*source.iterdir(), *target.glob("*/*")]):
        os.utime(path, ns=(10**18 + number, 10**18 + number))


def marked(path):
    """The mark of a file that is there."""
    mark = mark_of(str(path))
    assert mark
    return mark


def act(do, source, target, file):
    journal = Journal(str(file))
    for name, category in (("a.txt", "texts"), ("b\udcff.txt", "new")):
        path = f"{source}/{name}"
        carry(journal, do, path, f"{target}/{category}/{name}", marked(path))
    journal.close()


def take_back(file):
    journal = Journal(str(file))
    told = undo(journal.log, dry_run=False)
    journal.close()
    assert all(each.status != "left" for each in told), told


def killed_at(line, function, *arguments):
    """Whether the function was killed at that line, counted over all of the watched code."""
    child = os.fork()
    if child:
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        assert status in (0, -signal.SIGKILL), status
        return status != 0
    left = line

    def trace(frame, event, _):
        nonlocal left
        if WATCHED not in frame.f_code.co_filename:
            return None
        if event == "line":
            left -= 1
            if left < 0:
                os.kill(os.getpid(), signal.SIGKILL)
        return trace

    code = 1
    try:
        sys.settrace(trace)
        function(*arguments)
        code = 0
    finally:
        sys.settrace(None)
        os._exit(code)


def no_rename(*_):
    """A file system that knows no renaming without replacing."""
    raise OSError(errno.EINVAL, "not offered")


def main(how, first, second):
    vars(os)["fsync"] = lambda _: (
        None
    )  # it guards against a power cut, and costs most of the time; a kill loses nothing written
    source, target = Path(first, "in"), Path(second, "out")
    file = Path(first, "undo.jsonl")
    do = "copy" if how == "copy" else "move"
    if how == "link":
        vars(moving)["_exclusive"] = lambda: no_rename
    assert vars(undoing)["rename_new"] is moving.rename_new, "both rename by what was put in place"
    kills, is_killed = 0, True
    while is_killed:
        make(source, target)
        before = tree(source, target)
        file.unlink(missing_ok=True)
        is_killed = killed_at(kills, act, do, source, target, file)
        take_back(file) if file.exists() and file.stat().st_size else None
        assert tree(source, target) == before, (how, kills)
        kills += is_killed
    make(source, target)
    before, undos, is_killed = tree(source, target), 0, True
    while is_killed:
        file.unlink(missing_ok=True)
        act(do, source, target, file)
        assert tree(source, target) != before
        is_killed = killed_at(undos, take_back, file)
        take_back(file)
        assert tree(source, target) == before, (how, "undo", undos)
        undos += is_killed
    print(kills, undos)


if __name__ == "__main__":
    main(*sys.argv[1:])
