"""Processes, sockets, shared memory, temporary files, devices: what programs take for granted."""

import pytest

from tests.exec.everyday.conftest import PYTHON


def python(program):
    return f"{PYTHON} -c '{program}'"


ACTIONS = {
    "mktemp": "file=$(mktemp); echo x > $file; test -s $file; dir=$(mktemp -d); touch $dir/x; rm -r $dir",
    "the other temporary folder": "file=$(mktemp -p /var/tmp); echo x > $file; test -s $file",
    "TMPDIR": 'mkdir "${TMPDIR:-/tmp}/of-$$"; rmdir "${TMPDIR:-/tmp}/of-$$"',
    "a here document": 'cat <<< "$(seq 1000)" | tail -1 | grep -qx 1000',
    "process substitution": "diff <(seq 3) <(seq 3); tee >(cat > copy) <<< x >/dev/null",
    "a named pipe": "mkfifo pipe; (echo x > pipe &); grep -qx x pipe",
    "a file lock": "flock lock true; flock -n lock true",
    "ps": 'sleep 5 & ps -e -o pid,args | grep -q "[s]leep 5"; kill $!',
    "kill and wait": "sleep 60 & kill $!; wait $! || test $? = 143",
    "a trap": "bash -c 'trap \"echo caught; exit 0\" TERM; kill $$; sleep 5' | grep -qx caught",
    "nohup, nice and timeout": "nohup nice timeout 5 true; ! timeout 0.1 sleep 5",
    "xargs in parallel": "seq 20 | xargs -P 4 -n 1 sh -c 'echo $0' | sort -n | tail -1 | grep -qx 20",
    "a pipeline that breaks": "set +o pipefail; yes | head -1 | grep -qx y",
    "devices": "head -c 9 /dev/urandom | wc -c | grep -qx 9; echo x > /dev/null; : < /dev/stdin",
    "names of the local machine": "getent hosts localhost | grep -q localhost",
    "who am I": "whoami; cd ~; cd - >/dev/null; getent passwd $(id -u) | grep -q $(id -un)",
    "du, df and stat": "du -sh . >/dev/null; df . /tmp >/dev/null; stat -c %U file | grep -qx $(id -un)",
    "tar and gzip": "tar czf a.tgz file; mkdir x; tar xzf a.tgz -C x; cmp file x/file",
    "find, sed and awk": """
        sed -i s/one/two/ file; find . -name file -newer AGENTS.md >/dev/null; awk 1 file | grep -qx two""",
    "a program of its own": "printf '#!/bin/bash\\necho hi\\n' > tool; chmod +x tool; ./tool | grep -qx hi",
    "an editor without a screen": "printf '%s\n' '1s/one/two/' wq > s; ex -s file < s || sed -i s/one/two/ file",
    "a big file": "head -c 50M /dev/zero > big; test $(stat -c %s big) = 52428800; rm big",
    "many open files": python("fs = [open(\"file\") for _ in range(500)]"),
    "threads": python("import threading as t; ts = [t.Thread(target=int) for _ in range(50)]; [x.start() for x in ts]"),
    "memory maps": python("""
import mmap
m = mmap.mmap(-1, 1 << 28); m[0] = 1; open("m", "wb").write(bytes(9)); f = open("m", "r+b")
mmap.mmap(f.fileno(), 9)[0] = 7; assert open("m", "rb").read(1) == b"\\7"
"""),
    "file events": python("""
import ctypes
libc = ctypes.CDLL(None); assert libc.inotify_add_watch(libc.inotify_init(), b".", 2) > 0
"""),
    "a unix socket in the project": python("""
import socket
one = socket.socket(socket.AF_UNIX); one.bind("s"); one.listen()
two = socket.socket(socket.AF_UNIX); two.connect("s")
"""),
    "a unix socket in a temporary folder": python("""
import socket
one = socket.socket(socket.AF_UNIX); one.bind("/tmp/s"); one.listen()
two = socket.socket(socket.AF_UNIX); two.connect("/tmp/s")
"""),
    "an abstract socket of its own": python("""
import socket
one = socket.socket(socket.AF_UNIX); one.bind("\\0s"); one.listen()
two = socket.socket(socket.AF_UNIX); two.connect("\\0s")
"""),
    "a server and its client": python("""
import socket
for family, host in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET, "localhost"), (socket.AF_INET6, "::1")):
    one = socket.socket(family); one.bind((host, 0)); one.listen()
    two = socket.socket(family); two.connect((host, one.getsockname()[1])); two.send(b"x")
    assert one.accept()[0].recv(1)
"""),
    "datagrams": python("""
import socket
one = socket.socket(type=socket.SOCK_DGRAM); one.bind(("127.0.0.1", 0))
two = socket.socket(type=socket.SOCK_DGRAM)
two.sendto(b"x", one.getsockname()); assert one.recv(9) == b"x"
"""),
    "an http server": python("""
import http.server, threading, urllib.request
s = http.server.ThreadingHTTPServer(("127.0.0.1", 0), http.server.SimpleHTTPRequestHandler); s.timeout = 9
threading.Thread(target=s.serve_forever, daemon=True).start()
assert urllib.request.urlopen(f"http://127.0.0.1:{s.server_port}/file", timeout=9).read() == b"one\\n"; s.shutdown()
"""),
    "a pool of processes": python("""
import multiprocessing as m
with m.Pool(2) as pool: assert pool.map(abs, [-1, -2]) == [1, 2]
"""),
    "a process started anew": python("""
import multiprocessing as m
c = m.get_context("forkserver")
with c.Pool(2) as pool: assert pool.map(abs, [-1, -2]) == [1, 2]
"""),
    "shared memory": python("""
from multiprocessing import shared_memory as s
a = s.SharedMemory(create=True, size=1 << 20); b = s.SharedMemory(a.name); b.buf[0] = 7; assert a.buf[0] == 7
b.close(); a.close(); a.unlink()
"""),
    "a manager of objects": python("""
import multiprocessing as m
with m.Manager() as manager: d = manager.dict(); d[1] = 2; assert dict(d) == {1: 2}
"""),
    "semaphores": python("import multiprocessing as m; s = m.Semaphore(2); s.acquire(); s.release(); m.Queue().put(1)"),
    "an event loop with a child": python("""
import asyncio
async def main():
    p = await asyncio.create_subprocess_exec("echo", "hi", stdout=-1)
    assert (await p.communicate())[0] == b"hi\\n"
asyncio.run(main())
"""),
    "a terminal made by a program": python("""
import os, pty
pid, fd = pty.fork()
if pid == 0: os.execvp("tty", ["tty"])
assert b"/dev/pts/" in os.read(fd, 99); os.waitpid(pid, 0)
"""),
}  # fmt: skip


