"""Files outside the work tree: in HOME, in another folder of the same user, in the shared temporary folders."""

import contextlib
import mmap
import os
import socket
import stat

from tests.exec.escapes.attempts import Group, changes
from tests.exec.escapes.attempts.syscalls import syscall

OLD = 1_000_000_000
AT_FDCWD, RENAME_EXCHANGE = -100, 2


def prepare(scene):
    """For each operation a victim of its own, in HOME and elsewhere."""
    for place in PLACES:
        folder = scene.path(place)
        for name in OPERATIONS:
            victim = folder / f"victim-{name}"
            victim.write_text("original" * 100)
            os.utime(victim, (OLD, OLD))
            scene.give(victim)
        scene.give(folder / "empty", folder=True)
        for name in ("rename_over", "exchange"):
            scene.give_text(scene.work / f"own-{name}-{folder.name}", "changed")
    for name in ("next-door", "above"):
        scene.give_text(scene.home / name / "file", "original")


def write(path, text="changed"):
    with open(path, "w") as file:
        file.write(text)


def create(at, folder):
    write(f"{folder}/new")


def overwrite(at, folder):
    write(f"{folder}/victim-overwrite")


def append(at, folder):
    with open(f"{folder}/victim-append", "a") as file:
        file.write("changed")


def truncate(at, folder):
    os.truncate(f"{folder}/victim-truncate", 0)


def follow_symlink(at, folder):
    link = f"{at.work}/link-{os.path.basename(folder)}"
    os.symlink(f"{folder}/victim-follow_symlink", link)
    write(link)


def hardlink(at, folder):
    link = f"{at.work}/hard-{os.path.basename(folder)}"
    os.link(f"{folder}/victim-hardlink", link)
    write(link)


def rename_over(at, folder):
    os.rename(_own(at, "rename_over", folder), f"{folder}/victim-rename_over")


def rename_away(at, folder):
    os.rename(f"{folder}/victim-rename_away", f"{at.work}/stolen-{os.path.basename(folder)}")


def exchange(at, folder):
    ours, theirs = _own(at, "exchange", folder).encode(), f"{folder}/victim-exchange".encode()
    syscall("renameat2", AT_FDCWD, ours, AT_FDCWD, theirs, RENAME_EXCHANGE)


def remove(at, folder):
    os.unlink(f"{folder}/victim-remove")


def chmod(at, folder):
    os.chmod(f"{folder}/victim-chmod", 0o777)


def utime(at, folder):
    os.utime(f"{folder}/victim-utime")


def setxattr(at, folder):
    os.setxattr(f"{folder}/victim-setxattr", "user.changed", b"1")


def reopen(at, folder):
    """A read-only descriptor, opened again for writing by way of /proc."""
    fd = os.open(f"{folder}/victim-reopen", os.O_PATH)
    write(f"/proc/self/fd/{fd}")


def map_shared(at, folder):
    fd = os.open(f"{folder}/victim-map_shared", os.O_RDWR)
    with mmap.mmap(fd, 100) as memory:
        memory[:7] = b"changed"


def climb(at, folder):
    """Out of the work tree by way of `..`."""
    write(os.path.relpath(f"{folder}/victim-climb", os.getcwd()))


def climb_proc(at, folder):
    """By way of the root and the working directory of whoever started this."""
    with contextlib.suppress(OSError):
        write(f"/proc/1/root{folder}/victim-climb_proc")
    write(f"/proc/{os.getppid()}/root{folder}/victim-climb_proc")


def mkfifo(at, folder):
    os.mkfifo(f"{folder}/fifo")


def mkdir(at, folder):
    os.mkdir(f"{folder}/made")


def rmdir(at, folder):
    os.rmdir(f"{folder}/empty")


def bind_socket(at, folder):
    socket.socket(socket.AF_UNIX).bind(f"{folder}/socket")


def _own(at, operation, folder):
    return f"{at.work}/own-{operation}-{os.path.basename(folder)}"


def exists(name):
    return lambda place: lambda seen: seen.path(f"{place}/{name}").exists()


def lacks(name):
    return lambda place: lambda seen: not seen.path(f"{place}/{name}").exists()


def changed(operation):
    return lambda place: changes(f"{place}/victim-{operation}")


def status(operation, differs):
    return lambda place: lambda seen: differs(os.stat(seen.path(f"{place}/victim-{operation}")))


OPERATIONS = {
    "create": (create, exists("new")),
    "overwrite": (overwrite, changed("overwrite")),
    "append": (append, changed("append")),
    "truncate": (truncate, status("truncate", lambda found: found.st_size == 0)),
    "follow_symlink": (follow_symlink, changed("follow_symlink")),
    "hardlink": (hardlink, changed("hardlink")),
    "rename_over": (rename_over, changed("rename_over")),
    "rename_away": (rename_away, lacks("victim-rename_away")),
    "exchange": (exchange, changed("exchange")),
    "remove": (remove, lacks("victim-remove")),
    "chmod": (chmod, status("chmod", lambda found: stat.S_IMODE(found.st_mode) == 0o777)),
    "utime": (utime, status("utime", lambda found: found.st_mtime != OLD)),
    "setxattr": (setxattr, lambda place: lambda seen: os.listxattr(seen.path(f"{place}/victim-setxattr")) != []),
    "reopen": (reopen, changed("reopen")),
    "map_shared": (map_shared, changed("map_shared")),
    "climb": (climb, changed("climb")),
    "climb_proc": (climb_proc, changed("climb_proc")),
    "mkfifo": (mkfifo, exists("fifo")),
    "mkdir": (mkdir, exists("made")),
    "rmdir": (rmdir, lacks("empty")),
    "bind_socket": (bind_socket, exists("socket")),
}
PLACES = ("outside", "elsewhere")
"""A folder of HOME, and one of the same user that lies apart from it."""

GROUP = Group(prepare)
for _name, (_act, _effect) in OPERATIONS.items():
    for _place in PLACES:
        GROUP.add(f"{_name}_{_place}", lambda at, act, place: act(at, getattr(at, place)), _act, _place,
                  effect=_effect(_place))  # fmt: skip


def _create_in(at, folder):
    write(f"{folder}/{at.token}")


def _is_in(folder):
    return lambda seen: os.path.exists(f"{folder}/{seen.token}")


for _name, _folder in (("tmp", "/tmp"), ("var_tmp", "/var/tmp"), ("dev_shm", "/dev/shm")):
    GROUP.add(f"create_in_{_name}", _create_in, _folder, effect=_is_in(_folder))


@GROUP.attempt(changes("home/next-door/file"))
def write_to_the_project_next_door(at):
    write(f"{at.work}/../next-door/file")


@GROUP.attempt(changes("home/above/file"))
def replace_the_project_next_door(at):
    """Put another folder in its place."""
    os.mkdir(f"{at.work}/copy")
    write(f"{at.work}/copy/file")
    os.rename(f"{at.work}/../above", f"{at.work}/above-before")
    os.rename(f"{at.work}/copy", f"{at.work}/../above")
