"""The first hint of a run that failed for want of what the sandbox took away is the line to type instead."""

import os
import shlex
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


NEEDS = {"pip": "@python", "npm": "@node", "git": "example.org", "node": "example.org"}


@pytest.mark.parametrize("tool", TOOLS)
def test_without_network_the_line_has_the_option_for_it(place, tool):
    if not shutil.which(TOOLS[tool][0]):
        pytest.fail(f"{tool} is not installed: README's test command installs it")
    shown = ["--read", sys.prefix]
    line = hint(place, *shown, "--", *TOOLS[tool])
    assert line.startswith("llm-exec --json --read ")
    assert f" --net {NEEDS.get(tool, 'host')} -- {TOOLS[tool][0]} " in line


@pytest.mark.parametrize("name", ["a b", "it's", "a$(b)", "a;b", 'a"b', "-a", "é"])
@pytest.mark.parametrize(
    ("option", "script"), [("--write", 'echo x > "$1/file"'), ("--write", 'touch -- "$1/file"'), ("--read", 'ls "$1"')]
)
def test_a_path_of_any_characters_is_named_whole_in_a_line_that_runs(place, option, script, name):
    folder = place.folder / "other" / name
    folder.mkdir()
    os.chown(folder, place.uid, place.uid)
    line = shlex.split(hint(place, "--", "sh", "-c", script, "sh", str(folder)))
    assert line[:4] == ["llm-exec", "--json", option, str(folder)]
    assert place.run(*line[1:], cwd=place.work).result["status"] == "ok"


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


@pytest.mark.parametrize(
    "words",
    [
        [sys.executable, "-c", "open('{}')"],
        ["sh", "{}"],
        ["node", "-e", "require('fs').readFileSync('{}')"],
        ["node", "{}"],
        ["grep", "1", "{}"],
        ["gcc", "-c", "-o", "x", "{}"],
    ],
)
def test_a_hidden_file_is_shown_whatever_reads_it(place, words):
    file = place.write("other/data.c", "1")
    line = hint(place, "--read", sys.prefix, "--", *(word.format(file) for word in words))
    assert f" --read {file} -- " in line


def test_a_hidden_folder_that_was_to_be_written_to_is_opened(place):
    other = place.folder / "other"
    maven = ["sh", "-c", f"echo 'Could not create local repository at {other}/repository ->'; exit 1"]
    for words in (["touch", f"{other}/x"], ["cp", sys.executable, f"{other}/x"], maven):
        assert f" --write {other} -- {words[0]} " in hint(place, "--", *words)
    assert hint(place, "--command", f"echo 1 > {other}/x").endswith(f" --write {other}")
    assert hint(place, "--command", f"cd {other} && ls").endswith(f" --read {other}")


def test_a_command_that_was_to_write_into_the_home_folder_itself_is_told_where_it_may(place):
    told = hint(place, "--", "touch", f"{place.folder}/x")
    work = f"write below {place.work}, or have --write open a folder in it"
    assert told == f"the home folder is never opened as a whole: {work}"


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
        "ModuleNotFoundError: No module named 'requests'",
        "FileNotFoundError: [Errno 2] No such file or directory: 'data.csv'",
        "tests/test_net.py::test_handles_ENOTFOUND FAILED",
        "FAIL handles ENOTFOUND errors",
        "missing semicolon near DATABASE_URL",
        "DATABASE_URL is set",
        "DATABASE_URL must be a postgres:// address",
        "tee: {home}/never-was/x: No such file or directory",
        "cat: {home}/other/../.ssh/id_rsa: No such file or directory",
        "cat: {home}/keys/id_rsa: No such file or directory",
        "ls: {home}/keys: No such file or directory",
        "touch: cannot touch '{home}/.config/x': Read-only file system",
        "touch: cannot touch '{home}/.local/share/x': Read-only file system",
        "touch: cannot touch '{home}/.cache/llmx/x': Read-only file system",
        "touch: cannot touch '{home}/.cache/llmx/seccomp/x': Read-only file system",
        "ls: /run: No such file or directory",
        "ls: /home: No such file or directory",
        "touch: cannot touch 'never-was/x': No such file or directory",
        "",
    ],
)
def test_what_is_not_the_sandboxs_doing_or_nobodys_to_open_gets_no_such_hint(place, said, monkeypatch):
    place.write("id_rsa", "")
    (place.folder / ".ssh").mkdir()
    (place.folder / ".ssh/id_rsa").write_text("key")
    (place.folder / "keys").symlink_to(".ssh")
    for folder in (".config", ".local/share", ".cache/llmx/seccomp"):
        (place.folder / folder).mkdir(parents=True)
    monkeypatch.setenv("HOME", str(place.folder))
    env = {**place.env, "DATABASE_URL": "x"}
    plan = make_plan(str(place.work), env, level="safe")
    text = said.format(home=place.folder).encode()
    found = line_to_run_again(argv=["x"], options=[], is_shell=False, stdout=b"", stderr=text, plan=plan)
    assert found is None


