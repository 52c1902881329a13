"""The secrets that no sink may show: command lines, and what in them is secret."""

import base64
import re
from random import Random
from typing import NamedTuple

from llmx.core.redact.shapes import ALNUM, SHAPES


class Case(NamedTuple):
    """Words of a command line that hold ``secret``; ``in_text`` is how they show it where they are quoted alone."""

    name: str
    words: list[str]
    secret: str


def _made(seed: int, count: int = 18) -> str:
    """A secret of letters and digits that is told by no shape."""
    rng = Random(seed)
    return "".join(rng.choice(ALNUM) for _ in range(count - 2)) + "7q"


def _shapes() -> list[Case]:
    """One case for each published shape of a token."""
    cases = []
    for number, shape in enumerate(SHAPES):
        text = shape.example(Random(number))
        match = re.search(shape.pattern, text, re.ASCII)
        assert match
        cases.append(Case(shape.name, [text], match["secret"]))
    return cases


PEM = "-----BEGIN OPENSSH PRIVATE KEY-----\n{}\n{}\n-----END OPENSSH PRIVATE KEY-----"

# what is typed, "%" standing for the secret
CONTEXTS = {
    "--token": ["x", "--token", "%"],
    "--token=": ["x", "--token=%"],
    "--pass": ["x", "--pass", "%"],
    "--auth user:password": ["x", "--auth", "me:%"],
    "an assignment": ["env", "PGPASSWORD=%", "psql"],
    "an assignment in a shell line": ["sh", "-c", "export DB_PASSWORD='%'; psql"],
    "curl -u": ["curl", "-u", "me:%"],
    "curl -u in a shell line": ["sh", "-c", "curl -su me:% http://h"],
    "curl -b": ["curl", "-b", "session=%"],
    "curl -H": ["curl", "-H", "Authorization: Bearer %"],
    "a header of its own": ["curl", "-H", "X-Api-Key: %"],
    "a cookie": ["curl", "-H", "Cookie: session=%; theme=dark"],
    "sshpass -p": ["sshpass", "-p", "%", "ssh", "h"],
    "mysql -p": ["mysql", "-uroot", "-p%", "db"],
    "mysql -p in a shell line": ["sh", "-c", "mysql -uroot -p% db"],
    "docker login": ["docker", "login", "-u", "me", "-p", "%"],
    "openssl": ["openssl", "rsa", "-passin", "pass:%"],
    "JSON": ["x", '{"user": {"name": "me", "password": "%"}}'],
    "JSON in JSON": ["x", '{"body": "{\\"api_key\\": \\"%\\"}"}'],
    "a list in JSON": ["x", '{"api_keys": ["%"]}'],
    "a URL's password": ["git", "clone", "https://me:%@host/x"],
    "a URL's query": ["x", "https://h/?access_token=%&page=2"],
    "a URL with escapes": ["x", "https%3A%2F%2Fh%2F%3Faccess_token%3D@%26page%3D2"],
    "an escaped assignment": ["x", "token%3D@%26a%3Db"],
    "a connection string": ["psql", "host=h user=me password=%"],
}


def _contexts() -> list[Case]:
    cases = []
    for number, (name, words) in enumerate(CONTEXTS.items()):
        secret = _made(1000 + number)
        mark = "@" if any("%3D@" in word for word in words) else "%"
        cases.append(Case(name, [word.replace(mark, secret) for word in words], secret))
    return cases


def _others() -> list[Case]:
    basic = base64.b64encode(f"me:{_made(7)}".encode()).decode().rstrip("=")
    key = base64.b64encode(Random(9).randbytes(48)).decode()
    escaped = "ghp%5F" + _made(8, 36)
    return [
        Case("base64 of user:password", ["curl", "-H", f"Authorization: Basic {basic}=="], basic),
        Case("a private key", ["x", PEM.format(key, key[::-1])], key),
        Case("a token with an escape", ["x", f"https://h/?t={escaped}"], escaped[6:]),
        Case("a variable's value", ["x", "correct horse, 7"], "correct horse, 7"),
        Case("a variable's value with escapes", ["x", "u=correct%20horse%2C%207"], "correct%20horse%2C%207"),
    ]


CASES = [*_shapes(), *_contexts(), *_others()]
VARIABLES = {"HORSE_PASSWORD": "correct horse, 7"}

ORDINARY = [
    "9fceb02d0ae598e95dc970b74767f19372d61af8",
    "550e8400-e29b-41d4-a716-446655440000",
    "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "--password-file",
    "/run/secrets/none",
    "--token=$TOKEN",
    "--max-tokens=4096",
    "https://example.com/a%20b?page=2",
    '{"tokens": 12, "key": "name"}',
]
"""What looks like a secret at first sight, and is to be read in every sink."""
