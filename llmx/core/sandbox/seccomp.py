"""The filter of system calls: what no command needs and what has led out of sandboxes is refused by the kernel.

A program for the kernel's classic BPF machine, made once and kept as a file that bubblewrap reads.
"""

import contextlib
import ctypes
import errno
import os
import struct
from collections.abc import Callable, Iterator

from llmx.core.sandbox.syscalls import ARCHITECTURES, DENIED, UNKNOWN, Architecture
from llmx.paths import write_private

LOAD, EQUAL, AT_LEAST, ANY_BIT, RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
ALLOW, KILL, REFUSE = 0x7FFF0000, 0x80000000, 0x00050000  # SECCOMP_RET_ALLOW, _KILL_PROCESS, _ERRNO
NUMBER, ARCHITECTURE, FIRST_ARGUMENT = 0, 4, 16  # offsets in struct seccomp_data
X32 = 0x40000000

NEW_NAMESPACES = 0x7E020000
NEW_TIME = 0x80  # only in unshare(2): in clone(2) these bits are the signal at the end
TIOCSTI, TIOCLINUX = 0x5412, 0x541C
ASK, NO_RANDOMIZE = 0xFFFFFFFF, 0x0040000
UNIX, INET, INET6, NETLINK, ROUTE = 1, 2, 10, 16, 0

PR_SET_NO_NEW_PRIVS, PR_SET_SECCOMP, MODE_FILTER = 38, 22, 2

Instruction = tuple[int, int, int, int]
"""Code, jump if true, jump if false, operand."""


def is_available() -> bool:
    """Whether there is a filter for this machine's instruction set."""
    return os.uname().machine in ARCHITECTURES


def make_filter(file: str, *, inet: bool) -> bytes:
    """The filter for this machine, kept at ``file`` where it can be; without ``inet`` it refuses internet sockets."""
    code = here(inet=inet)
    with contextlib.suppress(OSError):
        write_private(file, code)
    return code


def installer(*, inet: bool) -> Callable[[], None]:
    """What puts the filter on the calling process for ever; made before a fork, called in the child.

    It raises ``OSError`` where the kernel refuses.
    """
    code = here(inet=inet)
    program = struct.pack("HxxxxxxP", len(code) // 8, ctypes.addressof(buffer := ctypes.create_string_buffer(code)))
    pointer = ctypes.create_string_buffer(program)
    prctl = ctypes.CDLL(None, use_errno=True).prctl

    def install() -> None:
        assert buffer  # what the program points to lives as long as this function
        for arguments in ((PR_SET_NO_NEW_PRIVS, 1, 0), (PR_SET_SECCOMP, MODE_FILTER, pointer)):
            if prctl(*arguments, 0, 0):
                number = ctypes.get_errno()
                raise OSError(number, os.strerror(number))

    return install


def here(*, inet: bool) -> bytes:
    """The filter for this machine's instruction set."""
    return compile_filter(ARCHITECTURES[os.uname().machine], inet=inet)


def compile_filter(architecture: Architecture, *, inet: bool) -> bytes:
    """The filter as the kernel reads it: 8 bytes an instruction."""
    return b"".join(struct.pack("<HBBI", *instruction) for instruction in instructions(architecture, inet=inet))


def instructions(architecture: Architecture, *, inet: bool) -> Iterator[Instruction]:
    """The filter's instructions: one question after the other, each with its answer behind it."""
    yield LOAD, 0, 0, ARCHITECTURE
    yield EQUAL, 1, 0, architecture.token
    yield _answer(KILL)  # a 32-bit program has other numbers, which nobody has thought through
    yield LOAD, 0, 0, NUMBER
    if architecture.has_x32:
        yield AT_LEAST, 0, 1, X32
        yield _refuse(errno.ENOSYS)
    numbers = architecture.numbers
    for name in UNKNOWN:
        yield from _if_equal(numbers[name], [_refuse(errno.ENOSYS)])
    for name in DENIED:
        if name in numbers:
            yield from _if_equal(numbers[name], [_refuse(errno.EPERM)])
    for name, question in _questions(inet=inet).items():
        yield from _if_equal(numbers[name], question)
    yield _answer(ALLOW)


def _questions(*, inet: bool) -> dict[str, list[Instruction]]:
    """The calls that are refused for some arguments; each ends with an answer."""
    families = [UNIX, *((INET, INET6) if inet else ())]
    return {
        "clone": [_argument(0), *_if_any_bit(NEW_NAMESPACES, errno.EPERM), _answer(ALLOW)],
        "unshare": [_argument(0), *_if_any_bit(NEW_NAMESPACES | NEW_TIME, errno.EPERM), _answer(ALLOW)],
        "ioctl": [
            _argument(1),  # the kernel looks at its lower half only, and so does this
            *(step for code in (TIOCSTI, TIOCLINUX) for step in _if_equal(code, [_refuse(errno.EPERM)])),
            _answer(ALLOW),
        ],
        "personality": [
            _argument(0),
            *_if_equal(ASK, [_answer(ALLOW)]),
            *_if_any_bit(NO_RANDOMIZE, errno.EPERM),
            _answer(ALLOW),
        ],
        "socketpair": [_argument(0), *_if_equal(UNIX, [_answer(ALLOW)]), _refuse(errno.EAFNOSUPPORT)],
        "socket": [
            _argument(0),
            *(step for family in families for step in _if_equal(family, [_answer(ALLOW)])),
            *_if_equal(NETLINK, [_argument(2), *_if_equal(ROUTE, [_answer(ALLOW)]), _refuse(errno.EAFNOSUPPORT)]),
            _refuse(errno.EAFNOSUPPORT),
        ],
    }


def _argument(place: int) -> Instruction:
    """Load the lower half of an argument (both instruction sets are little-endian)."""
    return LOAD, 0, 0, FIRST_ARGUMENT + 8 * place


def _answer(value: int) -> Instruction:
    return RETURN, 0, 0, value


def _refuse(number: int) -> Instruction:
    return _answer(REFUSE | number)


def _if_equal(value: int, steps: list[Instruction]) -> list[Instruction]:
    return [(EQUAL, 0, len(steps), value), *steps]


def _if_any_bit(bits: int, number: int) -> list[Instruction]:
    return [(ANY_BIT, 0, 1, bits), _refuse(number)]
