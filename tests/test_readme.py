"""README's own commands work for someone new, and the one-file build runs under both of its names."""

import json
import os
import shutil
import subprocess
import tempfile
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
BLOCKS = [block.split("\n```")[0] for block in (ROOT / "README.md").read_text().split("```sh\n")[1:]]
LEFT_OUT = shutil.ignore_patterns(".git", ".venv", "__pycache__", ".*_cache", ".hypothesis", ".coverage*")


@pytest.fixture(scope="module")
def installed(ordinary_user):
    """A copy of the checkout in which an ordinary user has run README's first command: its folder and its output."""
    folder = Path(tempfile.mkdtemp(prefix="newcomer-"))  # not below pytest's folder, which every session closes again
    folder.chmod(0o755)
    checkout = folder / "llmx"
    shutil.copytree(ROOT, checkout, ignore=LEFT_OUT)
    if os.getuid() == 0:
        subprocess.run(["chown", "-R", str(ordinary_user.pw_uid), folder], check=True)
    command = BLOCKS[0].split(" && ", 1)[1]  # the packages of apt-get are there, or this suite would not run
    assert "apt-get" not in command
    done = as_newcomer(ordinary_user, ["sh", "-c", command], checkout)
    yield checkout, done
    shutil.rmtree(folder)


def as_newcomer(user, command, cwd):
    environment = {"PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": str(cwd.parent), "LANG": "C.UTF-8"}
    environment["PIP_NO_COMPILE"] = "1"  # of 60 packages, of which hardly anything is run here
    environment |= {name: value for name, value in os.environ.items() if name.startswith("PIP_")}
    other = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []} if os.getuid() == 0 else {}
    return subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, check=False, **other)


@pytest.mark.promise("S0-56")
@pytest.mark.timeout(300)
def test_the_first_command_runs_quickstart_to_its_end(installed):
    _, done = installed
    assert done.returncode == 0, done.stdout + done.stderr
    assert "sandbox, " in done.stdout
    assert "The capital of France is Paris." in done.stdout
    assert done.stdout.splitlines()[-1].startswith("  llmx model pull ")


@pytest.mark.timeout(300)
def test_its_console_scripts_do_not_import_re(installed):
    checkout, _ = installed
    for name in ("llmx", "llm-exec"):
        text = (checkout / ".venv/bin" / name).read_text()
        assert "import sys" in text
        assert "import re" not in text


@pytest.mark.timeout(300)
def test_the_wheel_carries_its_data(installed, ordinary_user):
    checkout, _ = installed
    for words in (["llm-exec", "--schema"], ["llmx", "help", "exit-codes"]):
        done = as_newcomer(ordinary_user, [str(checkout / ".venv/bin" / words[0]), *words[1:]], checkout.parent)
        assert done.returncode == 0, done.stderr
        assert len(done.stdout) > 500


def test_the_second_command_is_what_ci_runs():
    assert "python -m pytest" in BLOCKS[1]
    assert "grep -F 'python -m pytest' README.md" in (ROOT / ".ci/run").read_text()


@pytest.mark.timeout(300)
def test_the_one_file_build_runs_under_both_names(installed, ordinary_user):
    checkout, _ = installed
    command = next(part for part in (ROOT / "README.md").read_text().split("`") if ".venv/bin/shiv" in part)
    made = as_newcomer(ordinary_user, ["sh", "-c", command], checkout)
    assert made.returncode == 0, made.stderr
    (checkout / "llm-exec").symlink_to("llmx.pyz")
    done = as_newcomer(ordinary_user, ["./llmx.pyz", "--version"], checkout)
    assert done.stdout.startswith("llmx "), done.stderr
    done = as_newcomer(ordinary_user, ["./llm-exec", "--json", "--", "sh", "-c", "exit 3"], checkout)
    assert json.loads(done.stdout)["exit_code"] == done.returncode == 3


@pytest.mark.promise("S2-95")
def test_ci_holds_warnings_and_coverage():
    configuration = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]
    assert configuration["pytest"]["ini_options"]["filterwarnings"] == ["error"]
    assert configuration["coverage"]["report"]["fail_under"] >= 95
    assert "coverage report" in (ROOT / ".ci/run").read_text()
