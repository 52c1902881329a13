"""The table of checks and how their findings are gathered."""

import os

from llmx.core.doctor import CHECKS, ISSUES, Finding, Result, examine, run, worst
from llmx.core.plugins import load
from llmx.errors import ConfigError


def test_every_check_of_the_table_is_there_and_says_what_it_looks_at():
    assert all(load(target).__doc__ for target in CHECKS.values())


def test_the_common_issues_name_checks_of_the_table():
    assert {check for checks in ISSUES.values() for check in checks} <= CHECKS.keys()


def test_every_check_has_a_finding(home):
    assert {result.check for result in examine()} == CHECKS.keys()


def test_an_error_of_llmx_is_a_failure_with_its_hint():
    def check(env):
        raise ConfigError("the record is damaged", hint="rm it")

    [finding] = run(check, {})
    assert (finding.status, finding.found, finding.fix) == ("fail", "the record is damaged", "rm it")


def test_what_the_system_forbids_to_see_is_a_warning():
    def check(env):
        os.stat("/nonexistent/file")

    [finding] = run(check, {})
    assert finding.status == "warn"
    assert "/nonexistent/file" in finding.found


def test_the_worst_status_is_the_whole_ones():
    rows = [Result("a", *Finding(status, "x")) for status in ("ok", "fail", "warn")]
    assert worst(rows) == "fail"
    assert worst(rows[2:]) == "warn"
    assert worst([]) == "ok"
