"""Parts by name: our own first, then what installed packages offer."""

import sys

import pytest

from llmx.core import plugins

BUILTIN = {"own": "llmx.paths:home", "row": ("a", "table's row")}


@pytest.fixture
def package(tmp_path, monkeypatch):
    """An installed package with entry points."""
    info = tmp_path / "extra_parts-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: extra-parts\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[llmx.things]\nown = extra_parts:ONE\nother = extra_parts:OTHER\n")
    (tmp_path / "extra_parts.py").write_text("ONE = 1\nOTHER = 'the other'\n")
    monkeypatch.syspath_prepend(tmp_path)
    yield
    sys.modules.pop("extra_parts", None)


def test_our_own_is_found_without_looking_further(monkeypatch):
    monkeypatch.setattr(plugins, "load", lambda target: target)
    assert plugins.find("llmx.things", "own", BUILTIN) == "llmx.paths:home"
    assert plugins.find("llmx.things", "row", BUILTIN) == ("a", "table's row")


def test_a_packages_part_is_found_and_cannot_take_the_place_of_ours(package):
    assert plugins.find("llmx.things", "other", BUILTIN) == "the other"
    assert plugins.find("llmx.things", "own", BUILTIN) is plugins.load("llmx.paths:home")
    assert plugins.names("llmx.things", BUILTIN) == ["own", "row", "other"]


def test_nobody_knows_the_rest(package):
    assert plugins.find("llmx.things", "third", BUILTIN) is None
    assert plugins.find("llmx.others", "other", BUILTIN) is None
    assert plugins.names("llmx.others", BUILTIN) == ["own", "row"]
