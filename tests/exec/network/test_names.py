"""``--net NAME``: hosts that are named are reached, through whatever their names resolve to, and nothing else is."""

import pytest

from tests.exec.network.internet import FORBIDDEN, OTHER, OWN, REBINDING, WEB

LOOPBACKS = ("loopback", "mapped", "zero", "loopback6", "translated", "six-to-four")
OWN_ADDRESSES = {**dict.fromkeys(LOOPBACKS, "loopback"), "own": "this_machine"}
METADATA = dict.fromkeys(("metadata6", "metadata-mapped"), "metadata")
REASONS = {"metadata": "metadata", "azure": "metadata", "unique": "private", **OWN_ADDRESSES, **METADATA}
PROXY = "http://127.0.0.1:3128"


def test_a_host_that_is_named_is_reached_and_told(online, internet):
    result = online.result("--net", "example.com", "--", "curl", "-sS", "https://example.com/")
    assert (result["status"], result["stdout"]) == ("ok", "welcome\n")
    assert (result["sandbox"]["level"], result["sandbox"]["network"]) == ("full", "names")
    assert result["sandbox"]["loosened"] == ["--net"]
    (host,) = result["network"]["hosts"]
    assert (host["name"], host["connections"]) == ("example.com", 1)
    assert host["received_bytes"] > len("welcome\n")
    assert host["sent_bytes"] > len("GET / HTTP/1.1")
    assert result["network"]["refused"] == []


def test_version_4_and_6_and_a_dead_first_address(online, internet):
    urls = [f"http://{host}/" for host in ("EXAMPLE.com", "example.com.", "six.example.com", "both.example.com")]
    result = online.result("--net", "example.com,*.example.com", "--", "curl", "-sS", "-m", "20", *urls)
    assert result["stdout"] == "welcome\n" * len(urls), result


@pytest.mark.parametrize(
    ("net", "url", "refused"),
    [
        ("example.com", "https://example.org/", "example.org"),
        ("example.com", "https://www.example.com/", "www.example.com"),
        ("*.example.com", "https://example.com/", "example.com"),
        ("*.example.com", "https://badexample.com/", "badexample.com"),
        ("example.com", "https://example.com:8443/", "example.com:8443"),
        ("example.com:8443", "https://example.com/", "example.com:443"),
        ("example.com:443", "http://example.com/", "example.com:80"),
        ("example.com", "http://example.com.example.org/", "example.com.example.org"),
    ],
)
def test_what_is_not_named_is_refused_once_with_the_line_that_allows_it(online, internet, net, url, refused):
    command = ["curl", "-sSf", url, url]
    ran = online.run("--json", "--net", net, "--", *command)
    result = ran.result
    assert result["status"] == "failed"
    (entry,) = result["network"]["refused"]
    line = f"llm-exec --json --net '{net},{refused}' -- {' '.join(command)}"
    line = line if "*" in net else line.replace("'", "")
    assert entry == {"name": refused, "reason": "not_listed", "allow": line}
    assert result["hints"][0] == line
    assert internet.seen == []  # not even its name was asked for


def test_the_line_that_a_refusal_gives_works(online, internet):
    result = online.result("--net", "example.com", "--", "curl", "-sSf", "https://example.com:8443/")
    words = result["hints"][0].split()
    assert online.result(*words[2 : words.index("--")], *words[words.index("--") :])["stdout"] == "welcome\n"


def test_control_what_is_to_be_refused_answers_without_the_sandbox(online, internet):
    for address in (*FORBIDDEN.values(), OWN, "127.0.0.1"):
        literal = f"[{address}]" if ":" in address else address
        assert online.outside("curl", "-sS", "-m", "5", f"http://{literal}/").out == b"caught\n"
    assert len(internet.caught()) == len(FORBIDDEN) + 2


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_name_that_leads_to_an_address_of_no_public_host_is_refused(online, internet, scheme):
    hosts = {f"{name}.example.com": REASONS.get(name, "private") for name in (*FORBIDDEN, *OWN_ADDRESSES, *METADATA)}
    urls = [f"{scheme}://{host}/" for host in hosts]
    result = online.result("--net", "*.example.com", "--", "curl", "-sSf", "-m", "30", *urls)
    assert {each["name"]: each["reason"] for each in result["network"]["refused"]} == hosts
    assert all("allow" not in each for each in result["network"]["refused"])
    assert result["network"]["hosts"] == []
    assert "whatever --net says" in result["hints"][0]
    assert internet.caught() == []


def test_of_a_name_with_two_addresses_only_the_public_one_is_used(online, internet):
    result = online.result("--net", "*.example.com", "--", "curl", "-sS", "-m", "9", "http://mixed.example.com/")
    assert result["stdout"] == "welcome\n"
    assert internet.caught() == []


