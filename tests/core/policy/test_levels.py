"""The levels of the policy, and the mechanisms that are too weak for one."""

import pytest

from llmx.core.policy.levels import LEVELS, check_mechanism, tighten
from llmx.core.policy.loosening import LAXER
from llmx.core.sandbox.degraded import DEGRADED
from llmx.core.settings.keys import BY_NAME
from llmx.errors import ExecError


def test_the_levels_are_those_of_the_setting_in_its_order():
    assert tuple(LEVELS) == LAXER == BY_NAME["exec.policy.level"].choices


def test_what_a_level_needs_has_a_meaning():
    assert {name for level in LEVELS.values() for name in level.needs} <= DEGRADED.keys()


@pytest.mark.parametrize(
    ("level", "is_required", "degraded", "named"),
    [
        ("safe", False, ["unix_sockets"], ""),
        ("safe", False, [], ""),
        ("safe", True, ["unix_sockets"], "unix_sockets"),
        ("safe", True, [], ""),
        ("restricted", False, ["private_tmp"], ""),
        ("restricted", False, ["seccomp"], "seccomp"),
        ("restricted", False, ["private_tmp", "truncate_outside"], "truncate_outside"),
    ],
)
def test_a_mechanism_that_is_too_weak_is_refused_by_what_it_lacks(level, is_required, degraded, named):
    if not named:
        check_mechanism(level, is_required=is_required, mechanism="landlock", degraded=degraded)
        return
    with pytest.raises(ExecError, match=named) as caught:
        check_mechanism(level, is_required=is_required, mechanism="landlock", degraded=degraded)
    assert (caught.value.exit_code, caught.value.code) == (125, "sandbox")
    assert "llmx doctor" in str(caught.value.hint)


def test_limits_of_a_level_only_fill_gaps():
    fields = {"memory": 5, "max_procs": 0, "max_file_size": 0, "timeout": 7.0}
    tighten(fields, "restricted")
    assert fields == {"memory": 5, "max_procs": 512, "max_file_size": 1 << 30, "timeout": 7.0}
    tighten(none := {"memory": 0, "max_procs": 0, "max_file_size": 0}, "restricted", {"memory"})
    assert none == {"memory": 0, "max_procs": 512, "max_file_size": 1 << 30}
    tighten(fields, "safe")
    assert fields["memory"] == 5
