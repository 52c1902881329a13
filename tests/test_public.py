"""``from llmx import …``: each public name is there, and none is imported before it is asked for."""

import importlib
import subprocess
import sys

import pytest

import llmx


@pytest.mark.parametrize("name", llmx._PUBLIC)
def test_each_public_name_is_what_its_module_has(name):
    assert getattr(llmx, name) is getattr(importlib.import_module(llmx._PUBLIC[name]), name)
    assert name in dir(llmx)


def test_an_unknown_name_is_refused():
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        llmx.nonsense  # noqa: B018


def test_importing_llmx_imports_nothing_else():
    code = "import sys; import llmx; print(*[name for name in sys.modules if name.startswith('llmx')])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "llmx\n"
