"""Other processes of the same user: their memory, descriptors, folders, limits and lives."""

import ctypes
import fcntl
import os
import resource
import select
import signal
import subprocess
import sys

from tests.exec.escapes.attempts import Group, tells
from tests.exec.escapes.attempts.syscalls import syscall

ATTACH, DETACH, POKE, SEIZE = 16, 17, 4, 0x4206


def prepare(scene):
    """One process that must stay as it is, and one for each way to kill."""
    scene.give_text(scene.home / ".ssh/id_ed25519", scene.secret, mode=0o600)
    scene.start_victim("victim")
    for name in KILLS:
        scene.start_victim(name)


class Piece(ctypes.Structure):
    _fields_ = (("start", ctypes.c_void_p), ("length", ctypes.c_size_t))


def _move(call, at, buffer, cell, length):
    here = Piece(ctypes.addressof(buffer), length)
    there = Piece(at.addresses[cell], length)
    return syscall(call, at.victim, ctypes.byref(here), 1, ctypes.byref(there), 1, 0)


GROUP = Group(prepare)


@GROUP.attempt(tells)
def read_memory(at):
    buffer = ctypes.create_string_buffer(at.length)
    _move("process_vm_readv", at, buffer, "secret", at.length)
    return buffer.value


@GROUP.attempt(lambda seen: seen.memory("vm") != "original")
def write_memory(at):
    _move("process_vm_writev", at, ctypes.create_string_buffer(b"changed"), "vm", 8)


@GROUP.attempt(tells)
def read_memory_file(at):
    with open(f"/proc/{at.victim}/mem", "rb", buffering=0) as file:
        return os.pread(file.fileno(), at.length, at.addresses["secret"])


@GROUP.attempt(lambda seen: seen.memory("mem") != "original")
def write_memory_file(at):
    with open(f"/proc/{at.victim}/mem", "r+b", buffering=0) as file:
        os.pwrite(file.fileno(), b"changed\0", at.addresses["mem"])


@GROUP.attempt(lambda seen: seen.memory("ptrace") != "original")
def trace(at):
    syscall("ptrace", ATTACH, at.victim, 0, 0)
    os.waitpid(at.victim, 0)
    word = int.from_bytes(b"changed\0", "little")
    try:
        syscall("ptrace", POKE, at.victim, at.addresses["ptrace"], word)
    finally:
        syscall("ptrace", DETACH, at.victim, 0, 0)


@GROUP.attempt()
def trace_whoever_started_this(at):
    """The sandbox's own processes hold its other end."""
    pid = os.getppid()
    while (parent := _parent(pid)) > 1 and parent != at.tester:
        pid = parent
    if pid == os.getppid():
        raise PermissionError("there is nobody above")
    syscall("ptrace", SEIZE, pid, 0, 0)


@GROUP.attempt()
def trace_the_first_process(at):
    if _parent(os.getppid()) == 0 or os.path.exists(f"/proc/{at.tester}"):
        syscall("ptrace", SEIZE, os.getppid(), 0, 0)
    else:
        syscall("ptrace", SEIZE, 1, 0, 0)


def _parent(pid):
    with open(f"/proc/{pid}/stat") as file:
        return int(file.read().rpartition(")")[2].split()[1])


def _read(path):
    with open(path, "rb") as file:
        return file.read(100_000)


for _name, _path in {
    "environ": "environ",
    "command_line": "cmdline",
    "root": "root{at.home}/.ssh/id_ed25519",
    "working_directory": "cwd/id_ed25519",
    "descriptor": "fd/9",
    "main_thread": "task/{at.victim}/environ",
}.items():
    GROUP.add(f"proc_{_name}", lambda at, path: _read(f"/proc/{at.victim}/" + path.format(at=at)), _path, effect=tells)


@GROUP.attempt(tells)
def list_processes(at):
    return subprocess.run(["ps", "axww", "-o", "args"], check=False, capture_output=True, text=True).stdout


