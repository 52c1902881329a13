"""``--connect`` and ``--publish``: a port of the machine inside, and one of the command's outside."""

import contextlib
import resource
import shlex
import socket
import subprocess
import threading
import time
from pathlib import Path

import pytest

SERVER = (
    "import http.server, socketserver, sys\n"
    "class Page(http.server.BaseHTTPRequestHandler):\n"
    "    def do_GET(self):\n"
    "        self.send_response(200); self.end_headers(); self.wfile.write(b'inside\\n')\n"
    "    def log_message(self, *words): pass\n"
    "class Server(socketserver.TCPServer):\n"
    "    address_family = 10 if ':' in sys.argv[1] else 2\n"
    "with Server((sys.argv[1], int(sys.argv[2])), Page) as server:\n"
    "    print('up', flush=True)\n"
    "    server.serve_forever()\n"
)


@contextlib.contextmanager
def listening(address="127.0.0.1"):
    """Someone on the machine who answers everybody with `hello`; the port, and what has arrived."""
    heard: list[bytes] = []
    server = socket.create_server((address, 0), family=socket.AF_INET6 if ":" in address else socket.AF_INET)

    def answer():
        with contextlib.suppress(OSError):
            while True:
                client, _ = server.accept()
                with client:
                    heard.append(client.recv(1000))
                    client.sendall(b"hello")

    threading.Thread(target=answer, daemon=True).start()
    yield server.getsockname()[1], heard
    server.shutdown(socket.SHUT_RDWR)
    server.close()


def ask(host="127.0.0.1"):
    return (
        f"import socket, sys; one = socket.create_connection(({host!r}, int(sys.argv[1])), 10); "
        "one.sendall(b'question'); print(one.recv(100).decode())"
    )


@pytest.fixture
def tool(ordinary_place):
    """llm-exec with the sandbox on, as an ordinary user on this very machine."""
    ordinary_place.tool = tuple(word for word in ordinary_place.tool if word != "--no-sandbox")
    work = ordinary_place.folder / "work"
    work.mkdir()
    work.chmod(0o777)
    return lambda *words, **options: ordinary_place.run("--json", *words, cwd=work, **options).result


@pytest.fixture
def start(ordinary_place, tool):
    return lambda *words, **options: ordinary_place.start(*words, cwd=ordinary_place.folder / "work", **options)


@pytest.mark.parametrize("outside", ["127.0.0.1", "::1"])
@pytest.mark.parametrize("inside", ["127.0.0.1", "::1", "localhost"])
def test_a_port_of_the_machine_is_reached_and_counted(tool, python, outside, inside):
    with listening(outside) as (port, heard):
        result = tool("--connect", str(port), "--", python, "-c", ask(inside), str(port))
    assert (result["stdout"], heard) == ("hello\n", [b"question"])
    assert result["sandbox"]["network"] == "none"
    assert result["sandbox"]["loosened"] == ["--connect"]
    assert result["network"]["ports"] == [
        {"kind": "connect", "port": str(port), "connections": 1, "sent_bytes": 8, "received_bytes": 5}
    ]


def test_no_other_port_is_there(tool, python):
    with listening() as (port, _), listening() as (other, heard):
        result = tool("--connect", str(port), "--", python, "-c", ask(), str(other))
    assert result["status"] == "failed"
    assert heard == []


def test_a_port_where_nobody_listens_is_closed_inside_too(tool, python):
    with listening() as (port, _):
        pass
    result = tool("--connect", str(port), "--", python, "-c", ask(), str(port))
    assert (result["status"], result["stdout"], result["network"]["ports"]) == ("failed", "", [])
    assert "reset" in result["stderr"]  # nothing that a client could take for an empty answer
    assert result["network"]["refused"] == [{"name": str(port), "reason": "connect_closed"}]
    assert result["hints"][0].startswith(f"nobody listens on port {port} of this machine")


