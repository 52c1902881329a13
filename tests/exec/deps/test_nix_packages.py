"""The table of commands and the packages that bring them."""

from importlib.resources import files

import pytest

from llmx.exec.deps.nix import SOURCE, is_attribute, packages
from llmx.exec.deps.nix_hints import likely


def test_every_row_names_a_package_and_no_command_stands_twice():
    found = packages()
    assert len(found) > 250
    assert all(map(is_attribute, found.values()))
    text = (files("llmx") / "data/nix-packages.txt").read_text("ascii")
    words = [line.split() for line in text.splitlines() if not line.startswith("#")]
    commands = [command for row in words for command in row[1:] or row]
    assert len(commands) == len(set(commands))
    assert [row[0].lower() for row in words] == sorted(row[0].lower() for row in words)


@pytest.mark.parametrize(
    ("command", "package"),
    [("rg", "ripgrep"), ("fd", "fd"), ("go", "go"), ("pytest", "python3Packages.pytest"), ("no-such", "")],
)
def test_a_commands_package(command, package):
    assert SOURCE.package_of(command) == package


@pytest.mark.parametrize(
    ("typed", "meant"), [("rg", "ripgrep"), ("ripgrepp", "ripgrep"), ("nodejss", "nodejs"), ("zzz", ""), ("jq", "")]
)
def test_what_a_name_that_nixpkgs_has_not_probably_meant(typed, meant):
    assert likely(typed, ["ripgrep", "ripgrep-all", "nodejs", "fd"]) == meant
