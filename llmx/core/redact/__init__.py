"""Keep secrets out of what llmx writes down: the audit log, stored output, errors, traces, records, reports.

This module decides in microseconds whether a text could hold a secret at all; only then is the thorough part loaded.
False alarms cost milliseconds, a miss would cost a secret: every rule here is wider than the one it guards.
"""

from llmx.core.plugins import load

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
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
    return _holds_a_variable(joined, env) or _holds_a_shape(joined) or _holds_a_named_value(joined, texts)


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
    """Whether ``-u``, a cluster of up to 13 letters with a ``u``, ``--user`` or ``--proxy-user`` stands anywhere."""
    for text in texts:
        for option in text.split("-")[1:]:
            if "u" in option[:13].lower():
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
