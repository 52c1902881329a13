"""Keep secrets out of what llmx writes down: the audit log, stored output, errors, traces, records, reports.

This module decides in microseconds whether a text could hold a secret at all; only then is the thorough part loaded.
False alarms cost milliseconds, a miss would cost a secret: every rule here is wider than the one it guards.
"""

from llmx.core.plugins import load

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from types import TracebackType
    from typing import Any


WORDS = ("key", "token", "secret", "pass", "pwd", "cred", "auth", "private", "dsn", "cookie", "session", "jwt", "sig")
"""Every secret-announcing name holds one of these, in lower case."""

QUERY_NAMES = ("code=", "sid=", "hash=")
"""The names of secrets in a URL's query that hold none of ``WORDS``."""

ANCHORS = (
    *("sk-", "sk_live_", "sk_test_", "rk_live_", "rk_test_", "whsec_", "hf_", "gsk_", "xai-", "r8_", "pplx-", "nvapi-"),
    *(
        "tvly-",
        "lsv2_",
        "pcsk_",
        "fw_",
        "ghp_",
        "gho_",
        "ghu_",
        "ghr_",
        "ghs_",
        "github_pat_",
        "glpat-",
        "gldt-",
        "glrt-",
    ),
    *("glptt-", "glsoat-", "glft-", "glimt-", "npm_", "pypi-", "rubygems_", "dckr_", "PMAK-", "figd_", "AKIA", "ASIA"),
    *(
        "ABIA",
        "ACCA",
        "AIza",
        "ya29.",
        "GOCSPX-",
        "1//0",
        "AccountKey=",
        "dop_",
        "doo_",
        "dor_",
        "cfut_",
        "cfat_",
        "cfk_",
    ),
    *(
        "v1.0-",
        "dapi",
        "hvs.",
        "hvb.",
        "hvr.",
        ".atlasv1.",
        "pul-",
        "dp.pt.",
        "dp.st.",
        "dp.ct.",
        "sbp_",
        "tskey-",
        "xox",
    ),
    *("xapp-", "hooks.slack.com/", "SK", "SG.", "key-", ":AA", "/webhooks/", "lin_", "secret_", "ntn_", "shp", "sq0"),
    *("EAAA", "sntry", "ATATT3", "NRAK-", "dt0c01.", "eyJ", "AGE-SECRET-KEY-1"),
)
"""Every shape holds one of these, or is a Discord token (long, with two dots)."""

_PROGRAMS = """
    sshpass mysql mysqldump mysqladmin mysqlimport mysqlshow mysqlsh mariadb mariadb-dump mariadb-admin mariadb-import
    redis-cli valkey-cli mongo mongosh mongodump mongorestore mongoexport mongoimport cqlsh ldapsearch ldapadd
    ldapmodify ldapdelete ldappasswd ldapwhoami smbclient rpcclient smbget zip unzip 7z 7za 7zr 7zz rar unrar login
    secret secrets openssl lftp snmpget snmpwalk snmpset snmpbulkwalk ipmitool mosquitto_pub mosquitto_sub sqlcmd bcp
    xfreerdp wlfreerdp nmcli http https xh xhs"""
PROGRAMS = frozenset(_PROGRAMS.split())
"""Programs (or their commands) that take a secret behind an option whose name does not say so; curl apart."""

_WORD_CHARACTERS = " " * 45 + "-. 0123456789:      ABCDEFGHIJKLMNOPQRSTUVWXYZ    _ abcdefghijklmnopqrstuvwxyz     "
"""ASCII with a space for what parts words."""

SHORTEST_SHAPE = 17
"""No shape is shorter, in characters without white space."""

SHORTEST_DOTTED_SHAPE = 57
"""The shortest Discord token."""


def mask_argv(argv: "list[str]", env: "Mapping[str, str]") -> "list[str]":
    """``argv`` with every secret replaced by ``[redacted]``; names and public prefixes stay."""
    if not may_hold_a_secret(argv, env):
        return list(argv)
    masked: list[str] = load("llmx.core.redact.argv:mask_argv")(argv, env)
    return masked


def mask_text(text: str, env: "Mapping[str, str]") -> str:
    """``text`` with every secret replaced by ``[redacted]``."""
    if not may_hold_a_secret((text,), env):
        return text
    masked: str = load("llmx.core.redact.stream:mask_text")(text, env)
    return masked


