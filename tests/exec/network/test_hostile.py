"""Clients and servers that mean harm, or break: the proxy lets nothing else through, goes on, and fails in the open."""

import os
import re
import signal
import subprocess
from pathlib import Path

import pytest

NET = ("--net", "example.com,*.example.com")
TAIL = "Host: example.com\r\n\r\n"


def get(path="/", host="example.com", more="", method="GET"):
    return f"{method} http://{host}{path} HTTP/1.1\r\nHost: {host}\r\n{more}\r\n"


BAD_HEADS = {
    "bare line feeds": "GET http://example.com/ HTTP/1.1\nHost: example.com\n\n\r\n\r\n",
    "a bare carriage return": "GET http://example.com/ HTTP/1.1\r\nX: a\rHost: example.org\r\n\r\n",
    "a null byte": "GET http://example.com/ HTTP/1.1\r\nX: \0\r\n\r\n",
    "a folded line": get(more="X: a\r\n b\r\n"),
    "a space before the colon": get(more="Content-Length : 4\r\n") + "abcd",
    "no colon": get(more="Content-Length\r\n"),
    "two lengths": get(more="Content-Length: 4\r\nContent-Length: 5\r\n", method="POST") + "abcde",
    "a length and chunks": get(more="Content-Length: 4\r\nTransfer-Encoding: chunked\r\n", method="POST") + "0\r\n\r\n",
    "a length with a sign": get(more="Content-Length: +4\r\n", method="POST") + "abcd",
    "a length in a list": get(more="Content-Length: 4, 4\r\n", method="POST") + "abcd",
    "another coding": get(more="Transfer-Encoding: gzip, chunked\r\n", method="POST"),
    "a coding in disguise": get(more="Transfer-Encoding: \x0bchunked\r\n", method="POST"),
    "HTTP/2": "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "HTTP/0.9": "GET http://example.com/\r\n\r\n",
    "another scheme": "GET ftp://example.com/ HTTP/1.1\r\n\r\n",
    "https without a tunnel": "GET https://example.com/ HTTP/1.1\r\n\r\n",
    "a path alone": "GET / HTTP/1.1\r\nHost: example.com\r\n\r\n",
    "no host": "GET http:/// HTTP/1.1\r\n\r\n",
    "a port too large": f"CONNECT example.com:65536 HTTP/1.1\r\n{TAIL}",
    "a port with a sign": f"CONNECT example.com:+80 HTTP/1.1\r\n{TAIL}",
    "no port": f"CONNECT example.com HTTP/1.1\r\n{TAIL}",
    "port nothing": f"CONNECT example.com: HTTP/1.1\r\n{TAIL}",
    "a head without end": "GET http://example.com/ HTTP/1.1\r\n" + "X: y\r\n" * 20000,
    "noise": "\x16\x03\x01\x02\x00\x01" + "\r\n\r\n",
}


def test_a_head_that_two_readers_could_read_in_two_ways_is_refused(online, internet, talk):
    answers = talk(*NET, said=list(BAD_HEADS.values()))
    got = dict(zip(BAD_HEADS, (answer.split()[1:2] for answer in answers), strict=True))
    assert {name for name, status in got.items() if status not in (["400"], ["431"])} == set(), got
    assert internet.requests() == []


def test_a_second_request_on_the_same_connection_reaches_nobody(online, internet, talk):
    """It could be for another host, and the server behind the first would get it."""
    smuggled = get("/second", "example.org")
    said = [
        get("/first") + smuggled,
        [get("/first"), smuggled],
        get("/first", more="Content-Length: 2\r\n", method="POST") + "ab" + smuggled,
        get("/first", more="Transfer-Encoding: chunked\r\n", method="POST") + "2\r\nab\r\n0\r\n\r\n" + smuggled,
        get("/first", more="Transfer-Encoding: chunked\r\n", method="POST") + "2;x=\n\r\nab\r\n0\r\n\r\n",
        get("/first", more="Connection: keep-alive, content-length\r\nContent-Length: 2\r\n", method="POST")
        + "ab"
        + smuggled,
    ]
    talk(*NET, said=said)
    assert {path for _, path in internet.requests()} <= {"/first"}


