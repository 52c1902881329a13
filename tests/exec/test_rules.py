"""The policy's rules in real runs: what they forbid does not run, is logged, and says what to do."""

import os

import pytest

from llmx.core.settings import active
from llmx.exec.argv import parse
from llmx.exec.request import build
from llmx.exec.rules import command_of, is_planted


@pytest.fixture
def rules(place):
    """Write the user's settings."""

    def write(text):
        (place.folder / ".config/llmx").mkdir(parents=True, exist_ok=True)
        (place.folder / ".config/llmx/config.toml").write_text(text)

    return write


@pytest.mark.promise("S0-31")
def test_what_is_not_on_the_allow_list_does_not_run_and_the_file_is_still_there(place, rules):
    rules('[exec.policy]\nallow = ["git", "ls"]\n')
    kept = place.write("x", "kept")
    ran = place.run("--json", "--", "rm", "x")
    assert (ran.code, ran.result["status"], ran.result["setup_error"]["code"]) == (126, "denied", "denied")
    assert "exec.policy.allow (git, ls)" in ran.result["setup_error"]["message"]
    assert kept.exists()
    assert place.run("--", "ls").code == 0
    assert [line.get("status") for line in place.audit()][1] == "denied"


def test_a_denied_command_names_its_rule(place, rules):
    rules('[exec.policy]\ndeny = ["rm -rf *"]\n')
    ran = place.run("--command", "true && rm -rf x")
    assert ran.code == 126
    assert b"`rm -rf *` of exec.policy.deny" in ran.err
    assert b"llmx config show --sources exec.policy" in ran.err


def test_what_asks_is_denied_where_nobody_can_answer(place, rules):
    rules('[exec.policy]\nask = ["touch"]\n')
    ran = place.run("--", "touch", "x")
    assert ran.code == 126
    assert b"someone at a terminal" in ran.err
    assert not (place.folder / "x").exists()


def test_a_program_planted_in_the_work_tree_is_not_the_one_that_is_allowed(place, rules):
    rules('[exec.policy]\nallow = ["ls"]\n')
    place.write("ls", "#!/bin/sh\ntouch ran\n", 0o755)
    assert place.run("--", "./ls").code == 126
    assert place.run("--", "ls", env={"PATH": f"{place.folder}:/usr/bin:/bin"}).code == 126
    assert not (place.folder / "ran").exists()


def test_explain_tells_the_decision_and_the_rule(place, rules):
    rules('[exec.policy]\ndeny = ["rm"]\n')
    ran = place.run("--explain", "--", "env", "A=1", "rm", "x")
    assert ran.code == 1
    facts = dict(line.split(maxsplit=1) for line in ran.out.decode().splitlines())
    assert (facts["decision"], facts["rule"]) == ("deny", "rm")


@pytest.mark.parametrize("options", [["--no-sandbox"], ["--net", "host"], ["--level", "privileged"], ["--write", "/x"]])
def test_behind_a_lock_a_loosening_option_is_refused(place, rules, options):
    rules("[exec.policy]\nlock = true\n")
    place.tool = place.tool[:-1]
    ran = place.run(*options, "--", "true")
    assert ran.code == 126
    assert options[0].encode() in ran.err
    assert b"exec.policy.lock" in ran.err


def test_without_a_lock_the_result_says_what_was_loosened(place):
    result = place.run("--json", "--timeout", "0", "--", "true").result
    assert result["sandbox"]["loosened"] == ["--no-sandbox", "--timeout"]


@pytest.mark.parametrize("names", [("LLMX_EXEC__NET", "PATH"), ("PATH", "LLMX_EXEC__NET")])
def test_a_variable_that_loosens_counts_wherever_it_stands(names, tmp_path):
    env = dict.fromkeys(names, "host") | {"HOME": str(tmp_path)}
    settings = active(env, str(tmp_path))
    request = build(parse(["--", "true"]), settings.values, env, str(tmp_path), settings.loosened)
    assert request.loosened == ["LLMX_EXEC__NET"]


LOOSE = {
    "LLMX_EXEC__READ": "{other}",
    "LLMX_EXEC__WRITE": "{other}",
    "LLMX_EXEC__POLICY__ALLOW": "*",
    "LLMX_CONFIG": "{other}/loose.toml",
}


@pytest.mark.parametrize("variable", LOOSE)
@pytest.mark.parametrize("is_locked", [True, False])
def test_a_variable_opens_nothing_behind_a_lock_and_is_told_without(place, rules, variable, is_locked):
    rules(f"[exec.policy]\nlock = {str(is_locked).lower()}\nallow = ['ls']\n")
    place.tool = place.tool[:-1]
    for name in ("work", "other"):
        (place.folder / name).mkdir()
    place.write("other/secret", "s3cret")
    place.write("other/loose.toml", f"[exec]\nread = ['{place.folder}/other']\npolicy.allow = ['*']\n")
    env = {variable: LOOSE[variable].format(other=place.folder / "other")}
    words = ["touch", "x"] if "ALLOW" in variable else ["ls", f"{place.folder}/other/secret"]
    ran = place.run("--json=full", "--", *words, cwd=place.folder / "work", env=env)
    assert (ran.code == 0) is not is_locked, ran
    assert ran.result["sandbox"]["loosened"] == ([] if is_locked else [variable])


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("ls", False),
        ("/usr/bin/ls", False),
        ("planted", True),
        ("./planted", True),
        ("../bin/planted", True),
        ("elsewhere/ls", True),
        ("{work}/bin/planted", True),
        ("{work}/bin/link", True),
        ("{work}/bin/absent", True),
        ("/no/such/ls", False),
        ("no-such-program", False),
    ],
)
def test_a_program_in_the_work_tree_is_planted_also_seen_from_a_folder_of_it(tmp_path, name, expected):
    work = tmp_path / "work"
    for folder in (".git", "bin", "sub"):
        (work / folder).mkdir(parents=True)
    (work / ".git/HEAD").write_text("ref: refs/heads/main\n")
    (work / "bin/planted").write_text("#!/bin/sh\n")
    (work / "bin/planted").chmod(0o755)
    os.symlink("/usr/bin/ls", work / "bin/link")
    env = {"PATH": f"{work}/bin:/usr/bin:/bin", "HOME": str(tmp_path)}
    assert is_planted(name.format(work=work), env, str(work / "sub")) is expected


@pytest.mark.parametrize(
    ("words", "command"),
    [
        (["llm-exec", "--json", "--", "ls", "-l"], ["ls", "-l"]),
        (["llmx", "--quiet", "exec", "ls"], ["ls"]),
        (["llm-exec", "--command", "a | b"], ["sh", "-c", "a | b"]),
        (["llm-exec", "--schema"], None),
        (["llm-exec", "--no-such"], None),
        (["llmx", "config", "show"], None),
    ],
)
def test_the_command_of_an_llm_exec_line_is_found(words, command):
    assert command_of(words) == command
