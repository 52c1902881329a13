"""Commands that take options of their own and then a command: which of their words are whose."""

from typing import NamedTuple

from llmx.core.policy.words import UNKNOWN, Words


class Prefix(NamedTuple):
    """``valued`` and ``plain`` are the letters of short options; a long one in ``long_valued`` takes the next word.

    ``before``: how many words stand before the command. ``is_transparent``: the command does the same without it.
    """

    valued: str = ""
    plain: str = ""
    long_valued: frozenset[str] = frozenset()
    long_plain: frozenset[str] = frozenset()
    before: int = 0
    is_transparent: bool = True
    tolerant: bool = False

    def split(self, words: Words) -> tuple[Words, Words, bool]:
        """Its own words, the command's, and whether the border between them is certain."""
        at, is_certain = 0, True
        while at < len(words) and words[at].startswith(("-", UNKNOWN)) and words[at] != "-":
            word = words[at]
            if word.startswith(UNKNOWN):
                return words[:at], words[at:], False
            at += 1
            if word == "--":
                break
            takes_next, is_known = self._read(word)
            is_certain &= is_known and UNKNOWN not in word
            at += takes_next
        at += self.before
        is_certain &= not any(UNKNOWN in word for word in words[:at])
        return words[:at], words[at:], is_certain

    def _read(self, word: str) -> tuple[bool, bool]:
        """Whether the option takes the next word as its value, and whether it is one that is known."""
        if word.startswith("--"):
            known = word in self.long_valued or word in self.long_plain or "=" in word or self.tolerant
            return word in self.long_valued, known
        for at, letter in enumerate(word[1:], 1):
            if letter in self.valued:
                return at == len(word) - 1, True
            if letter not in self.plain and not letter.isdigit() and not self.tolerant:
                return False, False
        return False, True


def _prefix(valued: str = "", plain: str = "", *, long: str = "", flags: str = "", before: int = 0) -> Prefix:
    names, switches = (frozenset(f"--{name}" for name in text.split()) for text in (long, flags))
    return Prefix(valued, plain, names, switches, before)


PREFIXES = {
    "env": _prefix("uCS", "i0v", long="unset chdir split-string", flags="ignore-environment null debug"),
    "nice": _prefix("n", long="adjustment"),
    "ionice": _prefix("cnpPu", "t", long="class classdata", flags="ignore"),
    "nohup": _prefix(),
    "timeout": _prefix("ks", "fvp", long="kill-after signal", flags="foreground preserve-status verbose", before=1),
    "setsid": _prefix("", "cfw", flags="ctty fork wait"),
    "stdbuf": _prefix("ioe", long="input output error"),
    "time": _prefix("fo", "apvql", long="format output", flags="append portability verbose quiet"),
    "command": _prefix("", "pvV"),
    "builtin": _prefix(),
    "exec": _prefix("a", "cl"),
    "noglob": _prefix(),
    "xargs": _prefix(
        "adEILnPs",
        "0oprtxeil",
        long="arg-file delimiter max-lines max-args max-procs max-chars process-slot-var",
        flags="null open-tty interactive no-run-if-empty verbose exit replace eof show-limits",
    ),
    "chrt": _prefix("TPD", "abdfiomRrv", before=1),
    "taskset": _prefix("", "ac", before=1),
    "flock": _prefix("wE", "sxeunoF", long="timeout wait conflict-exit-code", flags="shared nonblock", before=1),
    "strace": _prefix("oesSpPabEIOuUX", "cCdfFhiknqrtTvVwxyzYZ", long="output trace"),
    "ltrace": _prefix("oesnaluxpAFDX", "cCfhiLrStTV"),
    "watch": _prefix("nq", "bcdegprtwxC", long="interval", flags="exec beep color differences errexit no-title"),
    "caffeinate": _prefix("tw", "dimsu"),
    "setarch": _prefix("", "BFILRSTXZv"),
    **dict.fromkeys(("linux32", "linux64", "i386", "i686", "x86_64", "uname26"), _prefix("", "BFILRSTXZv")),
    "prlimit": _prefix("o", "")._replace(tolerant=True),
    "setpriv": _prefix()._replace(tolerant=True),
    "choom": _prefix("np", ""),
    "numactl": _prefix("iwmNCpPa", "", long="interleave weighted-interleave membind cpunodebind physcpubind preferred"),
    **dict.fromkeys(
        ("chronic", "eatmydata", "dbus-run-session", "systemd-inhibit", "torsocks", "cross-env"), _prefix()
    ),
    **dict.fromkeys(("gosu", "su-exec", "setuidgid", "s6-setuidgid", "envdir"), _prefix(before=1)),
    **dict.fromkeys(("proxychains", "proxychains4"), _prefix("f", "q")),
    "xvfb-run": _prefix("efnpsw", "al"),
    "fakeroot": _prefix("lfisb", "uhv"),
    "unbuffer": _prefix("", "p"),
    "rlwrap": _prefix("abcCdDefgHilmMnNopPqrRsStwzW")._replace(tolerant=True),
    "tini": _prefix("pe", "svwg"),
    "dumb-init": _prefix("r", "cv"),
    "sudo": _prefix("ugpCrThUDRaB", "AbEeHiKklnPSsvVN", long="user group")._replace(is_transparent=False),
    "doas": _prefix("uC", "Lns")._replace(is_transparent=False),
    "bunx": _prefix("p", "", flags="bun", long="package"),
    "npx": _prefix("pw", "yq", long="package workspace", flags="yes no quiet no-install ignore-existing"),
    "uvx": _prefix("pwfcn", long="with from python index with-requirements with-editable")._replace(tolerant=True),
    "git": _prefix(
        "Cc", "pP", long="git-dir work-tree namespace exec-path config-env super-prefix attr-source list-cmds"
    )._replace(tolerant=True),
    "a runner": _prefix(
        "pCFwn",
        "",
        long="with with-editable with-requirements python extra group only-group no-group directory project package"
        " env-file from index index-url default-index find-links prefix workspace dir filter no-extra link-mode"
        " refresh-package upgrade-package config-file cache-dir name cwd",
    )._replace(tolerant=True),
}

RUNNERS = {
    "uv": ("run",),
    "poetry": ("run",),
    "pipenv": ("run",),
    "pdm": ("run",),
    "hatch": ("run",),
    "rye": ("run",),
    "conda": ("run",),
    "mamba": ("run",),
    "pixi": ("run",),
    "bundle": ("exec",),
    "pyenv": ("exec",),
    "micromamba": ("run",),
    "rbenv": ("exec",),
    "mise": ("exec", "x"),
    "asdf": ("exec",),
    "pnpm": ("exec", "dlx"),
    "yarn": ("exec", "dlx"),
    "npm": ("exec", "x"),
    "bun": ("x",),
    "pipx": ("run",),
    "op": ("run",),
    "doppler": ("run",),
    "infisical": ("run",),
}
"""Programs of which one subcommand runs the words behind it."""
