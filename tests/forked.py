"""Commands of the tree as processes of their own, without the 50 ms in which each would import Typer again.

One process has imported it (``python -m tests.forked``) and forks for each command: it has its own arguments, streams,
environment, folder and exit code, as any process has. What a start itself is about is no matter for this.
"""

import array
import atexit
import contextlib
import functools
import importlib
import json
import os
import pkgutil
import selectors
import signal
import socket
import subprocess
import sys
import threading
import traceback
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
LARGEST = 200_000  # bytes of a request; what a socket takes at once
LOADED = (
    *("llmx.__main__", "llmx.core.settings", "json", "tomllib", "tomlkit", "httpx", "httpcore", "rich.console"),
    *("jinja2", "pydantic_settings", "anyio._backends._asyncio"),
    *(f"llmx.cli.{module.name}" for module in pkgutil.iter_modules([str(ROOT / "llmx/cli")])),
)
"""What commands import anyway. Nothing here starts a thread, or looks at HOME while it is imported."""

STREAMS = (("stdin", "r", "strict"), ("stdout", "w", "strict"), ("stderr", "w", "backslashreplace"))


def run(command, *, input=None, stdin=None, cwd=None, env=None, check=False, text=False, user=None, **groups):
    """``python -m llmx …``, as `subprocess.run` tells it with ``capture_output``; stdin is empty by itself."""
    assert command[:3] == [sys.executable, "-m", "llmx"], command
    given = input.encode() if isinstance(input, str) else input or b""
    assert len(given) < 65_536, "no more fits into a pipe that nobody reads yet"
    own_in = stdin_of(given) if input is not None else os.open("/dev/null", os.O_RDONLY)
    (out, own_out), (err, own_err), (status, own_status) = os.pipe(), os.pipe(), os.pipe()
    order = {
        "words": list(map(str, command[3:])),
        "cwd": str(cwd or os.getcwd()),
        "ids": [[], groups.get("group", user), user] if user is not None else [],
        "env": dict(env if env is not None else os.environ),
    }
    theirs = [stdin.fileno() if hasattr(stdin, "fileno") else own_in, own_out, own_err, own_status]
    server().sendmsg([json.dumps(order).encode()], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", theirs))])
    for fd in (own_in, own_out, own_err, own_status):
        os.close(fd)
    told = drained(out, err, status)
    assert told[status], "the server is gone"
    shown = [(told[fd].decode().replace("\r\n", "\n") if text else told[fd]) for fd in (out, err)]
    done = subprocess.CompletedProcess(command, int(told[status]), *shown)
    if check:
        done.check_returncode()
    return done


def stdin_of(given):
    """The reading end of a pipe with this in it."""
    reading, writing = os.pipe()
    os.write(writing, given)
    os.close(writing)
    return reading


def drained(*ends):
    """All that comes out of these, each until its end."""
    told = dict.fromkeys(ends, b"")
    with selectors.DefaultSelector() as selector:
        for end in ends:
            selector.register(end, selectors.EVENT_READ)
        while selector.get_map():
            for key, _ in selector.select():
                part = os.read(key.fd, 65_536)
                told[key.fd] += part
                if not part:
                    selector.unregister(key.fd)
                    os.close(key.fd)
    return told


@functools.cache
def server():
    """The socket of a server that lives as long as this process."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    kept = ("PATH", "LANG", "PYTHONPATH", "PYTHONDONTWRITEBYTECODE", "COVERAGE_LINES")  # nothing of the first test's
    environment = {name: os.environ[name] for name in kept if name in os.environ}
    process = subprocess.Popen(
        [sys.executable, "-m", __name__, str(theirs.fileno())],
        pass_fds=[theirs.fileno()], cwd=ROOT, env=environment, stdin=subprocess.DEVNULL, start_new_session=True,
    )  # fmt: skip
    theirs.close()

    def end():
        ours.close()
        process.wait()

    atexit.register(end)
    return ours


def serve(requests):
    """Fork for each request until nobody can send one any more; tell each exit code on the pipe that came with it."""
    with selectors.DefaultSelector() as selector:
        selector.register(requests, selectors.EVENT_READ)
        while selector.get_map():
            for key, _ in selector.select():
                if key.data:  # the process that it watches has ended
                    selector.unregister(key.fileobj)
                    tell_exit(key.fd, *key.data)
                    continue
                order, fds, _, _ = socket.recv_fds(requests, LARGEST, 4)
                if not order:
                    selector.unregister(requests)
                    continue
                pid = os.fork()
                if not pid:
                    others = [fd for key in selector.get_map().values() for fd in (key.fd, *(key.data or ())[1:])]
                    os._exit(command(json.loads(order), fds, others))
                for fd in fds[:3]:
                    os.close(fd)
                selector.register(os.pidfd_open(pid), selectors.EVENT_READ, (pid, fds[3]))


def tell_exit(watch, pid, status):
    """Write the exit code of a process that has ended to ``status``."""
    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    with contextlib.suppress(BrokenPipeError):
        os.write(status, str(code).encode())
    os.close(status)
    os.close(watch)


def command(order, fds, others):
    """In the fork: be ``python -m llmx WORDS``, as far as anyone can see; the exit code."""
    for fd in others:
        os.close(fd)
    for number, fd in enumerate(fds[:3]):
        os.dup2(fd, number)
    for fd in fds:
        os.close(fd)
    if order["ids"]:
        groups, group, user = order["ids"]
        os.setgroups(groups)
        os.setgid(group)
        os.setuid(user)
    os.chdir(order["cwd"])
    os.environ.clear()
    os.environ.update(order["env"])
    sys.argv = [str(ROOT / "llmx/__main__.py"), *order["words"]]
    sys.path[0] = order["cwd"]
    for number, (name, mode, errors) in enumerate(STREAMS):
        stream = open(number, mode, closefd=False, errors=errors)  # noqa: SIM115  # for as long as the process lives
        vars(sys).update({name: stream, f"__{name}__": stream})
    code = ended(importlib.import_module("llmx.__main__").one_file)
    vars(threading)["_shutdown"]()
    vars(atexit)["_run_exitfuncs"]()
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError):
            stream.flush()
    return code


def ended(function):
    """The exit code of a program whose last line is ``sys.exit(function())``."""
    try:
        code = function()
    except SystemExit as error:
        code = error.code
    except KeyboardInterrupt:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        os.kill(os.getpid(), signal.SIGINT)
    except BaseException:
        traceback.print_exc()
        return 1
    if code is None or isinstance(code, int):
        return (code or 0) & 0xFF
    print(code, file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.modules["tests.forked"] = sys.modules["__main__"]
    for module in LOADED:
        importlib.import_module(module)
    importlib.import_module("gc").freeze()
    serve(socket.socket(fileno=int(sys.argv[1])))
