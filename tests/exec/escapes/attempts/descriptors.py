"""Descriptors that whoever started llm-exec has left open."""

import fcntl
import os
import socket

from tests.exec.escapes.attempts import Group, changes, tells

NAMES = ("folder", "file", "reading", "socket", "pipe")


def prepare(scene):
    """A folder with a key, a file to write, one to read, a connection and a pipe, all inherited by llm-exec."""
    scene.give_text(scene.home / ".ssh/id_ed25519", scene.secret, mode=0o600)
    scene.give_text(scene.home / "victim", "original")
    ours, theirs = socket.socketpair()
    source, sink = os.pipe()
    scene.inherit(
        folder=os.open(scene.home / ".ssh", os.O_RDONLY | os.O_DIRECTORY),
        file=os.open(scene.home / "victim", os.O_RDWR),
        reading=os.open(scene.home / ".ssh/id_ed25519", os.O_RDONLY),
        socket=theirs.detach(),
        pipe=sink,
    )
    scene.listeners["socketpair"] = ours
    scene.pipes["pipe"] = source


GROUP = Group(prepare)


@GROUP.attempt(tells)
def inherited_folder(at):
    return os.read(os.open("id_ed25519", os.O_RDONLY, dir_fd=at.folder), 1000)


@GROUP.attempt(tells)
def inherited_folder_as_working_directory(at):
    os.fchdir(at.folder)
    with open("id_ed25519") as file:
        return file.read()


@GROUP.attempt(changes("home/victim"))
def inherited_file(at):
    os.pwrite(at.file, b"changed", 0)


@GROUP.attempt(tells)
def inherited_file_open_for_reading(at):
    return os.pread(at.reading, 1000, 0)


@GROUP.attempt(lambda seen: seen.heard("socketpair"))
def inherited_socket(at):
    socket.socket(fileno=at.socket).send(at.token.encode())


@GROUP.attempt(lambda seen: seen.drained("pipe"))
def inherited_pipe(at):
    os.write(at.pipe, at.token.encode())


@GROUP.attempt(lambda seen: "/" in seen.text)
def any_other_descriptor(at):
    """Whatever is open beyond the three, the attempt's own pipe and the listing itself."""
    found = []
    for name in os.listdir("/proc/self/fd"):
        if int(name) > 2:
            try:
                found.append(os.readlink(f"/proc/self/fd/{name}"))
                fcntl.fcntl(int(name), fcntl.F_GETFD)
            except OSError:
                continue
    return [name for name in found if name.startswith("/") and not name.startswith("/proc")]
