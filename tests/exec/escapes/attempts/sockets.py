"""Unix sockets of others: agents, buses, container daemons, terminal multiplexers."""

import os
import socket
import subprocess

from tests.exec.escapes.attempts import Group

STREAM, DATAGRAM = socket.SOCK_STREAM, socket.SOCK_DGRAM


def prepare(scene):
    """Sockets in HOME, in the temporary folders, in /run, elsewhere, in the work tree; abstract ones; a tmux server."""
    unix = socket.AF_UNIX
    scene.at["paths"] = {
        "home": str(scene.home / "agent.sock"),
        "elsewhere": str(scene.elsewhere / "docker.sock"),
        "elsewhere_datagram": str(scene.elsewhere / "log.sock"),
        "linked": str(scene.elsewhere / "linked.sock"),
        "tmp": f"/tmp/{scene.token}.sock",
        "var_tmp": f"/var/tmp/{scene.token}.sock",
        "run": f"{scene.run_folder}/bus.sock",
        "work": str(scene.work / "own.sock"),
    }
    for name, path in scene.at["paths"].items():
        scene.listen(name, unix, DATAGRAM if name.endswith("datagram") else STREAM, path)
    scene.listen("abstract", unix, STREAM, f"\0llmx-{scene.token}")
    scene.listen("abstract_datagram", unix, DATAGRAM, f"\0llmx-{scene.token}-d")
    scene.start_tmux()


def send(at, kind, path):
    with socket.socket(socket.AF_UNIX, kind) as one:
        one.settimeout(3)
        one.connect(path)
        one.sendall(at.token.encode())


def heard(name):
    return lambda seen: seen.heard(name)


GROUP = Group(prepare)
for _name in ("home", "elsewhere", "elsewhere_datagram", "tmp", "var_tmp", "run", "work"):
    _kind = DATAGRAM if _name.endswith("datagram") else STREAM
    GROUP.add(f"socket_in_{_name}", lambda at, kind, name: send(at, kind, at.paths[name]), _kind, _name,
              effect=heard(_name))  # fmt: skip
GROUP.add("abstract_socket", lambda at: send(at, STREAM, f"\0llmx-{at.token}"), effect=heard("abstract"))
GROUP.add("abstract_datagram", lambda at: send(at, DATAGRAM, f"\0llmx-{at.token}-d"), effect=heard("abstract_datagram"))


@GROUP.attempt(heard("linked"))
def socket_by_a_link(at):
    """A link in the work tree leads to the socket."""
    os.symlink(at.paths["linked"], f"{at.work}/link.sock")
    send(at, STREAM, f"{at.work}/link.sock")


@GROUP.attempt(lambda seen: seen.path("home/from-tmux").exists())
def tmux_server(at):
    """Ask the user's own terminal multiplexer to run it."""
    asked = ["tmux", "-S", f"{at.home}/tmux.sock", "run-shell", f"touch {at.home}/from-tmux"]
    subprocess.run(asked, check=True, capture_output=True)


@GROUP.attempt(lambda seen: str(seen.path("home/agent.sock")) in seen.text)
def sockets_in_proc(at):
    with open("/proc/net/unix") as file:
        return file.read()
