"""Which of two values limits more."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmx.core.settings.keys import BY_NAME
from llmx.core.settings.strictness import is_as_strict

CASES = [
    # key, new, old, as strict
    ("exec.isolation.enabled", True, False, True),
    ("exec.isolation.enabled", False, True, False),
    ("exec.isolation.enabled", False, False, True),
    ("exec.nix_shell.enabled", False, True, True),
    ("exec.nix_shell.enabled", True, False, False),
    ("exec.memory", 100, 200, True),
    ("exec.memory", 200, 100, False),
    ("exec.memory", 100, 0, True),
    ("exec.memory", 0, 100, False),
    ("exec.memory", 0, 0, True),
    ("exec.cpu_time", 0.0, 5.0, False),
    ("exec.cpu_time", 4.5, 5.0, True),
    ("exec.policy.level", "restricted", "safe", True),
    ("exec.policy.level", "safe", "restricted", False),
    ("exec.policy.level", "privileged", "safe", False),
    ("exec.policy.level", "safe", "privileged", True),
    ("exec.net", "none", "", True),
    ("exec.net", "packages.example", "", False),
    ("exec.net", "", "none", False),
    ("exec.net", "packages.example", "none", False),
    ("exec.net", "packages.example", "github.com, packages.example", True),
    ("exec.net", "Packages.Example", "packages.example,github.com", True),
    ("exec.net", "packages.example,evil.example", "packages.example", False),
    ("exec.net", "*", "packages.example", False),
    ("exec.net", "", "packages.example", False),
    ("exec.net", ",", "packages.example", False),
    ("exec.net", "none,evil.example", "packages.example", False),
    ("exec.write", ("/a",), ("/a", "/b"), True),
    ("exec.write", ("/c",), ("/a", "/b"), False),
    ("exec.env_allow", ("A",), (), False),
    ("exec.policy.allow", ("ls",), (), True),
    ("exec.policy.allow", ("ls",), ("git", "ls"), True),
    ("exec.policy.allow", (), ("ls",), False),
    ("exec.policy.allow", ("rm",), ("ls",), False),
    ("llm.api_base", "http://a", "http://b", False),
    ("logging.keep", 6, 5, True),
    ("logging.keep", 0, 5, False),
    ("logging.keep", 5, 0, True),
    ("logging.max_bytes", 0, 100, True),
    ("logging.max_bytes", 1, 100, False),
    ("logging.max_bytes", 100, 0, False),
    ("logging.max_age_days", 1, 7, False),
]


@pytest.mark.parametrize(("key", "new", "old", "expected"), CASES)
def test_the_stricter_value_is_known(key, new, old, expected):
    assert is_as_strict(BY_NAME[key], new, old) is expected


@given(st.sampled_from(["exec.memory", "exec.max_procs", "exec.max_output"]), st.integers(0, 9), st.integers(0, 9))
def test_of_two_different_limits_exactly_one_is_stricter(key, one, other):
    setting = BY_NAME[key]
    assert (is_as_strict(setting, one, other) + is_as_strict(setting, other, one)) == (2 if one == other else 1)
