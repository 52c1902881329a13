"""The other side of ``bounded.py``: close every door, read the question, call the function, answer."""

import json
import mimetypes
import os
import socket
import sys
import sysconfig
from contextlib import suppress

from llmx.core.plugins import load
from llmx.core.sandbox import seccomp
from llmx.core.sandbox.probe import landlock_abi
from llmx.core.sandbox.ruleset import NEWEST, READ_DIR, READ_FILE, Ruleset, restrict

SYSTEM = (
    "/usr",
    "/lib",
    "/lib64",
    "/etc/ld.so.cache",
    "/etc/localtime",
    "/etc/fonts",
    "/nix/store",
    *mimetypes.knownfiles,
)
"""Where libraries and their data are; nothing of it is the user's own."""


def main() -> None:
    """Answer the one question that stands on the socket at descriptor 1; the input is at descriptor 0."""
    asked = socket.socket(fileno=os.dup(1))
    os.dup2(2, 1)  # what a library prints is no answer
    shut_in()
    heard = bytearray()
    while part := asked.recv(1 << 16):
        heard += part
    question = json.loads(heard)
    with os.fdopen(0, "rb") as data:
        try:
            answer = json.dumps(load(question["target"])(question["request"], data))
        except MemoryError:
            answer = ""
    if not answer:
        sys.exit("MemoryError: out of memory")
    asked.sendall(answer.encode())
    asked.close()
    sys.stderr.flush()
    os._exit(0)  # taking libraries apart can crash, and the answer is given


def shut_in() -> None:
    """From here on: no internet, nothing written, nothing executed, nothing read but libraries.

    Where the kernel has no Landlock or no filter this holds only in part; time and memory are bounded anyway.
    """
    if sys.platform != "linux":
        return
    with suppress(OSError, AttributeError):
        if seccomp.is_available():
            seccomp.installer(inet=False)()
    with suppress(OSError):
        ruleset = Ruleset(min(landlock_abi(), NEWEST), tcp=False)
        for path in {*SYSTEM, *sys.path, *sysconfig.get_paths().values(), sys.prefix, sys.base_prefix}:
            if path and path != "/":
                ruleset.allow(str(path), READ_FILE | READ_DIR)
        ruleset.allow("/proc/self", READ_FILE | READ_DIR)
        restrict(ruleset.descriptor)
        ruleset.close()


if __name__ == "__main__":
    main()
