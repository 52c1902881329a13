"""Names of artifacts: below the output folder, and none that something runs or obeys later because it is called so."""

import os
import re
from pathlib import PurePosixPath

from llmx.core.sandbox.sensitive import AT_THE_ROOT
from llmx.errors import PolicyError

LONGEST_NAME, LONGEST_PART = 200, 120

_OBEYED = (
    # git, and systems that run what a repository says
    ".gitmodules .gitattributes .gitconfig .github .gitlab .gitlab-ci.yml .circleci .travis.yml .buildkite"
    " .drone.yml .woodpecker .woodpecker.yml .gitea .forgejo jenkinsfile .llmx"
    " azure-pipelines.yml bitbucket-pipelines.yml"
    # shells, and programs that read a file of the home folder
    " .profile .bashrc .bash_profile .bash_login .bash_logout .zshrc .zshenv .zprofile .zlogin .inputrc .ssh .netrc"
    " .npmrc .yarnrc .yarnrc.yml .pypirc .gemrc .cargo"
    # what Python imports by itself
    " sitecustomize.py usercustomize.py"
)
OBEYED = frozenset((*_OBEYED.split(), *(name.lower() for name in AT_THE_ROOT)))
"""What the sandbox watches as well, and what only matters where somebody else made the file."""
_SHORT_GIT = re.compile(r"git~\d+")


def check_name(name: str) -> str:
    """``name`` where it names a file below a folder; raises ``PolicyError`` for one that leads elsewhere."""
    path = PurePosixPath(name)
    parts = path.parts
    is_odd = not name or not name.isprintable() or "\\" in name or ":" in name or len(name) > LONGEST_NAME
    leads_out = path.is_absolute() or ".." in parts or not parts or any(part.lower() == ".git" for part in parts)
    is_long = any(len(os.fsencode(part)) > LONGEST_PART for part in parts)
    if is_odd or leads_out or is_long or name.endswith("/"):
        raise PolicyError(f"{name!r} is no name for an artifact: it must be a file below the output folder")
    return str(path)


def is_obeyed(name: str) -> bool:
    """Whether something runs what is called so, or takes it for orders: a hook, a workflow, an agent's instructions."""
    parts = [part.lower().rstrip(". ") for part in PurePosixPath(name).parts]  # as Windows and macOS tell them apart
    return parts[-1].endswith(".code-workspace") or any(part in OBEYED or _SHORT_GIT.fullmatch(part) for part in parts)