@pytest.mark.parametrize("script", ACTIONS.values(), ids=ACTIONS)
def test_programs_find_what_they_take_for_granted(project, script):
    project.run(script)


def test_a_tmux_server_of_its_own(project, needs):
    needs("tmux")
    project.run("tmux -L own -f /dev/null new-session -d cat; tmux -L own ls | grep -q 0:; tmux -L own kill-server")


def test_a_folder_that_is_named_is_read_and_written(project):
    project.write("data/in/file", "text\n")
    project.write("data/out/file", "")
    project.run("cat ../data/in/file > ../data/out/file", "--read", "../data/in", "--write", "../data/out")
    assert (project.home / "data/out/file").read_text() == "text\n"


def test_a_variable_that_is_named_is_there(project):
    script = 'test "$MINE" = mine; test "$SET" = "a b"; test -z "${NOT_NAMED:-}"'
    project.run(script, "--env", "MINE", "--env", "SET=a b", MINE="mine", NOT_NAMED="x")


def test_a_project_that_is_no_repository(project):
    project.write("plain/file", "")
    project.run("echo x > new; test -s new", cwd=project.home / "plain")
    assert (project.home / "plain/new").read_text() == "x\n"


def test_nothing_is_left_in_the_project_or_in_home_by_a_run(project):
    project.run("true")
    tree = lambda: sorted(path.relative_to(project.home) for path in project.home.rglob("*"))  # noqa: E731
    before = tree()
    project.run("true")
    assert tree() == before
    assert project.outside("git status --porcelain --ignored") == ""