def test_a_request_is_sent_on_with_its_body_and_without_what_is_the_proxys(online, internet, talk):
    more = "Content-Length: 5\r\nProxy-Authorization: Basic c2VjcmV0\r\nConnection: X-Hop\r\nX-Hop: 1\r\nX-Kept: 2\r\n"
    more += "Upgrade: websocket\r\nTE: trailers\r\nKeep-Alive: timeout=5\r\n"
    chunked = "Transfer-Encoding: chunked\r\n"
    said = [
        get("/echo", more=more, method="POST").replace("Host: example.com", "Host: example.org") + "hello",
        get("/echo?a=b", more=chunked, method="POST") + "3\r\nabc\r\n2;ext\r\nde\r\n0\r\nTrailer: x\r\n\r\n",
        "GET http://example.com?query HTTP/1.1\r\n\r\n",
    ]
    answers = talk(*NET, said=said)
    assert [answer.partition("\r\n\r\n")[2] for answer in answers[:2]] == ["hello", "abcde"]
    first, second, third = (each for each in internet.seen if "path" in each)
    assert first["headers"].keys() == {"host", "content-length", "connection", "x-kept"}
    assert (first["host"], first["headers"]["connection"]) == ("example.com", "close")
    assert second["path"] == "/echo?a=b"
    assert third["path"] == "/?query"


def test_a_tunnel_to_one_name_cannot_be_used_to_ask_for_another(online, internet):
    """Both names lead to the same server, which would answer."""
    front = ["curl", "-sS", "-m", "20", "-k", "--connect-to", "other.example.net:443:example.com:443"]
    result = online.result("--net", "example.com", "--", *front, "https://other.example.net/")
    assert result["status"] == "failed"
    assert result["network"]["refused"] == [{"name": "other.example.net", "reason": "other_name"}]
    assert "tunnel to another name" in result["hints"][0]
    assert internet.requests() == []


def test_a_tls_name_spread_over_records_and_packets_is_put_together(online, internet, python):
    script = (Path(__file__).parent / "slow_hello.py").read_text()
    words = ["--env", f"SSL_CERT_FILE={internet.folder}/ca.pem", "--read", str(internet.folder)]
    result = online.result(
        "--net", "example.com", *words, "--", python, "-c", script, "example.com", "other.example.net"
    )
    assert result["stdout"] == "example.com: HTTP/1.1 200 OK\nother.example.net: refused\n", result
    assert [each["name"] for each in result["network"]["refused"]] == ["other.example.net"]


def test_what_is_no_tls_goes_through_a_tunnel(online, internet, talk):
    (answer,) = talk("--net", "example.com", said=[f"CONNECT example.com:80 HTTP/1.1\r\n\r\nGET / HTTP/1.0\r\n{TAIL}"])
    assert answer.startswith("HTTP/1.1 200 Connection established\r\n\r\nHTTP/1.1 200 OK")


def test_what_begins_like_tls_and_is_none_is_refused(online, internet, talk):
    hello = "\x16\x03\x01\x00\x05\x02aaaa"
    talk("--net", "example.com", said=[f"CONNECT example.com:80 HTTP/1.1\r\n\r\n{hello}"])
    end = online.place.audit()[-1]
    assert end["network"]["refused"] == [{"name": "(tls)", "reason": "unreadable"}]


@pytest.mark.parametrize(
    ("path", "code", "size"),
    [("cut", 18, 1000), ("garbage", 1, 0), ("slow", 0, 10), ("bytes/30000000", 0, 30000000)],
)
def test_servers_that_are_cut_off_slow_large_or_mad(online, internet, path, code, size):
    command = ["curl", "-sS", "-m", "30", "-o", "got", f"http://example.com/{path}"]
    result = online.result("--net", "example.com", "--", *command)
    assert result["exit_code"] == code, result
    assert (online.work / "got").stat().st_size == size if size else True
    assert result["network"]["problem"] is None


def test_hosts_that_are_closed_silent_or_unknown_are_told(online, internet, talk):
    hosts = ("closed.example.com", "missing.example.com", "nowhere.example.invalid")
    answers = talk("--net", ",".join(hosts), said=[get(host=host) for host in hosts])
    assert [answer.split()[1] for answer in answers] == ["502"] * 3
    assert "refused" in answers[0]
    assert "missing.example.com" in answers[1]
    refused = {each["name"]: each["reason"] for each in online.place.audit()[-1]["network"]["refused"]}
    assert refused == dict(zip(hosts, ("host_closed", "unresolved", "unresolved"), strict=True))


@pytest.mark.parametrize(
    ("host", "told"), [("closed.example.com", "cannot be connected to"), ("missing.example.com", "has no address")]
)
def test_a_listed_host_that_is_not_there_is_a_hint(online, internet, host, told):
    result = online.result("--net", host, "--", "curl", "-sSf", f"https://{host}/")
    assert result["status"] == "failed"
    assert result["hints"][0].startswith(f"{host} {told}")


def test_an_upload_arrives_whole(online, internet, python):
    script = (
        "import urllib.request as u\n"
        "data = bytes(range(256)) * 40000\n"
        "assert u.urlopen('http://example.com/echo', data).read() == data\n"
        "assert u.urlopen('https://example.com/echo', data).read() == data\n"
    )
    result = online.result("--net", "example.com", "--", python, "-c", script, patience=90)
    assert result["status"] == "ok", result
    (host,) = result["network"]["hosts"]
    assert host["sent_bytes"] > 2 * 10240000 < host["received_bytes"]