@pytest.mark.parametrize("name", REBINDING)
def test_a_name_that_is_rebound_is_connected_to_where_it_was_checked(online, internet, name):
    """The name server's second answer is an address that nobody outside should reach, and somebody listens there."""
    ask = f"for i in 1 2 3; do curl -sS -m 9 http://{name}/; done"
    result = online.result("--net", name, "--command", ask)
    assert result["stdout"].startswith("welcome\n")
    assert internet.caught() == []
    again = online.result("--net", name, "--", "curl", "-sSf", "-m", "9", f"http://{name}/")
    assert [each["reason"] for each in again["network"]["refused"]] == [
        "metadata" if "a9fe" in REBINDING[name] or "169" in REBINDING[name] else "loopback"
    ]
    assert internet.caught() == []


NO_NAMES = (
    *("127.0.0.1", "2130706433", "0x7f000001", "017700000001", "127.1", "0177.0.0.1", "0x7f.1", "127.0.0.1."),
    *("169.254.169.254", "2852039166", "0xa9fea9fe", "[::1]", "[::ffff:127.0.0.1]", "[fd00::7]", "[::]", "0"),
    *("10.1.2.3", WEB, OTHER, "localhost", "localhost.", "example.com@127.0.0.1", "１２７.0.0.1", "127。0。0。1"),
    *("example.com%00.127.0.0.1", "127.0.0.1%2523", "example", "", "-", "*.example.com", "a..example.com"),
    *("example.com:80@127.0.0.1", "127.0.0.1:80#example.com", "example.com\\@127.0.0.1", "example.com\t", "@"),
)


GIT = {
    "git@git.example.com:one.git": "git@git.example.com:",
    "ssh://git@git.example.com/one.git": "ssh://git@git.example.com/",
    "git://git.example.com/one.git": "git://git.example.com/",
}


@pytest.mark.parametrize("remote", GIT)
@pytest.mark.parametrize("net", ["example.com", "git.example.com"])
def test_gits_own_protocols_get_the_line_that_asks_the_same_host_by_https(online, internet, remote, net):
    result = online.result("--net", net, "--", "git", "ls-remote", remote)
    names = net if net.startswith("git") else f"{net},git.example.com"
    told = f"-c url.https://git.example.com/.insteadOf={GIT[remote]}"
    assert result["hints"][0] == f"llm-exec --json --net {names} -- git {told} ls-remote {remote}"
    words = result["hints"][0].split()
    again = online.result(*words[2:])
    assert [host["name"] for host in again["network"]["hosts"]] == ["git.example.com"]


def test_git_in_a_script_is_told_by_a_sentence(online, internet):
    result = online.result("--net", "example.com", "--command", "git ls-remote git@git.example.com:one.git >&2; exit 1")
    assert "https://git.example.com/ and --net git.example.com let git through" in result["hints"][0]


def test_what_is_no_name_is_refused_in_every_notation(online, internet, talk):
    lines = ("CONNECT {}:80 HTTP/1.1", "GET http://{}/ HTTP/1.1", "GET http://{}:80/ HTTP/1.1")
    said = [f"{line.format(host)}\r\nHost: example.com\r\n\r\n" for host in NO_NAMES for line in lines]
    answers = talk("--net", "example.com,*.example.com", said=said)
    assert len(answers) == len(said)
    for question, answer in zip(said, answers, strict=True):
        assert answer.split()[1:2] in (["400"], ["403"]), (question, answer)
    assert internet.caught() == []
    assert internet.requests() == []


def test_nothing_but_the_proxy_is_there(online, internet):
    script = (
        f"for at in {WEB} 45.0.0.53 {OWN} 169.254.169.254; do "
        "curl --noproxy '*' -sS -m 3 http://$at/ && echo reached $at; done; "
        "curl --noproxy '*' -sS -m 3 http://example.com/; ip -br addr 2>/dev/null; true"
    )
    result = online.result("--net", "example.com", "--command", script)
    assert "reached" not in result["stdout"]
    assert internet.seen == []


def test_a_program_that_does_not_ask_the_proxy_is_told_why_it_finds_nothing(online, internet):
    result = online.result("--net", "example.com", "--", "curl", "--noproxy", "*", "-sS", "https://example.com/")
    assert result["status"] == "failed"
    assert "did not ask it" in result["hints"][0]
    assert "HTTPS_PROXY" in result["hints"][0]


def test_many_refused_names_do_not_fill_the_result(online, internet, python):
    script = (
        "import urllib.request as u\n"
        "for i in range(700):\n"
        "    try: u.urlopen(f'http://n{i}.example.org/')\n"
        "    except OSError: pass\n"
    )
    result = online.result("--net", "example.com", "--", python, "-c", script)
    refused = result["network"]["refused"]
    assert len(refused) == 501
    assert refused[-1] == {"name": "(others)", "reason": "not_listed"}
    assert len(online.place.audit()[-1]["network"]["refused"]) == 30
