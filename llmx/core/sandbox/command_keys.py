"""The keys of a git configuration that make git run a program, load more configuration, or go elsewhere for either."""

import os

SECTIONS = frozenset(
    b"alias include includeif credential filter pager hook difftool mergetool guitool browser man instaweb sendemail"
    b" protocol safe url interactive imap tig".split()
)
"""Sections of which everything counts: programs, further files, and what decides whom to trust."""

KEYS = frozenset(
    b"core.hookspath core.fsmonitor core.sshcommand core.editor core.pager core.askpass core.gitproxy"
    b" core.alternaterefscommand core.protecthfs core.protectntfs sequence.editor diff.external web.browser"
    b" init.templatedir uploadpack.packobjectshook gc.recentobjectshook lfs.standalonetransferagent"
    # a path out of git's folder of tools, and a line break in the list of what a rebase does
    b" diff.tool diff.guitool merge.tool merge.guitool rebase.instructionformat".split()
)

NAMES = {
    b"diff": (b"command", b"textconv"),
    b"merge": (b"driver",),
    b"gpg": (b"program", b"defaultkeycommand"),
    b"remote": (b"uploadpack", b"receivepack", b"vcs", b"proxy"),
    b"tar": (b"command",),
    b"trailer": (b"command", b"cmd"),
    b"http": tuple(b"proxy sslverify sslcainfo sslcapath sslcert sslkey curloptresolve cookiefile savecookies".split()),
    b"lfs": (b"path", b"clean", b"smudge", b"standalonetransferagent"),
}
"""Section -> names that count in it, with a subsection or without."""

ENDINGS = (
    *(b"command", b"cmd", b"program", b"helper", b"driver", b"textconv", b"askpass", b"editor", b"pager", b"prog"),
    *(b"hook", b"hooks", b"-options"),
)
"""What such keys of tools around git are called, too: git-flow's hooks, the options that git-annex gives to ssh."""


def runs_later(key: bytes, value: bytes | None, git_dir: str, work: str) -> bool:
    """Whether ``key`` (as ``git_config.Variable`` has it) with ``value`` counts.

    ``git_dir`` is the folder of the configuration and ``work`` the work tree that it may name as its own.
    """
    section, _, rest = key.partition(b".")
    name = rest.rpartition(b".")[2]
    if key == b"core.worktree":
        return not _is_inside(value, git_dir, work)
    if section == b"submodule" and name == b"update":
        return (value or b"").startswith(b"!")
    return section in SECTIONS or key in KEYS or name in NAMES.get(section, ()) or name.endswith(ENDINGS)


def is_address(key: bytes, _value: bytes | None = None) -> bool:
    """Whether it says where a remote is, which runs nothing."""
    return key.startswith(b"remote.") and key.endswith((b".url", b".pushurl"))


def _is_inside(value: bytes | None, git_dir: str, work: str) -> bool:
    """Whether the path leads into the work tree, as it is written and as its links lead."""
    path = os.path.join(git_dir, os.fsdecode(value or b""))
    return all(f"{found}/".startswith(f"{work}/") for found in (os.path.normpath(path), os.path.realpath(path)))
