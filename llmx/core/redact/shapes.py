"""The published shapes of tokens, as data: what to look for, what to keep for the reader, and how to make an example.

A pattern's group ``secret`` is what gets masked; a match without it is no secret. Searches stay linear because each
pattern starts with a literal, looks at a fixed number of characters and ends with one greedy run.
Examples are made at run time, so that nothing here looks like a live token.
"""

import base64
import re
from collections.abc import Callable
from random import Random
from typing import NamedTuple

UPPER = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
DIGITS = "0123456789"
HEX = DIGITS + "abcdef"
ALNUM = UPPER + UPPER.lower() + DIGITS
WORD = ALNUM + "_-"
BASE64 = ALNUM + "+/"

_GLUED = (r"\\[abefnrtv0]", "%[0-9A-Fa-f]{2}", r"\\u[0-9A-Fa-f]{4}", r"\\x[0-9A-Fa-f]{2}", r"[0-9;\[][mK]")
"""What may stand right before a token although it ends in a letter: escapes of JSON, URLs and terminal colors."""


class Shape(NamedTuple):
    """One shape: ``anchor`` is a literal that every match holds, ``example`` makes a text that matches."""

    name: str
    anchor: str
    pattern: str
    example: Callable[[Random], str]


def _text(*parts: str | tuple[str, int]) -> Callable[[Random], str]:
    """An example of literals and ``(alphabet, count)`` runs; a run ends in a digit if its alphabet has one."""

    def make(rng: Random) -> str:
        return "".join(part if isinstance(part, str) else _run(rng, *part) for part in parts)

    return make


def _run(rng: Random, alphabet: str, count: int) -> str:
    end = rng.choice(DIGITS) if DIGITS in alphabet else rng.choice(alphabet)
    return "".join(rng.choice(alphabet) for _ in range(count - 1)) + end


def _starting(literal: str, inside: str = "[A-Za-z0-9]") -> str:
    """A pattern for ``literal`` where no ``inside`` stands before it; it comes first so that the search is fast."""
    glued = "|".join(f"(?<={before}{literal})" for before in _GLUED)
    return f"{literal}(?:(?<!{inside}{literal})|{glued})"


def _token(service: str, prefix: str, body: str, *parts: str | tuple[str, int]) -> Shape:
    return Shape(
        f"{service} {prefix}", prefix, f"{_starting(re.escape(prefix))}(?P<secret>{body})", _text(prefix, *parts)
    )


def _tokens(service: str, prefixes: str, body: str, *parts: str | tuple[str, int]) -> list[Shape]:
    return [_token(service, prefix, body, *parts) for prefix in prefixes.split()]


def _basic(rng: Random) -> str:
    return "Basic " + base64.b64encode(f"user:{_run(rng, ALNUM, 15)}".encode()).decode()


MODELS = [
    *_tokens("OpenAI", "sk-proj- sk-svcacct- sk-admin-", r"[\w-]{20,}", (WORD, 74), "T3Blbk", "FJ", (WORD, 74)),
    *_tokens("Anthropic", "sk-ant-", r"[\w-]{20,}", "api03-", (WORD, 93), "AA"),
    *_tokens("OpenRouter", "sk-or-", r"[\w-]{20,}", "v1-", (HEX, 64)),
    _token(
        "OpenAI", "sk-", r"(?!(?:proj|svcacct|admin|ant|or)-)(?=[\w-]{0,40}?[A-Za-z0-9]{16})[\w-]{20,}", (ALNUM, 48)
    ),
    _token("Hugging Face", "hf_", r"[A-Za-z0-9]{30,}", (ALNUM, 34)),
    _token("Groq", "gsk_", r"[A-Za-z0-9]{40,}", (ALNUM, 52)),
    _token("xAI", "xai-", r"[A-Za-z0-9_]{60,}", (ALNUM, 80)),
    _token("Replicate", "r8_", r"[A-Za-z0-9]{37,}", (ALNUM, 37)),
    _token("Perplexity", "pplx-", r"[A-Za-z0-9]{40,}", (ALNUM, 48)),
    _token("Cerebras", "csk-", r"[A-Za-z0-9]{40,}", (ALNUM, 48)),
    _token("NVIDIA", "nvapi-", r"[\w-]{40,}", (WORD, 64)),
    _token("Tavily", "tvly-", r"(?:dev-|prod-)?[A-Za-z0-9]{20,}", (ALNUM, 32)),
    *_tokens("LangSmith", "lsv2_pt_ lsv2_sk_", r"[a-f0-9]{32}_[a-f0-9]{10}", (HEX, 32), "_", (HEX, 10)),
    _token("Pinecone", "pcsk_", r"[A-Za-z0-9_]{40,}", (ALNUM, 70)),
    _token("Fireworks", "fw_", r"[A-Za-z0-9]{22,}", (ALNUM, 24)),
]