@GROUP.attempt(tells)
def take_descriptor(at):
    pidfd = os.pidfd_open(at.victim)
    return os.pread(syscall("pidfd_getfd", pidfd, 9, 0), 1000, 0)


@GROUP.attempt()
def compare_kernel_objects(at):
    syscall("kcmp", os.getpid(), at.victim, 0, 1, 1)


@GROUP.attempt(lambda seen: os.getpriority(os.PRIO_PROCESS, seen.pid("victim")) == 19)
def slow_down(at):
    os.setpriority(os.PRIO_PROCESS, at.victim, 19)


@GROUP.attempt(lambda seen: os.sched_getaffinity(seen.pid("victim")) == {0})
def pin_to_one_core(at):
    os.sched_setaffinity(at.victim, {0})


def _limit_of_processes(pid):
    line = next(line for line in _read(f"/proc/{pid}/limits").split(b"\n") if line.startswith(b"Max processes"))
    return line.split()[2]


@GROUP.attempt(lambda seen: _limit_of_processes(seen.pid("victim")) == b"7")
def change_limits(at):
    hard = resource.prlimit(at.victim, resource.RLIMIT_NPROC)[1]
    resource.prlimit(at.victim, resource.RLIMIT_NPROC, (7, hard))


@GROUP.attempt(lambda seen: _read(f"/proc/{seen.pid('victim')}/oom_score_adj") == b"1000\n")
def offer_to_the_memory_killer(at):
    with open(f"/proc/{at.victim}/oom_score_adj", "w") as file:
        file.write("1000")


@GROUP.attempt()
def lower_disk_priority(at):
    syscall("ioprio_set", 1, at.victim, 3 << 13)


@GROUP.attempt(lambda seen: _read(f"/proc/{seen.pid('victim')}/coredump_filter") == b"0000007f\n")
def change_core_dump_filter(at):
    with open(f"/proc/{at.victim}/coredump_filter", "w") as file:
        file.write("0x7f")


def _kill(at):
    os.kill(at.kill, signal.SIGKILL)


def _terminate(at):
    os.kill(at.terminate, signal.SIGTERM)


def _kill_group(at):
    os.killpg(at.kill_group, signal.SIGKILL)


def _kill_by_descriptor(at):
    signal.pidfd_send_signal(os.pidfd_open(at.kill_by_descriptor), signal.SIGKILL)


def _kill_thread(at):
    syscall("tgkill", at.kill_thread, at.kill_thread, signal.SIGKILL)


def _stop(at):
    os.kill(at.stop, signal.SIGSTOP)


def _signal_by_io(at):
    """The kernel signals whoever a pipe is said to belong to."""
    source, sink = os.pipe()
    fcntl.fcntl(source, fcntl.F_SETOWN, at.signal_by_io)
    fcntl.fcntl(source, fcntl.F_SETSIG, int(signal.SIGTERM))
    fcntl.fcntl(source, fcntl.F_SETFL, os.O_ASYNC | os.O_NONBLOCK)
    os.write(sink, b"x")
    select.select([source], [], [], 1)


def _ended(name):
    return lambda seen: not seen.is_alive(name)


KILLS = {
    "kill": _kill,
    "terminate": _terminate,
    "kill_group": _kill_group,
    "kill_by_descriptor": _kill_by_descriptor,
    "kill_thread": _kill_thread,
    "signal_by_io": _signal_by_io,
    "stop": _stop,
}
for _name, _act in KILLS.items():
    GROUP.add(_name, _act, effect=_ended(_name))


@GROUP.attempt(lambda seen: seen.finds(f"daemon-{seen.token}"))
def daemon_that_outlives_the_run(at):
    source, sink = os.pipe()
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            null = os.open(os.devnull, os.O_RDWR)
            for fd in (0, 1, 2):
                os.dup2(null, fd)
            sleep = [sys.executable, "-S", "-c", "import time; time.sleep(60)", f"daemon-{at.token}"]
            os.execv(sys.executable, sleep)
        os._exit(0)
    os.close(sink)
    os.read(source, 1)  # ends when the daemon has been executed
