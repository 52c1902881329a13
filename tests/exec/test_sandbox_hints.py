"""The first hint of a run that failed for want of what the sandbox took away is the line to type instead."""

import os
import shutil
import sys

import pytest

from llmx.core.sandbox import make_plan
from llmx.exec.sandbox_hints import line_to_run_again
from tests.exec.conftest import LLM_EXEC


@pytest.fixture
def place(ordinary_place):
    ordinary_place.tool = LLM_EXEC
    ordinary_place.work = ordinary_place.folder / "work"
    for name in ("work", "other", "bin"):
        (ordinary_place.folder / name).mkdir()
        os.chown(ordinary_place.folder / name, ordinary_place.uid, ordinary_place.uid)
    return ordinary_place


def hint(place, *words, **options):
    """The first hint for a run in the work folder, which must have failed."""
    result = place.run("--json", *words, cwd=place.work, **options).result
    assert result["status"] == "failed", result
    return (result["hints"] or [""])[0]


CONNECT = "import socket; socket.create_connection(('example.org', 80), 3)"
TOOLS = {
    "python": [sys.executable, "-c", CONNECT],
    "git": ["git", "ls-remote", "https://example.org/x.git"],
    "pip": [sys.executable, "-m", "pip", "install", "--target", "x", "no-such-package-llmx"],
    "npm": ["npm", "view", "no-such-package-llmx"],
    "node": ["node", "-e", "fetch('http://example.org').catch(e => { console.error(e.cause); process.exit(1) })"],
}


@pytest.mark.parametrize("tool", TOOLS)
def test_without_network_the_line_has_the_option_for_it(place, tool):
    if not shutil.which(TOOLS[tool][0]):
        pytest.fail(f"{tool} is not installed: README's test command installs it")
    shown = ["--read", sys.prefix]
    line = hint(place, *shown, "--", *TOOLS[tool])
    assert line.startswith("llm-exec --json --read ")
    assert f" --net host -- {TOOLS[tool][0]} " in line


def test_a_folder_that_is_read_only_is_opened(place):
    other = place.folder / "other"
    assert (
        hint(place, "--read", str(other), "--", "touch", f"{other}/x")
        == f"llm-exec --json --read {other} --write {other} -- touch {other}/x"
    )


def test_a_project_that_is_read_only_is_so_by_the_level(place):
    options = ["--level", "restricted"]
    assert hint(place, *options, "--", "touch", "x") == "llm-exec --json --level restricted --level safe -- touch x"


def test_a_hidden_path_is_shown(place):
    secretless = place.write("other/data.csv", "1,2")
    assert hint(place, "--", "cat", str(secretless)) == f"llm-exec --json --read {secretless} -- cat {secretless}"


def test_a_variable_that_was_taken_away_is_handed_on(place):
    code = "import os; os.environ['DATABASE_URL']"
    line = hint(place, "--read", sys.prefix, "--", sys.executable, "-c", code, env={"DATABASE_URL": "sqlite://"})
    assert " --env DATABASE_URL -- " in line
    shell = hint(place, "--command", "set -u; echo $DATABASE_URL; exit 1", env={"DATABASE_URL": "x"})
    assert shell == "llm-exec --json --command 'set -u; echo $DATABASE_URL; exit 1' --env DATABASE_URL"


def test_the_hinted_line_works(place):
    other = place.folder / "other"
    line = hint(place, "--read", str(other), "--", "touch", f"{other}/made")
    words = [word for word in line.split()[1:] if word != "--json"]
    assert place.run(*words, cwd=place.work).code == 0
    assert (other / "made").exists()


@pytest.mark.parametrize(
    "said",
    [
        "FAILED test_x.py - assert 1 == 2",
        "cat: /etc/shadow: Permission denied",
        "touch: cannot touch '/etc/x': Read-only file system",
        "cat: {home}/.ssh/id_rsa: No such file or directory",
        "cat: {home}/never-was: No such file or directory",
        "DATABASE_URL looks fine",
        "error: 404 not found",
        "",
    ],
)
def test_what_is_not_the_sandboxs_doing_gets_no_such_hint(place, said):
    place.write("id_rsa", "")
    (place.folder / ".ssh").mkdir()
    (place.folder / ".ssh/id_rsa").write_text("key")
    env = {**place.env, "DATABASE_URL": "x"}
    plan = make_plan(str(place.work), env, level="safe")
    text = said.format(home=place.folder).encode()
    found = line_to_run_again(argv=["x"], options=[], is_shell=False, stdout=b"", stderr=text, plan=plan)
    assert found is None


