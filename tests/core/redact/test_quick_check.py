"""The quick check lets through whatever a rule would mask, and costs an ordinary command nothing."""

import re
import subprocess
import sys

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from llmx.core.redact import PROGRAMS, contexts, may_hold_a_secret, programs
from llmx.core.redact import argv as thorough
from llmx.core.redact.shapes import SHAPES

CONTEXTS = [contexts.ASSIGNMENT, contexts.OPTION, contexts.QUERY, contexts.CURL_USER, contexts.AUTH_USER]
PATTERNS = [
    *[pytest.param(shape.pattern, re.ASCII, id=shape.name) for shape in SHAPES],
    *[pytest.param(context.pattern, context.flags, id=context.pattern[:40]) for context in CONTEXTS],
]


@pytest.mark.parametrize(("pattern", "flags"), PATTERNS)
def test_the_shortest_texts_that_a_pattern_allows_pass_the_quick_check(pattern: str, flags: int) -> None:
    @settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.from_regex(re.compile(pattern, flags)), st.sampled_from(["", "curl "]))
    def check(text: str, before: str) -> None:
        for argv in (["x", before + text], ["sh", "-c", before + text], [*before.split(), text]):
            assert thorough.mask_argv(argv, {}) == argv or may_hold_a_secret(argv, {})

    check()


def test_every_program_with_a_rule_is_known_to_the_quick_check() -> None:
    words = {name.rpartition(" ")[2] if name.endswith("login") else name.split()[0] for name in programs.BY_NAME}
    assert words - {"curl"} == PROGRAMS
    searched = {name for names in programs.BY_PART.values() for name in names}
    assert searched == programs.BY_NAME.keys() - {"http", "https"}


QUICK = [["true"], ["ls", "-la"], ["git", "commit", "-m", "message"], ["pytest", "-q", "tests/core"]]


def test_the_quick_check_of_an_ordinary_command_loads_neither_re_nor_the_thorough_part() -> None:
    code = f"""if True:
        import sys
        from llmx.core.redact import mask_argv
        env = {{f"VARIABLE_{{n}}": f"/some/value/{{n}}" for n in range(39)}} | {{"A_TOKEN": "hidden-1"}}
        for argv in {QUICK!r}:
            assert mask_argv(argv, env) == argv
        print(*sorted(m for m in sys.modules if m == "re" or m.startswith("llmx.core.redact.")))
    """
    result = subprocess.run([sys.executable, "-S", "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.split() == []
