"""A home with a project in it, and a shorthand for applying a source."""

import os
from pathlib import Path
from typing import NamedTuple

import pytest

from llmx.clients.applying import prepare
from llmx.clients.protocol import Where
from llmx.clients.registry import find
from llmx.core.source import read_source


class Setting(NamedTuple):
    """A home and a project, and what is done there."""

    home: Path
    where: Where

    def source(self, text):
        """The source that a settings file with that text is."""
        return read_source(str(self.home / ".config/llmx/config.toml"), text.encode())

    def prepared(self, client, text, *, scope="user", **options):
        """The comparison for one client."""
        clients = [find(client) if isinstance(client, str) else client]
        return prepare({scope: self.source(text)}, clients, self.where, **options)

    def apply(self, client, text, **options):
        """Carry it out; the comparison."""
        ready = self.prepared(client, text, **options)
        ready.plan().apply()
        return ready

    def file(self, client, at=0, scope="user"):
        """One of the client's files."""
        return find(client).files(self.where, scope)[at].path

    def write(self, client, data, at=0, scope="user"):
        """Put data into one of the client's files."""
        file = self.file(client, at, scope)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data.encode() if isinstance(data, str) else data)
        return file


@pytest.fixture
def setting(home, tmp_path, monkeypatch):
    for name in ("CLAUDE_CONFIG_DIR", "CODEX_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    return Setting(home, Where(os.environ, tmp_path, "linux"))
