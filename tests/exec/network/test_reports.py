"""What is told of the network: in the result, the log, ``llmx runs show`` and ``--explain``; and who may open it."""

import json
import sys

import pytest

from llmx.core.network.groups import GROUPS
from tests.exec.conftest import LLM_EXEC, REPOSITORY

LLMX = [sys.executable, "-m", "llmx"]
INSIDE = ["--read", str(REPOSITORY), "--read", sys.prefix, "--env", f"PYTHONPATH={REPOSITORY}"]
"""What llm-exec itself needs to run inside."""


def settings(online, text):
    """The user's own settings file."""
    folder = online.place.folder / ".config/llmx"
    for path in (folder.parent, folder):
        path.mkdir(exist_ok=True)
        path.chmod(0o777)
    (folder / "config.toml").write_text(text)


def test_runs_show_lists_hosts_and_bytes_and_what_was_refused(online, internet):
    script = "curl -sS https://example.com/bytes/12345 -o got; curl -sS https://example.org/"
    result = online.result("--net", "example.com,*.example.com", "--command", script)
    (host,) = result["network"]["hosts"]
    shown = online.outside(*LLMX, "runs", "show", result["run_id"]).out.decode()
    assert f"network    example.com: sent {host['sent_bytes']} B, received 1" in shown
    assert "refused    example.org" in shown
    told = json.loads(online.outside(*LLMX, "runs", "show", result["run_id"], "--output", "json").out)
    assert told["network"]["hosts"] == [host]
    assert told["network"]["refused"] == [{"name": "example.org", "reason": "not_listed"}]


def test_the_log_tells_what_was_asked_for_and_what_was_reached(online, internet):
    online.result("--net", "@go,example.com", "--connect", "5432", "--", "curl", "-sS", "https://example.com/")
    start, end = online.place.audit()
    assert start["names"] == ["proxy.golang.org", "sum.golang.org", "example.com"]
    assert (start["network"], start["connect"]) == ("names", [5432])
    assert [host["name"] for host in end["network"]["hosts"]] == ["example.com"]


def test_without_it_nothing_of_it_is_told(online, internet):
    result = online.result("--", "true")
    assert "network" not in result
    assert all("network" not in line for line in online.place.audit())


def test_secrets_in_a_request_are_in_no_record(online, internet):
    online.result(
        "--net",
        "example.com",
        "--",
        "curl",
        "-sS",
        "-H",
        "X-Token: hunter2hunter2",
        "http://example.com/?key=hunter2hunter2",
    )
    assert "hunter2hunter2" in str(internet.seen)
    network = [json.dumps(line.get("network")) for line in online.place.audit()]
    assert "hunter2" not in "".join(network)


def test_explain_shows_it_and_opens_nothing(online, internet):
    ran = online.run("--explain", "--json", "--net", "@python", "--publish", "3000:8080", "--", "true")
    sandbox = json.loads(ran.out)["sandbox"]
    assert sandbox["network"] == "names"
    assert sandbox["reach"] == {
        "names": list(GROUPS["python"]),
        "connect": [],
        "publish": ["3000:8080"],
    }
    text = online.run("--explain", "--net", "@python", "--", "true").out.decode()
    assert " ".join(GROUPS["python"]) in text


def test_several_options_add_up_and_the_settings_hold_where_none_is_given(online, internet):
    settings(online, '[exec]\nnet = "example.com"\n')
    script = "for host in example.com a.example.org b.example.net; do curl -sfS https://$host/ || echo no; done"
    assert online.result("--command", script)["stdout"] == "welcome\nno\nno\n"
    result = online.result("--net", "a.example.org", "--net", "*.example.net", "--command", script)
    assert result["stdout"] == "no\nwelcome\nwelcome\n"


def test_behind_a_lock_only_less_than_the_settings_open_is_to_be_had(online, internet):
    settings(online, '[exec]\nnet = "*.example.com"\n[exec.policy]\nlock = true\n')
    inside = online.result("--net", "www.example.com", "--", "curl", "-sS", "https://www.example.com/")
    assert (inside["stdout"], inside["sandbox"].get("loosened")) == ("welcome\n", None)
    others = (["--net", "host"], ["--net", "www.example.com,example.org"], ["--connect", "80"], ["--publish", "80"])
    for words in (["--net", "example.org"], *others):
        result = online.result(*words, "--", "true")
        assert (result["status"], result["exit_code"]) == ("denied", 126), words


