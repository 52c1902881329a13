"""The machine: its settings, devices and shared memory."""

import os
import resource
import stat

from tests.exec.escapes.attempts import Group
from tests.exec.escapes.attempts.syscalls import syscall

CREATE, REMOVE = 0o1666, 0


def prepare(scene):
    scene.at["key"] = int(scene.token[:7], 16)


GROUP = Group(prepare)


def _write_same(at, path):
    """What is there already, so that nothing is harmed where it succeeds."""
    with open(path) as file:
        value = file.read()
    with open(path, "w") as file:
        file.write(value)


for _name, _path in {
    "core_pattern": "/proc/sys/kernel/core_pattern",
    "modprobe_path": "/proc/sys/kernel/modprobe",
    "swappiness": "/proc/sys/vm/swappiness",
    "open_files": "/proc/sys/fs/file-max",
    "host_name": "/proc/sys/kernel/hostname",
    "huge_pages": "/sys/kernel/mm/transparent_hugepage/khugepaged/defrag",
}.items():
    GROUP.add(f"write_{_name}", _write_same, _path, root=True)


@GROUP.attempt(root=True)
def magic_key(at):
    """The help of the kernel's magic key: harmless."""
    with open("/proc/sysrq-trigger", "w") as file:
        file.write("h")


def _open(at, path, flags=os.O_RDWR):
    os.close(os.open(path, flags))


for _name, _flags in {"kmsg": os.O_RDWR, "fuse": os.O_RDWR, "tty1": os.O_WRONLY, "loop-control": os.O_RDWR}.items():
    GROUP.add(f"device_{_name.replace('-', '_')}", _open, f"/dev/{_name}", _flags, root=True)


@GROUP.attempt(lambda seen: seen.path("work/node").is_char_device(), root=True)
def make_a_device(at):
    os.mknod(f"{at.work}/node", 0o666 | stat.S_IFCHR, os.makedev(1, 3))


@GROUP.attempt(root=True)
def make_a_control_group(at):
    for folder in ("/sys/fs/cgroup", "/sys/fs/cgroup/unified", "/sys/fs/cgroup/pids"):
        try:
            os.mkdir(f"{folder}/llmx-{at.token}")
        except OSError as error:
            last = error
        else:
            os.rmdir(f"{folder}/llmx-{at.token}")
            return
    raise last


@GROUP.attempt()
def core_dumps(at):
    """A core in the work tree holds what the memory held."""
    if resource.getrlimit(resource.RLIMIT_CORE)[1] == 0:
        raise PermissionError("no core may be written")
    resource.setrlimit(resource.RLIMIT_CORE, (1 << 20, resource.getrlimit(resource.RLIMIT_CORE)[1]))


def _key_is_listed(kind):
    def listed(seen):
        with open(f"/proc/sysvipc/{kind}") as file:
            return any(line.split()[0] == str(seen.at["key"]) for line in file)

    return listed


@GROUP.attempt(_key_is_listed("shm"))
def shared_memory(at):
    syscall("shmget", at.key, 4096, CREATE)


@GROUP.attempt(_key_is_listed("msg"))
def message_queue(at):
    syscall("msgget", at.key, CREATE)
