"""What tries to get out of the sandbox: each attempt by a real program, its effect looked for from outside."""

import os
from importlib import import_module

import pytest

from tests.exec.escapes.attempts import GROUPS
from tests.exec.escapes.expected import ALLOWED, BLOCKED, NOT_ON_EVERY_MACHINE, PRIVATE, ROWS, expected
from tests.exec.escapes.levels import LEVELS

pytestmark = pytest.mark.skipif(not os.path.exists("/proc/self/ns"), reason="the attempts are written for Linux")


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("group", GROUPS)
def test_every_attempt_ends_as_it_is_written_down(group, level, outcomes):
    for root in (False, True):
        for name, (outcome, said) in (ended := outcomes(group, level, root=root)).items():
            print(f"{level} {group} {name}: {outcome} ({said})")
        ends = {name: outcome for name, (outcome, _) in ended.items()}
        written = {name: expected(group, name)[level] for name in ended}
        for name, outcome in written.items():  # what only reaches the command's own may not be there on every machine
            if ends[name] == BLOCKED and (outcome == PRIVATE or (outcome == ALLOWED and level == "landlock")):
                written[name] = BLOCKED
        assert ends == written


def test_the_network_of_the_user_opens_no_sockets_of_programs_beside_it(outcomes):
    ends = {name: outcome for name, (outcome, _) in outcomes("sockets", "host").items()}
    written = {name: expected("sockets", name)["full"] for name in ends}
    assert ends == written | {"sockets_in_proc": ALLOWED}  # it is the user's view of the network


@pytest.mark.parametrize("group", GROUPS)
def test_every_attempt_gets_through_where_nothing_confines_it(group, outcomes):
    """Else its failure inside would say nothing."""
    ended = outcomes(group, "control")
    failed = {name: said for name, (outcome, said) in ended.items() if outcome != ALLOWED}
    assert {name: said for name, said in failed.items() if name not in NOT_ON_EVERY_MACHINE} == {}


@pytest.mark.skipif(os.getuid() != 0, reason="what only root can do is tried, unconfined, where root runs the tests")
@pytest.mark.parametrize("group", GROUPS)
def test_what_only_root_can_do_gets_through_for_root(group, outcomes):
    ended = outcomes(group, "control", root=True, uid=0)
    failed = {name: said for name, (outcome, said) in ended.items() if outcome != ALLOWED}
    assert {name: said for name, said in failed.items() if name not in NOT_ON_EVERY_MACHINE} == {}


def test_there_are_more_than_two_hundred_attempts_and_every_row_is_for_some():
    names = {group: list(import_module(f"tests.exec.escapes.attempts.{group}").GROUP) for group in GROUPS}
    assert sum(map(len, names.values())) > 200
    used = [expected(group, name) for group in GROUPS for name in names[group]]
    assert [(group, patterns) for group, patterns, row in ROWS if not any(row is one for one in used)] == []