def test_a_port_that_was_closed_until_somebody_listened_is_not_told_as_refused(tool, ordinary_place, python, free_port):
    """The command asks once in vain, and a server of the machine's starts when that has failed."""
    port = free_port()
    flag = ordinary_place.folder / "work/asked"
    flag.touch()
    flag.chmod(0o666)

    def listen():
        while not flag.read_text():
            time.sleep(0.01)
        with socket.create_server(("127.0.0.1", port)) as server:
            client, _ = server.accept()
            with client:
                client.recv(100)
                client.sendall(b"hello")

    thread = threading.Thread(target=listen, daemon=True)
    thread.start()
    once = f"{python} -c {shlex.quote(ask())} {port}"
    again = f"{once} 2>/dev/null; echo yes > asked; until {once} 2>/dev/null; do sleep 0.05; done"
    result = tool("--connect", str(port), "--command", again)
    thread.join(10)
    assert result["stdout"] == "hello\n"
    assert result["network"]["refused"] == []


def test_the_commands_own_network_waits_for_no_one_and_the_machines_is_left_as_it_is(tool):
    """What it is about is in tests/benchmarks: 200 connections at once went at a third of the speed."""
    names = [f"/proc/sys/net/ipv4/{name}" for name in ("tcp_congestion_control", "tcp_rmem")]
    outside = [Path(name).read_text().split() for name in names]
    result = tool("--connect", "5432", "--", "cat", *names)
    control, window = result["stdout"].splitlines()
    assert control == "reno"
    assert int(window.split()[1]) >= 1 << 19
    assert [Path(name).read_text().split() for name in names] == outside


def test_at_level_restricted_the_port_is_all_there_is(tool, python):
    with listening() as (port, heard):
        result = tool("--level", "restricted", "--connect", str(port), "--", python, "-c", ask(), str(port))
    assert (result["stdout"], heard) == ("hello\n", [b"question"])


@pytest.mark.parametrize("bound", ["127.0.0.1", "0.0.0.0", "::1"])
@pytest.mark.parametrize("spelled", ["{port}", "8000:{port}"])
def test_a_port_of_the_commands_is_reached_on_the_machine(start, python, free_port, bound, spelled):
    port = free_port()
    inside = port if spelled == "{port}" else 8000
    process = start("--publish", spelled.format(port=port), "--", python, "-c", SERVER, bound, str(inside))
    assert process.stdout.readline() == b"up\n"
    done = subprocess.run(["curl", "-sS", f"http://127.0.0.1:{port}/"], capture_output=True, text=True, check=False)
    assert done.stdout == "inside\n", done
    process.terminate()
    process.communicate(timeout=20)
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), 5)


def test_what_is_published_is_so_on_the_loopback_only(start, python, free_port):
    port = free_port()
    process = start("--publish", f"8000:{port}", "--", python, "-c", SERVER, "0.0.0.0", "8000")
    assert process.stdout.readline() == b"up\n"
    listeners = [line.split()[1] for line in Path("/proc/net/tcp").read_text().splitlines() if " 0A " in line]
    assert f"0100007F:{port:04X}" in listeners
    assert f"00000000:{port:04X}" not in listeners
    process.terminate()
    process.communicate(timeout=20)


def test_before_anybody_listens_inside_the_connection_is_closed(start, ordinary_place, free_port):
    port = free_port()
    process = start("--publish", f"8000:{port}", "--command", "echo up; read line; exit 3", stdin=subprocess.PIPE)
    assert process.stdout.readline() == b"up\n"
    with socket.create_connection(("127.0.0.1", port), 10) as one, pytest.raises(ConnectionResetError):
        one.recv(10)
    _, said = process.communicate(b"\n", timeout=20)
    assert f"hint: --publish 8000:{port}: the command does not listen there" in said.decode()
    end = ordinary_place.audit()[-1]
    assert end["network"]["refused"] == [{"name": f"8000:{port}", "reason": "publish_closed"}]


def test_a_port_that_is_taken_is_told_before_anything_runs(tool):
    with listening() as (port, _):
        result = tool("--publish", f"8000:{port}", "--", "touch", "ran")
    assert (result["exit_code"], result["setup_error"]["code"]) == (125, "sandbox")
    assert result["hints"][0] == f"--publish 8000:{port + 1} takes another one"


