"""``llmx __complete KIND``: the names that the completion scripts ask for."""

import sys

import pytest

from llmx.core.candidates import KINDS, candidates
from llmx.core.settings.keys import BY_NAME, PROFILES
from tests import forked


def complete(*words):
    command = [sys.executable, "-m", "llmx", "__complete", *words]
    return forked.run(command, text=True)


EXPECTED = {"profiles": list(PROFILES), "settings": list(BY_NAME)}

PERSONAL = ("agents",)
"""What a home without anything in it has none of."""


@pytest.mark.promise("S2-08")
@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_prints_a_name_a_line_and_nothing_else(kind):
    done = complete(kind)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == EXPECTED.get(kind, list(candidates(kind)))
    assert done.stdout.strip() or kind in PERSONAL
    assert all(name.isprintable() and " " not in name for name in candidates(kind))


def test_the_chapters_are_those_that_help_lists():
    listed = forked.run([sys.executable, "-m", "llmx", "help"], text=True, check=True).stdout
    assert list(candidates("topics")) == [line.split()[0] for line in listed.splitlines()]


def test_a_kind_there_is_not_prints_nothing():
    done = complete("nonsense")
    assert (done.returncode, done.stdout, done.stderr) == (2, "", "")
