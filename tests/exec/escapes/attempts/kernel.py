"""Parts of the kernel that no ordinary command needs, and that have let many out."""

import ctypes
import mmap
import os
import platform
import struct

from tests.exec.escapes.attempts import Group
from tests.exec.escapes.attempts.syscalls import syscall

USER_KEYRING = -4
GROUP = Group()


@GROUP.attempt()
def add_a_key(at):
    """Keys of a user are the same in every process of that user."""
    syscall("add_key", b"user", f"llmx-{at.token}".encode(), b"x", 1, USER_KEYRING)


@GROUP.attempt()
def read_the_keyring(at):
    syscall("keyctl", 0, USER_KEYRING, 1)


@GROUP.attempt()
def io_uring(at):
    """Its requests pass by every filter of system calls."""
    os.close(syscall("io_uring_setup", 1, ctypes.create_string_buffer(120)))


@GROUP.attempt(root=True)
def bpf(at):
    """An array map of one element."""
    os.close(syscall("bpf", 0, struct.pack("=5I", 2, 4, 4, 1, 0) + bytes(52), 72))


@GROUP.attempt()
def perf_event(at):
    """A software counter of its own process."""
    attributes = struct.pack("=IIQ", 1, 112, 0) + bytes(24) + struct.pack("=Q", 0b1100000) + bytes(64)
    os.close(syscall("perf_event_open", attributes, 0, -1, -1, 0))


@GROUP.attempt()
def userfaultfd(at):
    os.close(syscall("userfaultfd", 1 | os.O_CLOEXEC))


@GROUP.attempt()
def no_address_randomization(at):
    syscall("personality", 0x0040000)
    if not syscall("personality", 0xFFFFFFFF) & 0x0040000:
        raise PermissionError("it stayed as it was")


@GROUP.attempt(root=True)
def open_by_handle(at):
    """A file by its number alone, past every mount and mask."""
    handle = ctypes.create_string_buffer(struct.pack("=Ii", 128, 0) + bytes(128))
    place = ctypes.c_int()
    syscall("name_to_handle_at", -100, at.work.encode(), handle, ctypes.byref(place), 0)
    folder = os.open(at.work, os.O_RDONLY)
    os.close(syscall("open_by_handle_at", folder, handle, os.O_RDONLY))


@GROUP.attempt(root=True)
def kernel_log(at):
    buffer = ctypes.create_string_buffer(4096)
    syscall("syslog", 3, buffer, 4096)


def _call_machine_code(code):
    memory = mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
    memory.write(code)
    address = ctypes.addressof(ctypes.c_char.from_buffer(memory))
    return ctypes.CFUNCTYPE(ctypes.c_long)(address)()


@GROUP.attempt()
def calls_of_another_architecture(at):
    """The 32-bit numbers mean other calls: a filter that does not ask for the architecture lets them through."""
    if platform.machine() != "x86_64":
        raise PermissionError("this machine has no other")
    answer = _call_machine_code(b"\x53\xb8\x14\x00\x00\x00\xcd\x80\x5b\xc3")  # getpid by int 0x80
    if answer != os.getpid():
        raise PermissionError(answer)


@GROUP.attempt()
def program_in_memory(at):
    """A program that lies in memory only."""
    fd = os.memfd_create("program")
    with open("/bin/true", "rb") as file:
        os.write(fd, file.read())
    pid = os.posix_spawn(f"/proc/self/fd/{fd}", ["true"], {})
    if os.waitpid(pid, 0)[1]:
        raise PermissionError("it did not run")
