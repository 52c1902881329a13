"""What the network by name and by port costs: at the start in CPU time, and while bytes go through in wall time.

As an ordinary user. Transfers are compared with the same ones by the same client without llm-exec, over the loopback
for ``--connect`` and over the tests' own internet for ``--net``, in interleaved rounds.
"""

import ctypes
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import traceback
from pathlib import Path

from tests.benchmarks.sandbox import PR_SET_CHILD_SUBREAPER, become, measure, ordinary_home
from tests.benchmarks.startup import install
from tests.exec.network.internet import WEB
from tests.exec.network.world import Internet

ROUNDS, TRANSFERS = 41, 7
SIZE = 400_000_000
CROWD = 200
BASE, PLAIN = "`python -c pass`", "`llm-exec --json -- true`"
# what is run -> at most, in multiples of BASE
BOUNDS = {"`llm-exec --json --net example.com -- true`": 4.0, "`llm-exec --json --connect 5432 -- true`": 4.0}
LEAST = 0.5
"""Of the throughput of the same transfer without llm-exec."""

CLIENT = """
import socket, sys, time
host, port, tunnel, size, many = sys.argv[1], int(sys.argv[2]), sys.argv[3], int(sys.argv[4]), int(sys.argv[5])
buffer = memoryview(bytearray(1 << 20))
begun = time.perf_counter()
crowd = []
for _ in range(many):
    one = socket.create_connection(("127.0.0.1", 3128) if tunnel else (host, port), 60)
    if tunnel:
        one.sendall(f"CONNECT {tunnel}:{port} HTTP/1.1\\r\\n\\r\\n".encode())
    crowd.append(one)
for one in crowd:
    answer = b""
    while tunnel and not answer.endswith(b"\\r\\n\\r\\n"):
        answer += one.recv(1)
    one.sendall(b"GET /bytes/%d HTTP/1.0\\r\\n\\r\\n" % size)
got = 0
for one in crowd:
    while more := one.recv_into(buffer):
        got += more
assert got >= size * many, got
print(time.perf_counter() - begun)
"""


def serve(size_of_piece=1 << 20):
    """A server of bytes on the loopback; its port."""
    piece = bytes(size_of_piece)
    server = socket.create_server(("127.0.0.1", 0), backlog=512)

    def give(client):
        with client:
            left = int(client.recv(1000).split()[1].rpartition(b"/")[2])
            while left:
                client.sendall(piece[: min(left, size_of_piece)])
                left -= min(left, size_of_piece)

    def accept():
        while True:
            client, _ = server.accept()
            threading.Thread(target=give, args=(client,), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    return server.getsockname()[1]


def seconds(words, *arguments):
    """How long the client took, by its own clock."""
    done = subprocess.run(
        [*words, "/usr/bin/python3", "-c", CLIENT, *map(str, arguments)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done
    return float(done.stdout)


def ratio(direct, through, size, many):
    """The median of (time without, time with) over interleaved rounds; both are (words before, host, port, tunnel)."""
    rounds = [
        (seconds(direct[0], *direct[1:], size, many), seconds(through[0], *through[1:], size, many))
        for _ in range(TRANSFERS)
    ]
    without, with_ = (sorted(column)[TRANSFERS // 2] for column in zip(*rounds, strict=True))
    return without, with_


def start_up(commands, environment, rounds):
    """The table of what starting costs; whether the bounds hold."""
    ours = [str(commands / "llm-exec"), "--json"]
    ways = {
        BASE: [str(commands / "python"), "-c", "pass"],
        PLAIN: [*ours, "--", "true"],
        **{what: [str(commands / "llm-exec"), *what.strip("`").split()[1:]] for what in BOUNDS},
    }
    costs = dict(zip(ways, measure(list(ways.values()), environment, rounds), strict=True))
    print("| what | CPU ms | times `python -c pass` | at most |\n|---|---|---|---|")
    for what, cost in costs.items():
        print(f"| {what} | {cost * 1000:.1f} | {cost / costs[BASE]:.2f} | {BOUNDS.get(what, '')} |")
    return all(costs[what] / costs[BASE] <= bound for what, bound in BOUNDS.items())


def transfers(commands, internet):
    """The table of what bytes cost; whether the bounds hold."""
    exec_ = [str(commands / "llm-exec"), "--timeout", "0"]
    port = serve()
    there = [*internet.enter, "env", "-C", os.getcwd()]
    ways = {
        "one connection, `--connect`": (
            ([], "127.0.0.1", port, ""),
            ([*exec_, "--connect", str(port), "--"], "127.0.0.1", port, ""),
        ),
        "one connection, `--net`": (
            (there, WEB, 80, ""),
            ([*there, *exec_, "--net", "example.com", "--"], WEB, 80, "example.com"),
        ),
    }
    kept = True
    print("\n| transfer | MB/s without | MB/s with | ratio | at least |\n|---|---|---|---|---|")
    for what, (direct, through) in ways.items():
        for many, size in ((1, SIZE), (CROWD, SIZE // CROWD)):
            without, with_ = ratio(direct, through, size, many)
            name = what if many == 1 else what.replace("one connection", f"{many} connections at once")
            rates = [size * many / 1e6 / each for each in (without, with_)]
            print(f"| {name} | {rates[0]:.0f} | {rates[1]:.0f} | {rates[1] / rates[0]:.2f} | {LEAST} |")
            kept = kept and rates[1] / rates[0] >= LEAST
    return kept


def race(commands, home, internet, rounds):
    """Measure everything; whether every bound holds."""
    work = home / "work"
    work.mkdir()
    os.chdir(work)
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    environment = {"PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": str(home), "LANG": "C.UTF-8"}
    os.environ.clear()
    os.environ.update(environment)
    return all([start_up(commands, environment, rounds), transfers(commands, internet)])


def main():
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else ROUNDS
    home, user = ordinary_home()
    with tempfile.TemporaryDirectory() as name, tempfile.TemporaryDirectory(dir="/var/tmp") as other:
        for folder in (name, other):
            os.chmod(folder, 0o755)
        commands = install(Path(name))
        internet = Internet(Path(other), user.pw_uid if user else os.getuid())
        pid = os.fork()
        if pid == 0:
            kept = False
            try:
                become(user)
                kept = race(commands, home, internet, rounds)
            except BaseException:
                traceback.print_exc()
            sys.stdout.flush()
            os._exit(0 if kept else 1)
        _, status = os.waitpid(pid, 0)
        internet.close()
        shutil.rmtree(home)
    sys.exit(os.waitstatus_to_exitcode(status))


if __name__ == "__main__":
    main()
