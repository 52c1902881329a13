"""A user of Nix without a network: a store of their own, and the small package set beside this file."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.exec.conftest import LLM_EXEC

PACKAGES = Path(__file__).parent / "nixpkgs"
NIX_CONFIG = "sandbox = false\nbuild-users-group =\nsubstitute = false\n"


def at_nix(place):
    """``place`` with a project in it, sandboxed runs, and Nix with a store that is this user's own."""
    place.tool = LLM_EXEC
    place.work = place.folder / "work"
    place.work.mkdir(exist_ok=True)
    place.nixpkgs = place.folder / "nixpkgs"
    shutil.copytree(PACKAGES, place.nixpkgs)
    for path in (place.work, place.nixpkgs, *place.nixpkgs.iterdir()):
        os.chown(path, place.uid, place.uid)
        if path != place.work:
            os.utime(path, (0, 0))
    nix = place.folder / "nix"
    place.env |= {
        "NIX_PATH": f"nixpkgs={place.nixpkgs}",
        "NIX_CONFIG": NIX_CONFIG,
        "NIX_STORE_DIR": f"{nix}/store",
        "NIX_STATE_DIR": f"{nix}/state",
        "NIX_LOCALSTATE_DIR": f"{nix}/var",
        "NIX_LOG_DIR": f"{nix}/log",
    }
    return place


@pytest.fixture
def place(ordinary_place):
    """A user of Nix."""
    yield at_nix(ordinary_place)
    make_removable(ordinary_place)


@pytest.fixture
def anyones_place(either_place):
    """A user of Nix, root and ordinary."""
    yield at_nix(either_place)
    make_removable(either_place)


def make_removable(place):
    """Nix's store lets nobody write, its owner included."""
    subprocess.run(["chmod", "-R", "u+w", str(place.folder)], check=True)


@pytest.fixture
def run(place):
    """Run llm-exec in the project."""

    def run(*words, **options):
        return place.run(*words, **{"cwd": place.work, **options})

    return run
