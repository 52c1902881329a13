"""Promises and tests name each other."""

import re

from tests.promises import shown_by
from tests.promises.rows import ROWS


def test_every_promise_is_shown_by_a_test():
    tests = shown_by()
    assert [row.id for row in ROWS if row.id not in tests] == []


def test_every_test_that_names_a_promise_names_one_of_the_rows():
    assert set(shown_by()) - {row.id for row in ROWS} == set()


def test_ids_are_well_formed_and_stand_once():
    ids = [row.id for row in ROWS]
    assert len(ids) == len(set(ids))
    assert all(re.fullmatch(r"S[0-4]-\d\d", id) for id in ids)
