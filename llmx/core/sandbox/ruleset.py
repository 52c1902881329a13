"""A Landlock ruleset: what the kernel's interface, in its versions (ABI) 1 to 7, can hold a process to.

Source: linux/landlock.h and Documentation/userspace-api/landlock.rst.
"""

import ctypes
import os
import stat
import struct

from llmx.paths import open_exactly

CREATE_RULESET, ADD_RULE, RESTRICT_SELF = 444, 445, 446  # the same for every instruction set
RULE_PATH_BENEATH = 1
PR_SET_NO_NEW_PRIVS = 38
CAPABILITY_VERSION = 0x20080522

EXECUTE, WRITE_FILE, READ_FILE, READ_DIR, REMOVE_DIR, REMOVE_FILE = (1 << bit for bit in range(6))
MAKE_CHAR, MAKE_DIR, MAKE_REG, MAKE_SOCK, MAKE_FIFO, MAKE_BLOCK, MAKE_SYM = (1 << bit for bit in range(6, 13))
REFER, TRUNCATE, IOCTL_DEV = (1 << bit for bit in range(13, 16))

REFER_SINCE, TRUNCATE_SINCE, TCP_SINCE, IOCTL_SINCE, SCOPE_SINCE, NEWEST = 2, 3, 4, 5, 6, 7
"""The ABI from which on each can be handled; the newest adds nothing that is asked for here."""

BIND_AND_CONNECT = 0b11
ABSTRACT_SOCKETS = 0b01
ABSTRACT_SOCKETS_AND_SIGNALS = 0b11

LIST = READ_DIR
READ = EXECUTE | READ_FILE | READ_DIR
USE = READ_FILE | WRITE_FILE | READ_DIR | IOCTL_DEV
"""Device nodes, and folders of them."""
MAKE = MAKE_DIR | MAKE_REG | MAKE_SOCK | MAKE_FIFO | MAKE_SYM
WRITE = READ | WRITE_FILE | TRUNCATE | REFER | REMOVE_DIR | REMOVE_FILE | MAKE

_OF_FILES = EXECUTE | WRITE_FILE | READ_FILE | TRUNCATE | IOCTL_DEV

_libc = ctypes.CDLL(None, use_errno=True)


def handled_rights(abi: int) -> int:
    """Every right on files and folders that a kernel of this ABI can withhold."""
    rights = (1 << 13) - 1
    for since, right in ((REFER_SINCE, REFER), (TRUNCATE_SINCE, TRUNCATE), (IOCTL_SINCE, IOCTL_DEV)):
        rights |= right if abi >= since else 0
    return rights


class Ruleset:
    """What is allowed of all that the ABI can withhold; ``descriptor`` is the kernel's. Raises ``OSError``.

    ``tcp``: connections are not withheld.
    """

    def __init__(self, abi: int, *, tcp: bool) -> None:
        self._handled = handled_rights(abi)
        words = [self._handled]
        if abi >= TCP_SINCE:
            words += [0 if tcp else BIND_AND_CONNECT]
        if abi >= SCOPE_SINCE:
            words += [ABSTRACT_SOCKETS_AND_SIGNALS]
        attributes = struct.pack(f"={len(words)}Q", *words)
        self.descriptor = _call(CREATE_RULESET, attributes, len(attributes), 0)

    def allow(self, path: str, rights: int) -> None:
        """Allow ``rights`` on ``path`` and all below, on no link's target; what cannot be reached is left out."""
        try:
            place = open_exactly(path)
        except OSError:
            return
        try:
            rights &= self._handled
            if not stat.S_ISDIR(os.fstat(place).st_mode):
                rights &= _OF_FILES
            if rights:
                _call(ADD_RULE, self.descriptor, RULE_PATH_BENEATH, struct.pack("=Qi", rights, place), 0)
        finally:
            os.close(place)

    def close(self) -> None:
        """Give up the descriptor; more than once does no harm."""
        if self.descriptor >= 0:
            os.close(self.descriptor)
        self.descriptor = -1


def scope_of_abstract_sockets() -> int:
    """A ruleset, by its descriptor, that withholds nothing but connections to others' abstract sockets."""
    attributes = struct.pack("=3Q", 0, 0, ABSTRACT_SOCKETS)
    return _call(CREATE_RULESET, attributes, len(attributes), 0)


def restrict(ruleset: int) -> None:
    """Hold the calling process, and all that it starts, to the ruleset for ever; it has no privileges any more."""
    give_up_privileges()
    _call(RESTRICT_SELF, ruleset, 0)


def hold_to(ruleset: int) -> None:
    """The same for one that still needs the privileges it has, but will gain none."""
    _check(_libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
    _call(RESTRICT_SELF, ruleset, 0)


def give_up_privileges() -> None:
    """No program that this process executes gives it any privilege, and root has none of its capabilities left."""
    _check(_libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
    _check(_libc.capset(struct.pack("=Ii", CAPABILITY_VERSION, 0), bytes(24)))


def _call(number: int, *arguments: int | bytes) -> int:
    words = [ctypes.c_long(word) if isinstance(word, int) else word for word in arguments]
    return _check(_libc.syscall(ctypes.c_long(number), *words))


def _check(answer: int) -> int:
    if answer < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return answer
