"""What Landlock does not know of the network, which is why names and ports are no matter for it."""

import socket
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]
KNOWS_PORTS = """
import socket, struct, sys
from llmx.core.sandbox import ruleset
one, other = map(int, sys.argv[1:])
held = ruleset._call(ruleset.CREATE_RULESET, struct.pack("=2Q", 0, ruleset.BIND_AND_CONNECT), 16, 0)
ruleset._call(ruleset.ADD_RULE, held, 2, struct.pack("=2Q", 2, one), 0)  # this port may be connected to
ruleset.restrict(held)
for address, port in (("127.0.0.1", one), ("127.0.0.1", other), ("127.0.0.2", one)):
    try:
        socket.socket().connect((address, port))
        print("through")
    except OSError as error:
        print(error.errno)
free = socket.socket()
free.listen()
print(free.getsockname()[0])
"""


def test_who_may_connect_to_a_port_may_do_so_on_every_host_and_listen_wherever_the_kernel_likes():
    """The way to the proxy would be one to everybody's server."""
    with socket.create_server(("0.0.0.0", 0)) as server, socket.create_server(("127.0.0.1", 0)) as another:
        ports = [str(each.getsockname()[1]) for each in (server, another)]
        done = subprocess.run(
            [sys.executable, "-c", KNOWS_PORTS, *ports], capture_output=True, text=True, cwd=ROOT, check=False
        )
    assert done.stdout.split() == ["through", "13", "through", "0.0.0.0"], done
