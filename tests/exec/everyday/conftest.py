"""A project in an ordinary user's HOME, and ordinary work done in it under llm-exec."""

import os
import shutil
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[3]
PYTHON = os.path.realpath(sys.executable)
IDENTITY = "[user]\n\tname = Ada\n\temail = ada@example.org\n[init]\n\tdefaultBranch = main\n"
LLM_EXEC = [sys.executable, "-m", "llmx", "exec"]
SHELL = ["bash", "-euo", "pipefail", "-c"]


class Project:
    """``work``: a git repository with a commit, in the HOME of ``place``."""

    def __init__(self, place):
        self.place = place
        self.place.tool = LLM_EXEC
        self.home = place.folder
        self.write(".gitconfig", IDENTITY)
        self.work = self.home / "work"
        self.write("work/AGENTS.md", "on main\n")
        self.write("work/file", "one\n")
        self.outside("git init -q && git add -A && git commit -qm first")

    def write(self, name, text, mode=0o644):
        """A file in HOME, the user's like every folder above it."""
        path = self.home / name
        for parent in reversed(path.parents):
            if not parent.exists():
                parent.mkdir()
                os.chown(parent, self.place.uid, -1)
        return self.place.write(name, text, mode)

    def outside(self, script, cwd=None):
        """Do something as the user without llm-exec."""
        ran = self.place.run(program=[*SHELL, script], cwd=cwd or self.work)
        assert ran.code == 0, ran
        return ran.out.decode()

    def run(self, script, *options, cwd=None, **env):
        """Run a script under llm-exec, which must go well; the result."""
        ran = self.place.run("--json", *options, "--", *SHELL, script, cwd=cwd or self.work, env=env, patience=90)
        assert ran.result["status"] == "ok", ran
        assert "degraded" not in ran.result.get("sandbox", {}), ran
        return ran.result


@pytest.fixture
def project(make_place, ordinary_user):
    """As root with a HOME where homes are, which no temporary folder hides."""
    place = make_place(ordinary_user.pw_uid, ordinary_user.pw_dir)
    place.env["USER"] = place.env["LOGNAME"] = ordinary_user.pw_name
    return Project(place)


@pytest.fixture
def needs():
    """Skip, loudly, where a program of the action is not installed."""

    def check(*programs):
        missing = [name for name in programs if not shutil.which(name, path="/usr/local/bin:/usr/bin:/bin")]
        if missing:
            pytest.skip(f"NOT TESTED: {', '.join(missing)} is not installed here")

    return check
