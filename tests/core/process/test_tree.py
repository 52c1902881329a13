"""Finding and signalling descendants, on real processes."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from llmx.core.process import read_file
from llmx.core.process.tree import children, descendants, is_zombie, name, send, terminate


@pytest.fixture
def start():
    """Start Python code that says when it is ready; returns the process and the numbers it printed."""
    running = []

    def run(code):
        process = subprocess.Popen([sys.executable, "-S", "-E", "-c", code], stdout=subprocess.PIPE, text=True)
        running.append(process)
        assert process.stdout
        return process, list(map(int, process.stdout.readline().split()))

    yield run
    for process in running:
        process.kill()
        process.communicate()


FAMILY = """
import os, time
child = os.fork()
if child == 0:
    grandchild = os.fork()
    if grandchild:
        print(os.getpid(), grandchild, flush=True)
    time.sleep(60)
time.sleep(60)
"""


def end(pids):
    for pid in pids:
        os.kill(pid, signal.SIGKILL)


def test_descendants_are_found_parents_first(start):
    process, (child, grandchild) = start(FAMILY)
    assert children(process.pid) == [child]
    assert descendants(process.pid) == [child, grandchild]
    end([child, grandchild])


def test_the_trees_of_strangers_are_left_out(start):
    process, pids = start(FAMILY)
    assert process.pid in descendants(os.getpid())
    assert not {process.pid, *pids} & set(descendants(os.getpid(), frozenset([process.pid])))
    end(pids)


def test_children_of_every_thread_are_found(start):
    code = """
import subprocess, sys, threading
def fork():
    child = subprocess.Popen(["sleep", "60"])
    print(child.pid, flush=True)
    child.wait()
threading.Thread(target=fork).start()
"""
    process, [child] = start(code)
    assert children(process.pid) == [child]
    end([child])


def test_more_children_than_fit_a_page_are_all_found(start):
    code = """
import os, time
pids = []
for _ in range(900):
    pid = os.fork()
    if pid == 0:
        time.sleep(60)
        os._exit(0)
    pids.append(pid)
print(*pids, flush=True)
time.sleep(60)
"""
    process, pids = start(code)
    try:
        assert children(process.pid) == pids
    finally:
        end(pids)


def test_a_process_that_is_gone_has_no_children_and_no_name(start):
    process, _ = start("print(1)")
    process.wait()
    assert children(process.pid) == []
    assert name(process.pid) == ""
    assert is_zombie(process.pid) is False


def test_a_name_is_the_programs(start):
    process, _ = start("print(1, flush=True); import time; time.sleep(60)")
    assert name(process.pid).startswith("python")


@pytest.mark.parametrize("name_", [") Z 1 (", "a b", "\xff"])
def test_a_misleading_name_misleads_nobody(start, name_):
    rename = f"open('/proc/self/comm', 'wb').write({name_.encode('latin-1')!r})"
    process, _ = start(f"import time; {rename}; print(1, flush=True); time.sleep(60)")
    assert is_zombie(process.pid) is False
    assert name(process.pid) == name_.replace("\xff", "\N{REPLACEMENT CHARACTER}")


def test_a_zombie_is_one_until_it_is_reaped(start):
    process, _ = start("print(1, flush=True)")
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    assert is_zombie(process.pid) is True
    process.wait()
    assert is_zombie(process.pid) is False


def test_sending_says_whether_it_was_permitted(start, ordinary_user):
    process, _ = start("print(1, flush=True); import time; time.sleep(60)")
    assert send(process.pid, 0) is True
    process.kill()
    process.wait()
    assert send(process.pid, signal.SIGTERM) is True  # gone: nothing left to permit
    if os.getuid() == 0:
        pid = os.fork()
        if pid == 0:
            os.setuid(ordinary_user.pw_uid)
            os._exit(0 if send(1, 0) is False else 1)
        assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0


def test_terminating_wakes_the_stopped(start):
    process, _ = start("print(1, flush=True); import time; time.sleep(60)")
    os.kill(process.pid, signal.SIGSTOP)
    os.waitid(os.P_PID, process.pid, os.WSTOPPED)
    terminate([process.pid])
    assert process.wait(20) == -signal.SIGTERM


def test_without_proc_psutil_sees_the_same(start, monkeypatch):
    process, (child, grandchild) = start(FAMILY)
    by_proc = [descendants(process.pid), name(child), is_zombie(child), children(2**22 + 1)]
    monkeypatch.setattr("llmx.core.process.tree.HAS_PROC", False)
    assert [descendants(process.pid), name(child), is_zombie(child), children(2**22 + 1)] == by_proc
    assert descendants(process.pid) == [child, grandchild]
    assert (name(2**22 + 1), is_zombie(2**22 + 1)) == ("", False)
    for pid in (child, grandchild):
        os.kill(pid, signal.SIGKILL)


WITHOUT_PROC = """
import sys
from pathlib import Path
from llmx.core.process import tree
from llmx.exec import main
tree.HAS_PROC = False
sys.exit(main(sys.argv[1:]))
"""


def test_a_run_ends_its_tree_without_proc_too():
    words = ["--timeout", "1", "--grace", "0.2", "--", "sh", "-c", "trap '' TERM; sleep 60 & sleep 60; sleep 60"]
    done = subprocess.run([sys.executable, "-c", WITHOUT_PROC, *words], capture_output=True, check=False, timeout=30)
    assert done.returncode == 124


def test_a_file_of_proc_is_read_to_its_end_though_its_pages_are_not_full(start):
    process, _ = start("import time; print(flush=True); time.sleep(60)")
    file = f"/proc/{process.pid}/maps"
    lines = Path(file).read_bytes()
    assert len(lines) > 4096
    assert read_file(file) == lines