CODE_HOSTS = [
    *_tokens("GitHub", "ghp_ gho_ ghu_ ghr_", r"[A-Za-z0-9_]{36,}", (ALNUM, 36)),
    _token("GitHub", "ghs_", r"[A-Za-z0-9_]{36,}+(?:\.[\w-]+)*", (ALNUM, 36)),
    _token("GitHub", "github_pat_", r"\w{50,}", (ALNUM, 22), "_", (ALNUM, 59)),
    *_tokens(
        "GitLab", "glpat- gldt- glrt- glptt- glsoat- glft- glimt-", r"[\w-]{20,}+(?:\.\w{2}\.\w{7,})?", (WORD, 20)
    ),
    _token("npm", "npm_", r"[A-Za-z0-9]{36,}", (ALNUM, 36)),
    _token("PyPI", "pypi-", r"[\w-]{50,}", "AgEIcHlwaS5vcmc", (WORD, 120)),
    _token("RubyGems", "rubygems_", r"[a-f0-9]{48}", (HEX, 48)),
    *_tokens("Docker", "dckr_pat_ dckr_oat_", r"[\w-]{27,}", (WORD, 27)),
    _token("Postman", "PMAK-", r"[a-f0-9]{24}-[a-f0-9]{34}", (HEX, 24), "-", (HEX, 34)),
    _token("Figma", "figd_", r"[\w-]{40,}", (WORD, 40)),
]

CLOUDS = [
    *_tokens("AWS", "AKIA ASIA ABIA ACCA", r"[A-Z2-7]{16}(?![A-Z0-9])", (UPPER, 16)),
    _token("Google", "AIza", r"[\w-]{35,}", (WORD, 35)),
    _token("Google", "ya29.", r"[\w-]{20,}", (WORD, 90)),
    _token("Google", "GOCSPX-", r"[\w-]{28,}", (WORD, 28)),
    _token("Google", "1//0", r"[\w-]{40,}", (WORD, 60)),
    Shape(
        "Azure AccountKey=",
        "AccountKey=",
        r"AccountKey=(?P<secret>[A-Za-z0-9+/]{40,}={0,2})",
        _text("AccountKey=", (BASE64, 86), "=="),
    ),
    *_tokens("DigitalOcean", "dop_v1_ doo_v1_ dor_v1_", r"[a-f0-9]{64}", (HEX, 64)),
    *_tokens("Cloudflare", "cfut_ cfat_ cfk_", r"[\w-]{40,}", (ALNUM, 48)),
    _token("Cloudflare", "v1.0-", r"[a-f0-9]{24}-[a-f0-9]{146}", (HEX, 24), "-", (HEX, 146)),
    _token("Databricks", "dapi", r"[a-f0-9]{32}(?:-[0-9])?", (HEX, 32)),
    *_tokens("Vault", "hvs. hvb. hvr.", r"[\w-]{24,}", (WORD, 95)),
    Shape(
        "Terraform .atlasv1.",
        ".atlasv1.",
        r"\.atlasv1\.(?<=[A-Za-z0-9]{14}\.atlasv1\.)(?P<secret>[\w=-]{50,})",
        _text((ALNUM, 14), ".atlasv1.", (WORD, 67)),
    ),
    _token("Pulumi", "pul-", r"[a-f0-9]{40}", (HEX, 40)),
    *_tokens("Doppler", "dp.pt. dp.st. dp.ct.", r"[A-Za-z0-9._-]{40,}", (ALNUM, 43)),
    _token("Supabase", "sbp_", r"[a-f0-9]{40}", (HEX, 40)),
    *_tokens("Tailscale", "tskey-auth- tskey-api-", r"[A-Za-z0-9]{9,}-[A-Za-z0-9]{20,}", (ALNUM, 12), "-", (ALNUM, 32)),
]

