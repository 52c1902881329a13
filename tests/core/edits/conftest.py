"""An edit's surroundings: a home of its own, an ordinary user, a small disk."""

import os
import pwd
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
USER = "llmx-edits-test"


def listing(folder: Path) -> list[str]:
    """Everything in ``folder``, by name."""
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


@pytest.fixture(autouse=True)
def state(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The state folder of a home that is empty."""
    home = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("HOME", str(home))
    for name in ("XDG_STATE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    return home / ".local/state/llmx/edits"


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str, str | bytes], Path]:
    """A function that makes a file in the test's folder."""

    def made(name: str, content: str | bytes) -> Path:
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content.encode() if isinstance(content, str) else content)
        return file

    return made


@pytest.fixture(scope="session")
def ordinary_account() -> Iterator[pwd.struct_passwd]:
    """The account of a user without rights; the current one where the tests do not run as root."""
    if os.geteuid() != 0:
        yield pwd.getpwuid(os.geteuid())
        return
    try:
        account, made = pwd.getpwnam(USER), False
    except KeyError:
        subprocess.run(["useradd", "--no-create-home", "--shell", "/bin/sh", USER], check=True, capture_output=True)
        account, made = pwd.getpwnam(USER), True
    yield account
    if made:
        subprocess.run(["userdel", USER], check=False, capture_output=True)


class OrdinaryUser:
    """Runs Python code as a user whom file modes stop; ``home`` is the user's."""

    def __init__(self, account: pwd.struct_passwd, home: Path) -> None:
        self.account = account
        self.home = home

    def owns(self, *places: Path) -> None:
        """Give files to the user."""
        for place in places:
            os.chown(place, self.account.pw_uid, self.account.pw_gid)

    def run(self, code: str) -> subprocess.CompletedProcess[str]:
        """Run ``code``, and hand back what it printed."""
        me, root = self.account, os.geteuid() == 0
        return subprocess.run(
            [sys.executable, "-c", code],
            env={
                "HOME": str(self.home),
                "PATH": os.environ["PATH"],
                "PYTHONPATH": str(ROOT),
                "PYTHONDONTWRITEBYTECODE": "1",
            },
            cwd="/",
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
            user=me.pw_uid if root else None,
            group=me.pw_gid if root else None,
            extra_groups=[] if root else None,
        )


@pytest.fixture
def ordinary_user(ordinary_account: pwd.struct_passwd) -> Iterator[OrdinaryUser]:
    """An ordinary user with a home that only the test knows."""
    home = Path("/tmp") / f"llmx-edits-home-{os.getpid()}"
    home.mkdir(mode=0o755)
    user = OrdinaryUser(ordinary_account, home)
    user.owns(home)
    yield user
    subprocess.run(["chmod", "-R", "u+rwx", str(home)], check=False)
    shutil.rmtree(home)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A folder with room for 64 KB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=64k,mode=0755", "tmpfs", str(folder)],
        capture_output=True,
        text=True,
        check=False,
    )
    if mounted.returncode != 0:
        pytest.skip(f"NOT TESTED, a full disk: no tmpfs can be mounted here: {mounted.stderr.strip()}")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)
