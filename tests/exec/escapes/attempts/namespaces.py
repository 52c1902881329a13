"""New namespaces, mounts, and other ways to another view of the files."""

import contextlib
import ctypes
import os
import subprocess

from tests.exec.escapes.attempts import Group, changes, tells
from tests.exec.escapes.attempts.files import write
from tests.exec.escapes.attempts.syscalls import syscall

NEWNS, NEWUSER, NEWPID, NEWNET, NEWCGROUP = 0x20000, 0x10000000, 0x20000000, 0x40000000, 0x2000000
REMOUNT, BIND, DETACH, PRIVATE = 32, 4096, 2, 1 << 18 | 16384


def prepare(scene):
    scene.give_text(scene.home / ".ssh/id_ed25519", scene.secret, mode=0o600)
    scene.start_victim("victim")
    scene.give_text(scene.elsewhere / "victim", "original")
    scene.give(scene.work / "mount", folder=True)
    scene.make_setuid_helper()


def _become_root():
    """In a user namespace of its own, where that is to be had, every capability is there."""
    user, group = os.getuid(), os.getgid()
    syscall("unshare", NEWUSER | NEWNS)
    write("/proc/self/setgroups", "deny")
    write("/proc/self/uid_map", f"0 {user} 1")
    write("/proc/self/gid_map", f"0 {group} 1")


GROUP = Group(prepare)
GROUP.add("user_namespace", lambda at: syscall("unshare", NEWUSER))
for _name, _flag in (("mount", NEWNS), ("pid", NEWPID), ("net", NEWNET), ("cgroup", NEWCGROUP)):
    GROUP.add(f"user_and_{_name}_namespace", lambda at, flag: syscall("unshare", NEWUSER | flag), _flag)


@GROUP.attempt()
def user_namespace_by_clone3(at):
    arguments = (ctypes.c_uint64 * 11)(NEWUSER, 0, 0, 0, 17)
    pid = syscall("clone3", ctypes.byref(arguments), 88)
    if pid == 0:
        os._exit(0)
    os.waitpid(pid, 0)


@GROUP.attempt()
def user_namespace_by_program(at):
    subprocess.run(["unshare", "-Ur", "true"], check=True, capture_output=True)


@GROUP.attempt()
def mount_a_filesystem(at):
    _become_root()
    os.mkdir(f"{at.work}/mounted")
    syscall("mount", b"tmpfs", f"{at.work}/mounted".encode(), b"tmpfs", 0, None)


@GROUP.attempt()
def mount_by_the_new_calls(at):
    _become_root()
    syscall("fsopen", b"tmpfs", 0)


@GROUP.attempt()
def clone_a_mount(at):
    _become_root()
    syscall("open_tree", -100, b"/", 1 | 0x8000)  # a clone, with all below


@GROUP.attempt(tells)
def take_the_masks_off(at):
    """What is hidden by a mount lies bare when that is gone."""
    with contextlib.suppress(OSError):
        _become_root()
    for path in (f"{at.home}/.ssh", at.home, os.path.dirname(at.home), "/tmp"):
        with contextlib.suppress(OSError):
            syscall("umount2", path.encode(), DETACH)
    with open(f"{at.home}/.ssh/id_ed25519") as file:
        return file.read()


@GROUP.attempt(changes("elsewhere/victim"))
def remount_for_writing(at):
    with contextlib.suppress(OSError):
        _become_root()
    with contextlib.suppress(OSError):
        syscall("mount", None, b"/", None, REMOUNT | BIND, None)
    write(f"{at.elsewhere}/victim")


@GROUP.attempt(root=True)
def mount_as_one_is(at):
    syscall("mount", b"tmpfs", f"{at.work}/mount".encode(), b"tmpfs", 0, None)
    syscall("umount2", f"{at.work}/mount".encode(), DETACH)


@GROUP.attempt(root=True)
def change_the_root(at):
    syscall("chroot", at.work.encode())


@GROUP.attempt()
def change_the_root_in_a_namespace(at):
    _become_root()
    syscall("chroot", at.work.encode())


@GROUP.attempt(root=True)
def pivot_the_root(at):
    syscall("unshare", NEWNS)
    syscall("mount", None, b"/", None, PRIVATE, None)
    syscall("mount", at.work.encode(), at.work.encode(), None, BIND, None)
    os.makedirs(f"{at.work}/before", exist_ok=True)
    syscall("pivot_root", at.work.encode(), f"{at.work}/before".encode())


@GROUP.attempt(root=True)
def enter_the_victims_mounts(at):
    syscall("setns", os.open(f"/proc/{at.victim}/ns/mnt", os.O_RDONLY), 0)


@GROUP.attempt(root=True)
def enter_by_process_descriptor(at):
    syscall("setns", os.pidfd_open(at.victim), NEWNS)


@GROUP.attempt(lambda seen: "euid=0" in seen.text)
def setuid_helper(at):
    return subprocess.run([at.helper], capture_output=True, text=True, check=True).stdout


@GROUP.attempt(lambda seen: seen.did and int(seen.text, 16) != 0, root=True)
def capabilities(at):
    with open("/proc/self/status") as file:
        return next(line.split()[1] for line in file if line.startswith("CapEff:"))


@GROUP.attempt(lambda seen: seen.text == "0")
def gain_by_exec(at):
    """No new privileges: what is executed can gain none."""
    with open("/proc/self/status") as file:
        return next(line.split()[1] for line in file if line.startswith("NoNewPrivs:"))


@GROUP.attempt(root=True)
def become_another_user(at):
    os.setgroups([])
    os.setuid(65534)
