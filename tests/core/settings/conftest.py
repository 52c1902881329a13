"""A home, a project and an /etc of a test's own."""

import os
from collections.abc import Mapping
from pathlib import Path

import pytest

from llmx import paths
from llmx.core.settings import Places, Settings, active, recall
from llmx.core.settings.merge import Merged, merge


class Machine:
    """The folders that settings come from, and the environment that points at them."""

    def __init__(self, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.monkeypatch = monkeypatch
        self.home = root / "home"
        self.project = self.home / "work" / "project"
        self.cwd = self.project / "src" / "deep"
        self.cwd.mkdir(parents=True)
        self.env = {"HOME": str(self.home), "PATH": "/usr/bin:/bin"}
        self.files = {
            "system": root / "etc" / "config.toml",
            "user": self.home / ".config" / "llmx" / "config.toml",
            "project": self.project / "llmx.toml",
            "config": root / "given.toml",
        }
        self.cache = self.home / ".cache" / "llmx" / "settings.marshal"
        self.record = self.home / ".local" / "state" / "llmx" / "trust.json"

    def write(self, layer: str, text: str) -> Path:
        """Write one layer's file."""
        file = self.files[layer]
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
        return file

    def places(self, *, config: bool = False, profile: str | None = None) -> Places:
        return Places(self.env, str(self.cwd), str(self.files["config"]) if config else None, profile)

    def merged(
        self, *, config: bool = False, profile: str | None = None, flags: Mapping[str, object] | None = None
    ) -> Merged:
        return merge(self.places(config=config, profile=profile), self.env, flags)

    def active(self, *, config: bool = False, profile: str | None = None, lenient: bool = False) -> Settings:
        file = str(self.files["config"]) if config else None
        return active(self.env, str(self.cwd), file=file, profile=profile, lenient=lenient)

    def give_away(self, file: Path) -> None:
        """Make it another user's; who is not root cannot, and becomes another user instead."""
        if os.geteuid() == 0:
            os.chown(file, 65534, 65534)
        else:
            another = os.geteuid() + 1
            self.monkeypatch.setattr(os, "geteuid", lambda: another)

    def remembered(self) -> Settings:
        """The settings as the cache gives them, once the files are old enough to be remembered."""
        while (found := recall(self.places())) is None:
            self.active()
        return found


@pytest.fixture
def machine(tmp_path, monkeypatch):
    made = Machine(tmp_path, monkeypatch)
    monkeypatch.setattr(paths, "SYSTEM_CONFIG", str(made.files["system"]))
    return made