def test_a_project_cannot_open_it_and_may_close_it(online, internet):
    online.place.write("work/llmx.toml", '[exec]\nnet = "example.org"\nconnect = ["5432"]\npublish = ["3000"]\n')
    assert online.result("--", "true")["sandbox"]["network"] == "none"
    settings(online, '[exec]\nnet = "*.example.com"\n')
    online.place.write("work/llmx.toml", '[exec]\nnet = "www.example.com"\n')
    result = online.result(
        "--command", "for host in www other; do curl -sfS https://$host.example.com/ || echo no; done"
    )
    assert result["stdout"] == "welcome\nno\n"


NESTED = [
    # outer, inner, the network that the inner one tells, and whether the page is reached
    (["--net", "example.com"], [], "names", False),
    (["--net", "example.com"], ["--net", "example.com"], "names", True),
    (["--net", "example.com"], ["--net", "example.org"], "names", True),
    (["--net", "example.com"], ["--net", "host"], "names", True),
    (["--net", "example.com"], ["--level", "restricted"], "none", False),
    ([], ["--net", "example.com"], "none", False),
]


@pytest.mark.parametrize("case", NESTED, ids=str)
def test_inside_another_llm_exec_there_is_the_outer_ones_network(online, internet, case):
    """And the result says which: what the inner one was not told of the proxy does not wall it off."""
    outer, inner, network, is_reached = case
    page = ["sh", "-c", "curl -sf https://example.com/ && ! curl -sf https://example.org/"]
    words = [*LLM_EXEC, "--json", *inner, "--stdin", "none", "--", *page]
    ran = online.run("--quiet", *INSIDE, *outer, "--", *words)
    result = ran.result
    assert (result["sandbox"]["level"], result["sandbox"]["network"]) == ("inherited", network)
    assert (result["exit_code"] == 0) is is_reached, ran
    assert {host for host, _ in internet.requests()} <= {"example.com"}


def test_a_port_that_the_outer_one_did_not_open_is_refused_to_the_inner_one(online, internet):
    for option, opened in (("--connect", ["--connect", "5433"]), ("--publish", [])):
        words = [*LLM_EXEC, "--json", option, "5432", "--stdin", "none", "--", "true"]
        result = online.run("--quiet", *INSIDE, *opened, "--", *words).result
        assert (result["exit_code"], result["setup_error"]["code"]) == (125, "sandbox")
        assert "outer" in result["hints"][0]
    words = [*LLM_EXEC, "--json", "--connect", "5432", "--stdin", "none", "--", "true"]
    assert online.run("--quiet", *INSIDE, "--connect", "5432", "--", *words).result["status"] == "ok"


def test_where_only_landlock_is_to_be_had_nothing_runs(online, internet):
    for words in (["--net", "example.com"], ["--connect", "5432"], ["--publish", "3000"]):
        tool = ("env", "PATH=/nowhere", *LLM_EXEC, "--json")
        result = online.outside(*tool, *words, "--", "/usr/bin/touch", "ran").result
        assert (result["exit_code"], result["setup_error"]["code"]) == (125, "sandbox")
        assert "full sandbox" in result["setup_error"]["message"]
        assert "install bubblewrap" in result["hints"][0]
    assert not (online.work / "ran").exists()


def test_a_run_in_the_background_has_its_proxy_until_its_end(online, internet, until):
    script = "curl -sS https://example.com/; exit 3"
    run_id = online.run("--background", "--net", "example.com", "--command", script).out.decode().strip()
    online.outside(*LLMX, "runs", "wait", run_id)
    told = json.loads(online.outside(*LLMX, "runs", "show", run_id, "--output", "json").out)
    assert (told["exit_code"], told["network"]["hosts"][0]["name"]) == (3, "example.com")
    until(lambda: not online.place.survivors(), "the end of all of it")
