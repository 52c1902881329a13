"""Paths as they were typed: what they lead to, and whether a command may have it."""

import os

from llmx.core.sandbox.workspace import is_below, refusal
from llmx.errors import ExecError

_MOST = 40  # links on the way, as many as the kernel follows


def to_write(path: str, cwd: str, home: str) -> str:
    """The real path that ``--write`` names; raises ``ExecError`` where it is not there, or opens too much."""
    found = _existing("--write", path, cwd, home)
    if reason := refusal(found, home):
        raise ExecError(
            f"--write {found} opens too much: {reason}",
            code="sandbox",
            hint=f"--write {found.rstrip('/')}/DIR names a folder inside it; --no-sandbox runs without a sandbox",
        )
    return found


def to_read(path: str, cwd: str, home: str) -> str:
    """The real path that ``--read`` names; raises ``ExecError`` where it is not there."""
    return _existing("--read", path, cwd, home)


def _existing(option: str, path: str, cwd: str, home: str) -> str:
    found = follow(option, os.path.join(cwd, path), home)
    if not os.path.exists(found):
        raise ExecError(
            f"{option} {path}: {found} does not exist", code="sandbox", hint=f"make it first, or drop {option}"
        )
    return found


def follow(option: str, path: str, home: str) -> str:
    """The real path of ``path``, an absolute one; raises ``ExecError`` where a link leads out of a git work tree.

    A command may have put it there for the next. Each link is read once, so that nothing can be exchanged between its
    check and its use.
    """
    left, trees = [part for part in reversed(path.split("/")) if part], []
    folder = ""
    while left:
        part = left.pop()
        if part in (".", ".."):
            folder = folder if part == "." else os.path.dirname(folder)
            continue
        target = _target(f"{folder}/{part}")
        if not target:
            folder = f"{folder}/{part}"
            continue
        trees.append(_work_tree(folder or "/", home))
        if len(trees) > _MOST:
            raise ExecError(f"{option} {path}: too many links", code="sandbox")
        left += [part for part in reversed(target.split("/")) if part]
        folder = "" if target.startswith("/") else folder
    if out := next((tree for tree in trees if tree and not is_below(folder, tree)), ""):
        raise ExecError(
            f"{option} {path} leads out of {out} by a link, which a command in there may have made",
            code="sandbox",
            hint=f"{option} {folder} if that is meant",
        )
    return folder or "/"


def _target(path: str) -> str:
    try:
        return os.readlink(path)
    except OSError:  # no link, or nothing at all
        return ""


def _work_tree(folder: str, home: str) -> str:
    """The root of the git work tree that ``folder`` is in; "" for none."""
    while not refusal(folder, home):
        if os.path.lexists(f"{folder}/.git"):
            return folder
        folder = os.path.dirname(folder)
    return ""