def test_two_hundred_connections_at_once_and_clients_that_say_nothing(online, internet, python):
    script = (Path(__file__).parent / "crowd.py").read_text()
    result = online.result("--net", "example.com", "--", python, "-c", script, "200", "100", patience=120)
    assert result["stdout"] == "200\n", result
    (host,) = result["network"]["hosts"]
    assert host["connections"] == 200


def proxies_of(online):
    """The proxies of the place's runs: llm-exec's children that lead a session and are no sandbox."""
    found = []
    for pid in online.place.survivors():
        status = Path(f"/proc/{pid}/comm").read_text().strip()
        command = Path(f"/proc/{pid}/cmdline").read_bytes()
        if os.getsid(pid) == pid and b"llmx" in command and b"\0exec\0" in command and status != "bwrap":
            parent = int(re.search(r"PPid:\s*(\d+)", Path(f"/proc/{pid}/status").read_text()).group(1))  # type: ignore[union-attr]
            if b"\0exec\0" in Path(f"/proc/{parent}/cmdline").read_bytes():
                found.append(pid)
    return found


def test_a_proxy_that_is_killed_in_the_middle_is_a_clear_failure(online, internet, until):
    get_on = "curl -sS http://example.com/ && echo first && read line; curl -sS -m 20 http://example.com/"
    process = online.start("--json", "--net", "example.com", "--command", get_on, stdin=subprocess.PIPE)
    until(internet.requests, "the first request")
    (proxy,) = until(lambda: proxies_of(online), "the proxy")
    until(lambda: "example.com" in str(internet.requests()))
    os.kill(proxy, signal.SIGKILL)
    until(lambda: proxy not in online.place.survivors(), "its end")
    result = online.place.finish(process, b"go\n", patience=60).result
    assert result["status"] == "failed"
    assert result["stdout"] == "welcome\nfirst\n"
    assert "Failed to connect" in result["stderr"]
    assert result["network"]["problem"] == "the network proxy was ended while the command ran"
    assert "proxy was ended" in result["hints"][0]


@pytest.mark.parametrize("options", [["--net", "example.com"], ["--publish", "8000:48123", "--connect", "5432"]])
def test_nothing_is_left_of_a_run_that_is_killed(online, internet, until, options):
    process = online.start(*options, "--command", "echo up; sleep 60")
    assert process.stdout.readline() == b"up\n"
    assert len(proxies_of(online)) == 1
    process.kill()
    until(lambda: not online.place.survivors(), "the end of all of it")


def test_a_run_that_is_over_leaves_no_proxy(online, internet):
    online.result("--net", "example.com", "--publish", "8000:48124", "--", "true")
    assert not online.place.survivors()


def test_the_command_cannot_see_or_end_the_proxy(online, internet):
    look = "ls /proc | grep -c '^[0-9]'; kill -9 -1; curl -sS http://example.com/"
    result = online.result("--net", "example.com", "--command", f"sh -c 'kill -9 -1' ; {look}")
    again = online.result("--net", "example.com", "--command", "ls -d /proc/[0-9]*; cat /proc/net/unix")
    assert len(again["stdout"].split("/proc/")) < 8, again
    assert "Num" in again["stdout"]
    assert result["network"]["problem"] is None


def test_the_sandbox_gets_no_descriptor_of_the_proxys(online, internet, python):
    script = (
        "import os\n"
        "for name in os.listdir('/proc/self/fd'):\n"
        "    try: print(name, os.readlink(f'/proc/self/fd/{name}'))\n"
        "    except OSError: pass\n"
    )
    result = online.result("--net", "example.com", "--connect", "5432", "--stdin", "none", "--", python, "-c", script)
    assert [line.split()[0] for line in result["stdout"].splitlines()] == ["0", "1", "2"]


def test_the_proxy_holds_nothing_of_the_callers(online, internet, until):
    reader, writer = os.pipe()
    process = online.start(
        "--net", "example.com", "--command", "echo up; read line", stdin=subprocess.PIPE, pass_fds=[writer]
    )
    os.close(writer)
    assert process.stdout.readline() == b"up\n"
    (proxy,) = proxies_of(online)
    held = {os.readlink(f"/proc/{proxy}/fd/{name}") for name in os.listdir(f"/proc/{proxy}/fd")}
    assert {each for each in held if not each.startswith(("socket:", "anon_inode:[eventpoll]"))} == {os.devnull}
    process.communicate(b"\n", timeout=30)
    os.close(reader)