def test_two_runs_cannot_publish_the_same_port(start, tool, free_port):
    port = free_port()
    first = start("--publish", str(port), "--command", "echo up; exec sleep 60")
    assert first.stdout.readline() == b"up\n"
    second = tool("--publish", f"8000:{port}", "--", "touch", "ran")
    assert (second["exit_code"], second["setup_error"]["code"]) == (125, "sandbox")
    assert "it is taken" in second["setup_error"]["message"]
    first.terminate()
    first.communicate(timeout=20)
    assert tool("--publish", f"8000:{port}", "--", "true")["status"] == "ok"


def test_a_port_that_only_root_may_listen_on_is_told_with_another(tool):
    first = int(Path("/proc/sys/net/ipv4/ip_unprivileged_port_start").read_text())
    if not first:
        pytest.skip("NOT TESTED: this machine lets everybody listen on every port")
    result = tool("--publish", f"8000:{first - 1}", "--", "touch", "ran")
    assert (result["exit_code"], result["setup_error"]["code"]) == (125, "sandbox")
    assert "Permission denied" in result["setup_error"]["message"]
    assert result["hints"][0] == f"--publish 8000:{first - 1 + (8000 if first <= 1024 else 1)} takes another one"


def test_the_proxys_port_is_as_good_as_any_where_there_is_no_proxy(start, free_port, python):
    port = free_port()
    process = start("--publish", f"3128:{port}", "--", python, "-c", SERVER, "127.0.0.1", "3128")
    assert process.stdout.readline() == b"up\n"
    with socket.create_connection(("127.0.0.1", port), 10) as one:
        one.sendall(b"GET / HTTP/1.0\r\n\r\n")
        assert b"200" in one.recv(100)
    process.terminate()
    process.communicate(timeout=20)


def test_no_room_for_another_process_is_told_as_what_it_is(tool):
    assert tool("--connect", "5432", "--", "true")["status"] == "ok"  # what this machine can do is known now
    result = tool(
        "--connect", "5432", "--", "touch", "ran", before=lambda: resource.setrlimit(resource.RLIMIT_NPROC, (1, 1))
    )
    assert (result["exit_code"], result["setup_error"]["code"]) == (125, "sandbox")
    assert "Resource temporarily unavailable" in result["setup_error"]["message"]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--connect", "database"], "is no port"),
        (["--connect", "0"], "is no port"),
        (["--connect", "65536"], "is no port"),
        (["--connect", "-1"], "is no port"),
        (["--publish", "3000:"], "is no port"),
        (["--publish", ":3000"], "is no port"),
        (["--publish", "3000:80:80"], "is no port"),
        (["--publish", "３000"], "is no port"),
        (["--net", "example.com", "--publish", "3128"], "is the proxy's"),
        (["--net", "example.com", "--publish", "3128:8080"], "is the proxy's"),
        (["--net", "example.com", "--connect", "3128"], "is the proxy's"),
        (["--connect", "5432", "--publish", "5432:8080"], "from this machine to itself"),
        (["--net", "host", "--connect", "5432"], "for a network of the command's own"),
        (["--no-sandbox", "--connect", "5432"], "need the sandbox"),
        (["--level", "privileged", "--publish", "80"], "need the sandbox"),
        (["--no-sandbox", "--net", "example.com"], "need the sandbox"),
        (["--net", "example.com,host"], "stands alone"),
        (["--net", "127.0.0.1"], "only names"),
        (["--net", "[::1]:80"], "only names"),
        (["--net", "localhost"], "--connect PORT"),
        (["--net", "*"], "--net host"),
        (["--net", "*.com"], "whole top level domain"),
        (["--net", "https://example.com/a"], "the name alone, such as example.com"),
        (["--net", "@pyton"], "did you mean @python?"),
        (["--net", "faß.example"], "in more than one way"),
        (["--net", ","], "names nothing"),
        (["--net", "nobody"], "no full name"),
    ],
    ids=" ".join,
)
def test_what_means_nothing_is_refused_before_anything_runs(tool, words, told):
    result = tool(*words, "--", "touch", "ran")
    assert (result["exit_code"], result["status"]) == (125, "error")
    assert told in result["setup_error"]["message"] + " ".join(result["hints"])
