"""Who may loosen what: options and variables that go beyond the settings are told, and refused behind a lock."""

from pathlib import Path

import pytest

from llmx.core.policy.loosening import WAYS, loosened, table
from llmx.core.settings.keys import BY_NAME, defaults
from llmx.errors import PolicyError
from llmx.exec.options import BY_FLAG

LOCKED = {"exec.policy.lock": True}
CASES = [
    ({"no_sandbox": True}, {}, ["--no-sandbox"]),
    ({"no_sandbox": True}, {"exec.isolation.enabled": False}, []),
    ({"level": "privileged"}, {}, ["--level"]),
    ({"level": "safe"}, {"exec.policy.level": "restricted"}, ["--level"]),
    ({"level": "restricted"}, {}, []),
    ({"level": "safe"}, {}, []),
    ({"net": "host"}, {}, ["--net"]),
    ({"net": "none"}, {}, []),
    ({"net": "host"}, {"exec.net": "host"}, []),
    ({"write": ["/x"], "read": ["/y"], "env": ["A"]}, {}, ["--write", "--read", "--env"]),
    ({"memory": 5}, {}, []),
    ({"memory": 5}, {"exec.memory": 4}, ["--memory"]),
    ({"memory": 4}, {"exec.memory": 4}, []),
    ({"memory": 0}, {"exec.memory": 4}, ["--memory"]),
    ({"timeout": 0.0}, {}, ["--timeout"]),
    ({"timeout": 10.0}, {}, []),
    ({"max_procs": 9, "max_output": 9}, {"exec.max_procs": 8, "exec.max_output": 10}, ["--max-procs"]),
]


@pytest.mark.parametrize(("typed", "settings", "expected"), CASES)
def test_what_goes_beyond_the_settings_is_told(typed, settings, expected):
    assert loosened(typed, defaults() | settings, {}) == expected


@pytest.mark.parametrize(("typed", "settings", "expected"), CASES)
def test_behind_a_lock_it_is_refused_by_name_unless_it_only_takes_longer(typed, settings, expected):
    refusable = [flag for flag in expected if flag != "--timeout"]
    if not refusable:
        assert loosened(typed, defaults() | settings | LOCKED, {}) == expected
        return
    with pytest.raises(PolicyError, match=r"exec\.policy\.lock is set") as caught:
        loosened(typed, defaults() | settings | LOCKED, {})
    assert refusable[0] in caught.value.message
    assert refusable[0] in str(caught.value.hint)


@pytest.mark.parametrize(
    ("typed", "env", "chosen", "expected"),
    [
        ({}, {}, ["LLMX_EXEC__WRITE"], ["LLMX_EXEC__WRITE"]),
        ({"net": "host"}, {}, ["LLMX_EXEC__WRITE"], ["--net", "LLMX_EXEC__WRITE"]),
        ({"config": "x"}, {}, ["config"], ["--config"]),
        ({}, {"LLMX_CONFIG": "x"}, ["config"], ["LLMX_CONFIG"]),
        ({}, {"LLMX_TRUST": "sha256:0"}, ["project"], ["LLMX_TRUST"]),
        ({}, {}, ["project"], []),
    ],
)
def test_what_the_caller_chose_is_told_by_how(typed, env, chosen, expected):
    assert loosened(typed, defaults(), env, chosen) == expected


RESTRICTED = {"exec.policy.level": "restricted"}


@pytest.mark.parametrize(
    ("typed", "settings", "env", "expected"),
    [
        ({}, {}, {}, []),
        ({"memory": 5 << 30}, {}, {}, ["--memory"]),
        ({"memory": 1 << 30}, {}, {}, []),
        ({"memory": 0}, {}, {}, ["--memory"]),
        ({"memory": 5 << 30}, {"exec.memory": 8 << 30}, {}, []),
        ({}, {"exec.memory": 8 << 30}, {}, []),
        ({}, {"exec.memory": 8 << 30}, {"LLMX_EXEC__MEMORY": "8G"}, ["LLMX_EXEC__MEMORY"]),
        ({}, {"exec.memory": 1 << 30}, {"LLMX_EXEC__MEMORY": "1G"}, []),
        ({"max_procs": 513, "max_file_size": 2 << 30}, {}, {}, ["--max-procs", "--max-file-size"]),
    ],
)
def test_the_limits_of_a_level_are_limits_too(typed, settings, env, expected):
    values = defaults() | RESTRICTED | settings
    assert loosened(typed, values, env) == expected
    if expected:
        with pytest.raises(PolicyError, match=expected[0]):
            loosened(typed, values | LOCKED, env)


@pytest.mark.parametrize(
    ("option", "file", "is_hidden"),
    [
        *(("stdin", "{home}/.ssh/key", True), ("stdin", "{home}/work/data", False), ("stdin", "none", False)),
        *(("stdin", "{home}/work/link", True), ("stdin", "/etc/passwd", False), ("stdin", "{home}/workshop", True)),
        *(("result", "{home}/.bashrc", True), ("result", "{home}/work/r.json", False), ("result", "/tmp/r", False)),
    ],
)
def test_a_file_for_llm_exec_itself_counts_where_the_command_could_not_reach_it(home, option, file, is_hidden):
    (home / "work/.git").mkdir(parents=True)
    (home / "work/.git/HEAD").touch()
    (home / "work/link").symlink_to(home / ".ssh/key")
    typed, env, cwd = {option: file.format(home=home)}, {"HOME": str(home)}, str(home / "work")
    assert loosened(typed, defaults(), env, cwd=cwd) == ([f"--{option}"] if is_hidden else [])
    assert loosened(typed | {"no_sandbox": True}, defaults(), env, cwd=cwd) == ["--no-sandbox"]
    if is_hidden:
        with pytest.raises(PolicyError, match=f"--{option} would loosen"):
            loosened(typed, defaults() | LOCKED, env, cwd=cwd)


def test_every_way_is_an_option_and_a_setting():
    assert {way.flag for way in WAYS} <= BY_FLAG.keys()
    assert {way.limits for way in WAYS} <= BY_NAME.keys()


def test_the_guide_has_the_table():
    guide = Path(__file__).parents[3] / "llmx/data/guide/security.md"
    assert "\n".join(table()) in guide.read_text(encoding="utf-8")