def test_what_the_caller_has_opened_already_is_not_hinted(place):
    plan = make_plan(str(place.work), place.env, level="safe", network="host")
    said = b"curl: (6) Could not resolve host: example.org"
    assert line_to_run_again(argv=["x"], options=[], is_shell=False, stdout=b"", stderr=said, plan=plan) is None


SAYS_NETWORK = {
    "curl: (6) Could not resolve host: example.com": "example.com",
    "curl: (7) Failed to connect to 93.184.216.34 port 443 after 0 ms: Couldn't connect to server": "host",
    "ssh: Could not resolve hostname example.com: Temporary failure in name resolution": "example.com",
    "wget: unable to resolve host address \u2018example.com\u2019": "example.com",
    "Err:1 http://deb.debian.org/x stable\n  Temporary failure resolving 'deb.debian.org'": "deb.debian.org",
    "ERROR: Could not find a version that satisfies the requirement requests (from versions: none)": "@python",
    "HTTPSConnectionPool(host='pypi.org', port=443): [Errno -3] Temporary failure in name resolution": "@python",
    "npm error code ENOTCACHED": "@node",
    "npm error request to https://registry.npmjs.org/x failed: cache mode is 'only-if-cached'": "@node",
    "npm ERR! code EAI_AGAIN": "host",
    "Error: getaddrinfo ENOTFOUND example.com": "example.com",
    "Error: getaddrinfo ENOTFOUND localhost": "host",
    "  code: 'ENOTFOUND',": "host",
    "Error: connect ENETUNREACH 93.184.216.34:80": "host",
    "WARN GET https://example.com/x error (EAI_AGAIN). Will retry in 10 seconds.": "example.com",
    "IO::Socket::INET: Bad hostname 'example.com:80' at -e line 1.": "example.com",
    "OSError: [Errno 101] Network is unreachable": "host",
    "dial tcp 93.184.216.34:80: connect: network is unreachable": "host",
    "go: example.com/x: module lookup disabled by GOPROXY=off": "@go",
    "As a reminder, you're using offline mode (--offline) which can cause surprising resolution failures": "@rust",
    "java.net.UnknownHostException: example.com": "example.com",
    "Could not resolve host: a.example.com\nCould not resolve host: b.example.com": "a.example.com,b.example.com",
    "\n".join(f"Could not resolve host: n{number}.example.com" for number in range(9)): "host",
}
"""What tools say -> what to write after ``--net``."""


def again(place, said, **options):
    plan = make_plan(str(place.work), place.env, level="safe")
    return line_to_run_again(
        argv=["x", "a b"],
        options=["--json", "--timeout", "9"],
        is_shell=False,
        stdout=b"",
        stderr=said.encode(),
        plan=plan,
        **options,
    )


@pytest.mark.parametrize("said", SAYS_NETWORK)
def test_what_tools_say_without_a_network(place, said):
    assert again(place, said) == f"llm-exec --json --timeout 9 --net {SAYS_NETWORK[said]} -- x 'a b'"
    assert again(place, said, can_name_hosts=False) == "llm-exec --json --timeout 9 --net host -- x 'a b'"


SAYS_VARIABLE = [
    "KeyError: 'DATABASE_URL'",
    "sh: 1: DATABASE_URL: parameter not set",
    "sh: 1: DATABASE_URL: parameter not set or null",
    "x.sh: line 1: DATABASE_URL: unbound variable",
    "x.sh: line 1: DATABASE_URL: parameter null or not set",
    "Error: Environment variable not found: DATABASE_URL.",
    "Missing required environment variable: DATABASE_URL",
    "error: DATABASE_URL environment variable is not set",
    "panic: DATABASE_URL environment variable is empty",
    "DATABASE_URL must be set",
    "please set the DATABASE_URL environment variable",
    "decouple.UndefinedValueError: DATABASE_URL not found. Declare it as envvar or define a default value.",
]


@pytest.mark.parametrize("said", SAYS_VARIABLE)
def test_what_programs_say_without_a_variable(place, said):
    plan = make_plan(str(place.work), {**place.env, "DATABASE_URL": "x"}, level="safe")
    found = line_to_run_again(argv=["x"], options=[], is_shell=False, stdout=b"", stderr=said.encode(), plan=plan)
    assert found == "llm-exec --env DATABASE_URL -- x"


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
    assert found == "llm-exec --net none --net example.com -- x"


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


@pytest.mark.parametrize("part", ["/ ", "'/", " /a", "query", "missing: the ", "'/\"", "x: /"])
def test_what_was_said_on_one_endless_line_is_looked_at_no_longer_than_a_message_is(place, part):
    """A fiftieth of it took a minute once; all of it would not come to an end."""
    plan = make_plan(str(place.work), place.env, level="safe")
    said = (part * (1 << 20)).encode()
    assert line_to_run_again(argv=["x"], options=[], is_shell=False, stdout=said, stderr=said, plan=plan) is None