def mask_message(text: str, env: "Mapping[str, str]", argv: "list[str]") -> str:
    """``text`` about the command line ``argv``, also without what only there can be seen to be a secret."""
    if not (may_hold_a_secret((text,), env) or may_hold_a_secret(argv, env)):
        return text
    masked: str = load("llmx.core.redact.argv:mask_message")(text, env, argv)
    return masked


def show_defect(kind: "type[BaseException]", error: BaseException, trace: "TracebackType | None") -> None:
    """Print the traceback of a defect, masked: a ``sys.excepthook``."""
    load("llmx.core.redact.tracebacks:show")(kind, error, trace)


class Masker:
    """Masks a stream of bytes, the same however it is cut; holds back at most one window of an unfinished line."""

    __slots__ = ("_stream",)

    def __init__(self, env: "Mapping[str, str]") -> None:
        self._stream: Any = load("llmx.core.redact.stream:ByteStream")(env)

    def feed(self, data: bytes) -> bytes:
        """What can be written now."""
        masked: bytes = self._stream.feed(data)
        return masked

    def finish(self) -> bytes:
        """The rest that was held back."""
        masked: bytes = self._stream.finish()
        return masked


def may_hold_a_secret(texts: "Sequence[str]", env: "Mapping[str, str]") -> bool:
    """Whether the thorough part has to look: true too often, never false where it would mask something."""
    joined = "\n".join(texts)
    if _holds_a_variable(joined, env) or _holds_a_shape(joined) or _holds_a_named_value(joined, texts):
        return True
    return _calls_a_program(joined) or (
        "%" in joined and load("llmx.core.redact.escapes:may_hide_a_secret")(texts, env)
    )


def _calls_a_program(joined: str) -> bool:
    if PROGRAMS.isdisjoint(joined.translate(_WORD_CHARACTERS).split()):
        return not joined.isascii() and any(program in joined for program in PROGRAMS)
    return True


def _holds_a_variable(joined: str, env: "Mapping[str, str]") -> bool:
    for value in env.values():
        if len(value) > 5 and (value in joined or ("\n" in value and _shares_a_line(value, joined))):
            return bool(load("llmx.core.redact.names:occurs_in")(joined, env))
    return False


def _shares_a_line(value: str, joined: str) -> bool:
    for line in value.split("\n"):
        stripped = line.strip()
        if len(stripped) > 5 and stripped in joined:
            return True
    return False


def _holds_a_shape(joined: str) -> bool:
    if "://" in joined and "@" in joined:
        return True
    long = " ".join([word for word in joined.split() if len(word) >= SHORTEST_SHAPE])
    if not long:
        return False
    for anchor in ANCHORS:
        if anchor in long:
            return True
    return len(long) >= SHORTEST_DOTTED_SHAPE and long.count(".") > 1 and _has_a_dotted_word(long)


def _has_a_dotted_word(long: str) -> bool:
    return any(len(word) >= SHORTEST_DOTTED_SHAPE and word.count(".") > 1 for word in long.split())


def _holds_a_named_value(joined: str, texts: "Sequence[str]") -> bool:
    lowered = joined.lower()
    if "bearer" in lowered or "basic" in lowered or "-----begin" in lowered:
        return True
    if "curl" in lowered and _may_name_a_user(texts):
        return True
    if "=" in lowered and _names_a_query_secret(lowered):
        return True
    for word in WORDS:
        if word in lowered:
            return _may_give_a_value(texts)
    return False


def _names_a_query_secret(lowered: str) -> bool:
    return any("?" + name in lowered or "&" + name in lowered for name in QUERY_NAMES)


def _may_name_a_user(texts: "Sequence[str]") -> bool:
    """Whether curl's ``-u``, ``-b`` or ``-x`` may stand somewhere, also in a cluster of letters or at full length."""
    for text in texts:
        for option in text.split("-")[1:]:
            beginning = option[:13].lower()
            if "u" in beginning or "b" in beginning or "x" in beginning:
                return True
    return False


def _may_give_a_value(texts: "Sequence[str]") -> bool:
    """Whether a secret-named option, assignment or header stands in one of the texts, or a program like ``aws set``."""
    for text in texts:
        lowered = text.lower()
        if text.startswith("-") or "=" in text or ":" in text or "-" in text or "secret_access_key" in lowered:
            for word in WORDS:
                if word in lowered:
                    return True
    return False
