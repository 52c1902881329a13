"""A text before and after some operations: how the tests of the formats are written down."""

from typing import NamedTuple

import pytest

from llmx.core.edits import Operation
from llmx.core.edits.formats import find
from llmx.core.edits.rewrite import rewrite
from llmx.core.edits.text import decode


class Case(NamedTuple):
    what: str
    format: str
    before: str
    operations: list[Operation]
    after: str


def each(cases: list[Case]) -> pytest.MarkDecorator:
    """One test for every case, named after it."""
    return pytest.mark.parametrize("case", cases, ids=[f"{case.format}: {case.what}" for case in cases])


def rewritten(case: Case) -> str:
    """The case's text after its operations."""
    before = decode(case.before.encode())
    return rewrite(before, find(case.format), tuple(case.operations)).encode().decode()
