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
    ("variable", "key", "value", "is_told"),
    [
        ("LLMX_EXEC__ISOLATION__ENABLED", "exec.isolation.enabled", False, True),
        ("LLMX_EXEC__ISOLATION__ENABLED", "exec.isolation.enabled", True, False),
        ("LLMX_EXEC__POLICY__LEVEL", "exec.policy.level", "privileged", True),
        ("LLMX_EXEC__POLICY__LEVEL", "exec.policy.level", "restricted", False),
        ("LLMX_EXEC__NET", "exec.net", "host", True),
        ("LLMX_EXEC__WRITE", "exec.write", ("/x",), True),
    ],
)
def test_variables_that_loosen_are_told_too(variable, key, value, is_told):
    assert loosened({}, defaults() | {key: value}, {variable: "x"}) == ([variable] if is_told else [])
    assert loosened({}, defaults() | {key: value}, {}) == []


def test_every_way_is_an_option_and_a_setting():
    assert {way.flag for way in WAYS} <= BY_FLAG.keys()
    assert {way.limits for way in WAYS} <= BY_NAME.keys()


def test_the_guide_has_the_table():
    guide = Path(__file__).parents[3] / "llmx/data/guide/security.md"
    assert "\n".join(table()) in guide.read_text(encoding="utf-8")