SERVICES = [
    *_tokens(
        "Slack",
        "xoxa- xoxb- xoxp- xoxr- xoxs- xoxe- xoxe.xoxp- xapp-",
        r"[A-Za-z0-9-]{20,}",
        (DIGITS, 12),
        "-",
        (ALNUM, 24),
    ),
    Shape(
        "Slack hooks.slack.com",
        "hooks.slack.com/",
        r"hooks\.slack\.com/(?:services|workflows|triggers)/(?P<secret>[A-Za-z0-9+/]{20,})",
        _text(
            "https://hooks.slack.com/services/", "T", (UPPER + DIGITS, 10), "/B", (UPPER + DIGITS, 10), "/", (ALNUM, 24)
        ),
    ),
    *_tokens("Stripe", "sk_live_ sk_test_ rk_live_ rk_test_", r"[A-Za-z0-9]{16,}", (ALNUM, 24)),
    _token("Stripe", "whsec_", r"[A-Za-z0-9+/=]{24,}", (ALNUM, 32)),
    _token("Twilio", "SK", r"[a-f0-9]{32}(?![A-Za-z0-9])", (HEX, 32)),
    _token("SendGrid", "SG.", r"[\w-]{16,32}\.[\w-]{16,64}", (WORD, 22), ".", (WORD, 43)),
    _token("Mailgun", "key-", r"[a-f0-9]{32}(?![A-Za-z0-9])", (HEX, 32)),
    Shape(
        "Telegram",
        ":AA",
        r":AA(?<=[0-9]{8}:AA)(?P<secret>[\w-]{32,33})(?![\w-])",
        _text((DIGITS, 10), ":AA", (WORD, 33)),
    ),
    Shape(
        "Discord",
        ".",
        _starting("[MNO]", r"[\w-]") + r"(?P<secret>[\w-]{23,27}+\.[\w-]{6}\.[\w-]{27,40})",
        _text("M", (WORD, 25), ".", (WORD, 6), ".", (WORD, 38)),
    ),
    Shape(
        "Discord /webhooks/",
        "/webhooks/",
        r"/api/webhooks/[0-9]{17,20}/(?P<secret>[\w-]{60,})",
        _text("https://discord.com/api/webhooks/", (DIGITS, 18), "/", (WORD, 68)),
    ),
    *_tokens("Linear", "lin_api_ lin_oauth_", r"[A-Za-z0-9]{32,}", (ALNUM, 40)),
    _token("Notion", "secret_", r"[A-Za-z0-9]{43}(?![A-Za-z0-9])", (ALNUM, 43)),
    _token("Notion", "ntn_", r"[A-Za-z0-9]{40,}", (DIGITS, 11), (ALNUM, 35)),
    *_tokens("Shopify", "shpat_ shpca_ shppa_ shpss_", r"[A-Fa-f0-9]{32}", (HEX, 32)),
    *_tokens("Square", "sq0atp- sq0csp- sq0idp-", r"[\w-]{22,}", (WORD, 43)),
    _token("Square", "EAAA", r"[\w-]{40,}", (WORD, 60)),
    *_tokens("Sentry", "sntryu_ sntrya_ sntryi_", r"[a-f0-9]{64}", (HEX, 64)),
    _token("Sentry", "sntrys_", r"[A-Za-z0-9+/=_-]{40,}", (BASE64, 120), "_", (BASE64, 43)),
    _token("Atlassian", "ATATT3", r"[\w=-]{50,}", (WORD, 180)),
    _token("New Relic", "NRAK-", r"[A-Z0-9]{27}", (UPPER + DIGITS, 27)),
    _token("Dynatrace", "dt0c01.", r"[A-Z2-7]{24}\.[A-Z2-7]{64}", (UPPER, 24), ".", (UPPER, 64)),
]

STANDARDS = [
    Shape(
        "JWT eyJ",
        "eyJ",
        _starting("eyJ") + r"(?:(?P<secret>[\w-]{8,}+\.[\w-]{4,}+\.[\w-]*+(?:\.[\w-]++){0,2})|[\w-]*+)",
        _text("eyJ", "hbGciOi", (WORD, 20), ".", "eyJ", (WORD, 60), ".", (WORD, 43)),
    ),
    _token(
        "age", "AGE-SECRET-KEY-1", r"[QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L]{58}", ("QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L", 58)
    ),
    Shape(
        "Bearer header",
        "earer",
        r"[Bb]earer[ \t+]{1,4}(?P<secret>(?=[\w.~+/-]{0,64}?[0-9])[\w.~+/-]{16,}={0,2})",
        _text("Bearer ", (WORD, 40)),
    ),
    Shape(
        "Basic header",
        "asic",
        r"[Bb]asic[ \t+]{1,4}(?P<secret>(?=[A-Za-z+/]{0,64}?(?:[0-9=]|[a-z][A-Z]))[A-Za-z0-9+/]{8,}={0,2})",
        _basic,
    ),
    Shape(
        "URL with credentials",
        "://",
        r"://[^\s/:@\"'<>?#]*+:(?P<secret>[^\s/\"'<>?]+)(?=@)",
        _text("postgres://app:", (ALNUM, 20), "@db.example/data"),
    ),
    Shape(
        "URL with a token",
        "://",
        r"://(?P<secret>(?=[^\s/:@\"'<>?#]{0,64}?[0-9])[^\s/:@\"'<>?#]{20,}+)(?=@)",
        _text("https://", (ALNUM, 30), "@git.example/team/repo"),
    ),
]

SHAPES: list[Shape] = [*MODELS, *CODE_HOSTS, *CLOUDS, *SERVICES, *STANDARDS]