def test_what_the_caller_has_opened_already_is_not_hinted(place):
    plan = make_plan(str(place.work), place.env, level="safe", network="host")
    said = b"curl: (6) Could not resolve host: example.org"
    assert line_to_run_again(argv=["x"], options=[], is_shell=False, stdout=b"", stderr=said, plan=plan) is None


SAYS_NETWORK = [
    "curl: (6) Could not resolve host: example.com",
    "curl: (7) Failed to connect to 93.184.216.34 port 443 after 0 ms: Couldn't connect to server",
    "ssh: Could not resolve hostname example.com: Temporary failure in name resolution",
    "wget: unable to resolve host address \u2018example.com\u2019",
    "Err:1 http://deb.debian.org/debian stable InRelease\n  Temporary failure resolving 'deb.debian.org'",
    "ERROR: Could not find a version that satisfies the requirement requests (from versions: none)",
    "npm error code ENOTCACHED",
    "OSError: [Errno 101] Network is unreachable",
    "dial tcp 93.184.216.34:80: connect: network is unreachable",
    "go: example.com/x: module lookup disabled by GOPROXY=off",
    "As a reminder, you're using offline mode (--offline) which can sometimes cause surprising resolution failures",
    "java.net.UnknownHostException: example.com",
]


@pytest.mark.parametrize("said", SAYS_NETWORK)
def test_what_tools_say_without_a_network(place, said):
    plan = make_plan(str(place.work), place.env, level="safe")
    options = ["--json", "--timeout", "9"]
    found = line_to_run_again(
        argv=["x", "a b"], options=options, is_shell=False, stdout=b"", stderr=said.encode(), plan=plan
    )
    assert found == "llm-exec --json --timeout 9 --net host -- x 'a b'"


@pytest.mark.parametrize(
    "said",
    [
        "curl: (7) Failed to connect to localhost port 8000 after 0 ms: Couldn't connect to server",
        "curl: (7) Failed to connect to 127.0.0.1 port 8000 after 0 ms: Couldn't connect to server",
        "ERROR: Could not find a version that satisfies the requirement x==9 (from versions: 1.0, 2.0)",
        "ConnectionRefusedError: [Errno 111] Connection refused",
    ],
)
def test_what_may_as_well_be_something_else_is_no_matter_of_the_network(place, said):
    plan = make_plan(str(place.work), place.env, level="safe")
    assert (
        line_to_run_again(argv=["x"], options=[], is_shell=False, stdout=b"", stderr=said.encode(), plan=plan) is None
    )


def test_the_hinted_option_holds_over_one_that_was_typed(place):
    plan = make_plan(str(place.work), place.env, level="safe")
    said = b"Could not resolve host: example.com"
    found = line_to_run_again(argv=["x"], options=["--net", "none"], is_shell=False, stdout=b"", stderr=said, plan=plan)
    assert found == "llm-exec --net none --net host -- x"


def test_the_option_that_hid_the_graphics_card_is_dropped(place):
    plan = make_plan(str(place.work), place.env, level="safe", gpu="")
    said = b"RuntimeError: No CUDA GPUs are available"
    options = ["--json", "--no-gpu"]
    found = line_to_run_again(argv=["x"], options=options, is_shell=False, stdout=said, stderr=b"", plan=plan)
    assert found == "llm-exec --json -- x"
    assert line_to_run_again(argv=["x"], options=[], is_shell=False, stdout=said, stderr=b"", plan=plan) is None


@pytest.mark.parametrize(
    ("said", "found"),
    [("sh: 1: cannot create x: Read-only file system", True), ("touch: /etc/x: Read-only file system", False)],
)
def test_a_path_outside_is_no_matter_of_the_level(place, said, found):
    plan = make_plan(str(place.work), place.env, level="restricted")
    line = line_to_run_again(argv=["x"], options=[], is_shell=False, stdout=b"", stderr=said.encode(), plan=plan)
    assert line == ("llm-exec --level safe -- x" if found else None)
