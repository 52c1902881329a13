"""Secrets of the environment, of named options and of headers are masked; the quick check misses none of them."""

import base64
import time
from itertools import pairwise
from random import Random

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from llmx.core.redact import Masker, mask_argv, mask_text, may_hold_a_secret, stream
from llmx.core.redact import argv as thorough
from llmx.core.redact.shapes import SHAPES
from llmx.core.redact.spans import MASK

ENV = {
    "HOME": "/root",
    "PATH": "/usr/bin:/bin",
    "OPENAI_API_KEY": "sk-abc",
    "DB_PASSWORD": "correct horse, 7",
    "MY_TOKEN": "tökén-value",
    "SHORT_TOKEN": "abc",
    "GIT_AUTH": "enabled",
    "USE_TOKEN": "default",
    "SECRET_FOLDER": "/etc/ssl/secrets",
    "SESSION_SECRET": "/etc",
    "SSH_AUTH_SOCK": "/tmp/agent.123456",
    "XDG_SESSION_TYPE": "wayland-7",
    "MONKEY": "banana-77",
    "KEYBOARD": "us-intl-7",
    "CERT": "-----BEGIN-----",
    "TLS_KEY": "-----BEGIN X-----\nfirst-line-9\nsecond-line-9\n",
}

MASKED = [
    (["x", "--token", "sk-abc"], ["x", "--token", MASK]),
    (["x", "--token=sk-abc"], ["x", f"--token={MASK}"]),
    (["x", "--token=a b 'c', d"], ["x", f"--token={MASK}"]),
    (["x", "--api-key", "zzz"], ["x", "--api-key", MASK]),
    (["x", "--password", "1234"], ["x", "--password", MASK]),
    (["x", "-password=pw"], ["x", f"-password={MASK}"]),
    (["x", "--clientSecret", "zzz"], ["x", "--clientSecret", MASK]),
    (["x", "pre-correct horse, 7-post"], ["x", f"pre-{MASK}-post"]),
    (["x", "tökén-value!"], ["x", f"{MASK}!"]),
    (["x", "a second-line-9 b"], ["x", f"a {MASK} b"]),
    (["env", "API_KEY=abc", "run"], ["env", f"API_KEY={MASK}", "run"]),
    (["docker", "run", "-e", "DB_PASS=hunter"], ["docker", "run", "-e", f"DB_PASS={MASK}"]),
    (["sh", "-c", "API_KEY=abc run --token xyz1; ls"], ["sh", "-c", f"API_KEY={MASK} run --token {MASK}; ls"]),
    (["sh", "-c", "export A_SECRET='a b'; ls"], ["sh", "-c", f"export A_SECRET='{MASK}'; ls"]),
    (["sh", "-c", "curl -su me:pw http://h"], ["sh", "-c", f"curl -su me:{MASK} http://h"]),
    (["curl", "-H", "Authorization: Bearer x"], ["curl", "-H", f"Authorization: Bearer {MASK}"]),
    (["curl", "-H", "Authorization: abc123"], ["curl", "-H", f"Authorization: {MASK}"]),
    (["curl", "-H", "X-Api-Key: abc123"], ["curl", "-H", f"X-Api-Key: {MASK}"]),
    (["curl", "-H", "Cookie: a=1; b=2"], ["curl", "-H", f"Cookie: {MASK}"]),
    (["curl", "-u", "me:pw"], ["curl", "-u", f"me:{MASK}"]),
    (["curl", "-ume:pw"], ["curl", f"-ume:{MASK}"]),
    (["/usr/bin/curl", "--user", "me:p:w"], ["/usr/bin/curl", "--user", f"me:{MASK}"]),
    (["sudo", "curl", "--user=me:pw"], ["sudo", "curl", f"--user=me:{MASK}"]),
    (["curl", "--proxy-user", "me:pw"], ["curl", "--proxy-user", f"me:{MASK}"]),
    (["git", "clone", "https://u:p@h/x"], ["git", "clone", f"https://u:{MASK}@h/x"]),
    (["git", "clone", "https://u:p@ss@h/x"], ["git", "clone", f"https://u:{MASK}@h/x"]),
    (["x", "https://h/?access_token=a&b=c"], ["x", f"https://h/?access_token={MASK}&b=c"]),
    (["x", "https://h/?key=abcdef&b=c"], ["x", f"https://h/?key={MASK}&b=c"]),
    (["x", '{"password": "a\\"b", "n": 1}'], ["x", f'{{"password": "{MASK}", "n": 1}}']),
    (["x", '{"a": "{\\"token\\": \\"q\\"}"}'], ["x", f'{{"a": "{{\\"token\\": \\"{MASK}\\"}}"}}']),
    (["x", '["--token", "abc"]'], ["x", f'["--token", "{MASK}"]']),
    (
        ["aws", "configure", "set", "aws_secret_access_key", "A1" * 20],
        ["aws", "configure", "set", "aws_secret_access_key", MASK],
    ),
    (["x", f"--key={'a1' * 10}"], ["x", f"--key={MASK}"]),
    (["x", "eyJ" + "a" * 8 + ".aaaa."], ["x", "eyJ" + MASK]),
    (["x", "https://h/?code=abcdef1"], ["x", f"https://h/?code={MASK}"]),
    (["x", "https://h/?a=1&sid=abcdef1"], ["x", f"https://h/?a=1&sid={MASK}"]),
    (["x", "https://h/?a=1&HASH=abcdef1"], ["x", f"https://h/?a=1&HASH={MASK}"]),
    (["sh", "-c", "curl '-ume:pw' http://h"], ["sh", "-c", f"curl '-ume:{MASK}' http://h"]),
    (["sh", "-c", "x=$(curl;-u me:pw http://h)"], ["sh", "-c", f"x=$(curl;-u me:{MASK} http://h)"]),
    (["x", "curl,--proxy-user=me:pw"], ["x", f"curl,--proxy-user=me:{MASK}"]),
    (["x", "--token2", "hunter2"], ["x", "--token2", MASK]),
    (["env", "DB_PASSWORD1=hunter2"], ["env", f"DB_PASSWORD1={MASK}"]),
    (["env", f"LICENSEKEY={'a1' * 10}"], ["env", f"LICENSEKEY={MASK}"]),
    (["x", "--pass", "hunter"], ["x", "--pass", MASK]),
    (["keytool", "-storepass", "hunter"], ["keytool", "-storepass", MASK]),
    (["x", "--oauth2-bearer", "abc"], ["x", "--oauth2-bearer", MASK]),
    (["x", "--auth", "me:pw"], ["x", "--auth", f"me:{MASK}"]),
    (["x", "--http-auth=me:pw"], ["x", f"--http-auth=me:{MASK}"]),
    (["sh", "-c", "x --auth me:pw"], ["sh", "-c", f"x --auth me:{MASK}"]),
    (["curl", "-b", "session=abc"], ["curl", "-b", MASK]),
    (["curl", "-sbsid=abc"], ["curl", f"-sb{MASK}"]),
    (["sh", "-c", "curl -b 'sid=abc; a=b' http://h"], ["sh", "-c", f"curl -b '{MASK}' http://h"]),
    (["curl", "-x", "me:pw@h:80", "-u", "a:b"], ["curl", "-x", f"me:{MASK}@h:80", "-u", f"a:{MASK}"]),
    (["sshpass", "-p", "pw", "ssh", "-p", "22", "h"], ["sshpass", "-p", MASK, "ssh", "-p", "22", "h"]),
    (["/usr/bin/sshpass", "-ppw", "ssh"], ["/usr/bin/sshpass", f"-p{MASK}", "ssh"]),
    (["sh", "-c", "sshpass -p pw ssh -p 22 h"], ["sh", "-c", f"sshpass -p {MASK} ssh -p 22 h"]),
    (["x", '["sshpass", "-p", "pw", "ssh"]'], ["x", f'["sshpass", "-p", "{MASK}", "ssh"]']),
    (["mysql", "-uroot", "-ppw", "-P", "3306"], ["mysql", "-uroot", f"-p{MASK}", "-P", "3306"]),
    (["sh", "-c", "cd x && mysql -u root -ppw db"], ["sh", "-c", f"cd x && mysql -u root -p{MASK} db"]),
    (["env", "PGPASSWORD=pw", "psql"], ["env", f"PGPASSWORD={MASK}", "psql"]),
    (["docker", "login", "-u", "me", "-p", "pw"], ["docker", "login", "-u", "me", "-p", MASK]),
    (["smbclient", "//h/s", "-U", "me%pw"], ["smbclient", "//h/s", "-U", f"me%{MASK}"]),
    (["openssl", "rsa", "-passin", "pass:pw"], ["openssl", "rsa", "-passin", f"pass:{MASK}"]),
    (["gh", "secret", "set", "NAME", "--body", "pw"], ["gh", "secret", "set", "NAME", "--body", MASK]),
    (["x", "-H", "X-Auth-Token: abc1"], ["x", "-H", f"X-Auth-Token: {MASK}"]),
    (["x", "https://h/?t=ghp%5F" + "a1" * 20], ["x", f"https://h/?t=ghp%5F{MASK}"]),
    (["x", "token%3Dabc12%26a%3Db"], ["x", f"token%3D{MASK}%26a%3Db"]),
    (["x", "a%3D1%2526token%253Dabc12"], ["x", f"a%3D1%2526token%253D{MASK}"]),
    (["x", "u%3Dcorrect%20horse%2C%207%26a"], ["x", f"u%3D{MASK}%26a"]),
    (["x", "u=correct+horse%2C+7&a"], ["x", f"u={MASK}&a"]),
    (["x", "t%C3%B6k%C3%A9n-value"], ["x", MASK]),
    (
        ["x", '{"api_keys": ["abc-1", "def-2"], "n": ["ok-1"]}'],
        ["x", f'{{"api_keys": ["{MASK}", "{MASK}"], "n": ["ok-1"]}}'],
    ),
]

LEFT_ALONE = [
    ["x", "--token-limit", "5", "--max-tokens", "100", "--max-token=100"],
    ["x", "--keyboard", "us", "tokenizer.json", "MONKEY=1", "--monkey=banana-77"],
    ["x", "--token", "$TOKEN", "--token=${TOKEN}", "--password=<password>", "--token", "env:TOKEN"],
    ["x", "--token", "--verbose", "--token=true", "--auth", "basic", "--auth-type=digest"],
    ["x", "--password-file", "/etc/passwd", "--token", "/etc/passwd", "--key=name", "--sort-key", "date"],
    ["docker", "run", "-u", "1000:1000", "image"],
    ["git", "log", "--author=me", "--key", "2"],
    ["ssh", "-i", "/root/.ssh/id_rsa", "/tmp/agent.123456", "wayland-7", "us-intl-7", "enabled", "default", "abc"],
    ["ls", "/etc/ssl/secrets", "/etc", "/root"],
    ["python", "-c", "d = sorted(x, key=lambda x: x.token)"],
    ["x", "def f(token: str, password: Optional[str] = None): pass"],
    ["x", "see --token for the token, --password PASSWORD, --api-key API_KEY"],
    ["x", "error: bad password: try again. Token: missing"],
    ["curl", "-s", "http://localhost:8080/x", "-o", "a:b"],
    ["x", "--tokens", "100", "total_tokens=131072", "pass2=ok", "https://h/?page=2&code=1"],
    ["ffmpeg", "-pass", "1", "-x", "a:b@c", "--compass", "north", "--auth", "http://h/x", "--auth", "basic"],
    ["curl", "-b", "cookies.txt", "-x", "http://proxy:3128", "-p", "8080:80", "-H", "Accept: text/html"],
    ["sshpass", "-f", "file", "ssh", "-P", "22"],
    ["mysql", "-p", "db", "-u", "root"],
    ["docker", "run", "-p", "8080:80", "image"],
    ["sh", "-c", "unzip -o a.zip; ssh -p 22 h; sshpass -p $PW ssh h; mysql -p db"],
    ["x", "see sshpass -p PASSWORD, the mysql-p2 and the login -p page", "a%20b%3Dc", "100%", "%zz%2"],
    ["x", "sha256%3Ae3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"],
    ["x", "Authorization: Bearer $TOKEN", "https://me:$PASS@host/", "Authorization: required"],
]


@pytest.mark.parametrize(("argv", "expected"), MASKED, ids=[" ".join(argv) for argv, _ in MASKED])
def test_a_secret_on_the_command_line_is_masked_and_its_name_stays(argv: list[str], expected: list[str]) -> None:
    assert mask_argv(argv, ENV) == expected
    assert mask_argv(expected, ENV) == expected


@pytest.mark.parametrize("argv", LEFT_ALONE, ids=[" ".join(argv) for argv in LEFT_ALONE])
def test_an_ordinary_command_line_is_left_alone(argv: list[str]) -> None:
    assert thorough.mask_argv(argv, ENV) == argv


PEM = "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n\n{}-----END RSA PRIVATE KEY-----\n"


def key_lines(seed: int) -> list[str]:
    text = base64.b64encode(Random(seed).randbytes(200)).decode()
    return [text[i : i + 64] for i in range(0, len(text), 64)]


@pytest.mark.parametrize(
    ("before", "between", "after"),
    [("", "\n", "\n"), ("  ", "\n  ", "\n"), ("", "\r\n", "\r\n"), ('"', "\\n", '\\n"'), ("", " ", " ")],
    ids=["PEM", "indented", "CRLF", "JSON", "spaces"],
)
def test_a_private_key_is_masked_line_by_line_however_it_is_cut(before: str, between: str, after: str) -> None:
    lines = key_lines(4)
    parts = ["-----BEGIN PRIVATE KEY-----", *lines, "-----END PRIVATE KEY-----"]
    text = f"a\n{before}{between.join(parts)}{after}ordinary text\n"
    masked = mask_text(text, {})
    assert not any(line in masked for line in lines)
    assert masked.startswith(f"a\n{before}-----BEGIN PRIVATE KEY-----")
    assert masked.endswith(f"-----END PRIVATE KEY-----{after}ordinary text\n")
    for position in range(0, len(text), 7):
        masker = Masker({})
        data = text.encode()
        assert masker.feed(data[:position]) + masker.feed(data[position:]) + masker.finish() == masked.encode()


def test_the_headers_of_a_private_key_stay_and_an_unfinished_key_ends_at_ordinary_text() -> None:
    whole = PEM.format("".join(f"{line}\n" for line in key_lines(5)))
    assert "Proc-Type: 4,ENCRYPTED\n\n" + MASK in mask_text(whole, {})
    cut = f"-----BEGIN PRIVATE KEY-----\n{key_lines(5)[0]}\nfound in two files\nand here\n"
    assert mask_text(cut, {}) == f"-----BEGIN PRIVATE KEY-----\n{MASK}\nfound in two files\nand here\n"


def test_bytes_without_secrets_pass_unchanged() -> None:
    data = Random(6).randbytes(300_000)
    masker = Masker(ENV)
    assert masker.feed(data[:100_001]) + masker.feed(data[100_001:]) + masker.finish() == data


def test_a_secret_that_is_no_utf8_is_masked_in_bytes_and_in_text() -> None:
    secret = b"caf\xe9-\xff-secret"
    env = {"A_TOKEN": secret.decode("utf-8", "surrogateescape")}
    masker = Masker(env)
    assert masker.feed(b"\xfe" + secret + b"\xfd\n") == b"\xfe[redacted]\xfd\n"
    assert mask_argv(["x", "a" + env["A_TOKEN"]], env) == ["x", "a" + MASK]
    assert mask_text("\ud800 pre " + env["A_TOKEN"], env) == "\ud800 pre " + MASK


@pytest.mark.parametrize("start", [0, 61_000, 61_440, 65_430, 65_530, 65_536, 70_000, 126_900, 131_000])
@pytest.mark.parametrize(
    "secret", ["--token hunter2-and-more", "tökén-value", "sk-proj-" + "aZ3" * 30, "token=" + "b4" * 50_000]
)
def test_a_secret_on_a_line_longer_than_a_window_is_masked(start: int, secret: str) -> None:
    data = ("." * start + " " + secret + " " + "." * 70_000 + "\n").encode()
    results = set()
    for size in (len(data), 4096, 65_536, 1000):
        masker = Masker(ENV)
        results.add(b"".join(masker.feed(data[i : i + size]) for i in range(0, len(data), size)) + masker.finish())
    (result,) = results
    assert result.count(MASK.encode()) >= 1
    assert not any(part in result for part in (b"hunter2", b"aZ3aZ3", b"b4b4", "tökén-value".encode()))
    assert result.startswith(b"." * start + b" ")
    assert result.endswith(b" " + b"." * 70_000 + b"\n")


def test_at_most_one_window_is_held_back() -> None:
    masker = Masker({})
    given_back = sum(len(masker.feed(b"x" * 1000)) for _ in range(1000))
    assert 1_000_000 - given_back <= stream.WINDOW


PIECES = st.sampled_from(
    [
        *[shape.example(Random(8)) for shape in SHAPES],
        *[" ".join(argv) for argv, _ in MASKED],
        *[
            "--token",
            "token",
            "key",
            "=",
            ": ",
            " ",
            '"',
            "'",
            "\\",
            "\\n",
            "\n",
            "\r\n",
            "Bearer ",
            "Basic ",
            "curl",
            "-u",
            "a:b",
        ],
        *[
            "Cookie: ",
            "Authorization: ",
            "https://",
            "@",
            "?",
            "&",
            "-----BEGIN PRIVATE KEY-----",
            "-----END",
            "MIIB",
            "[redacted]",
        ],
        *[
            "$",
            "(",
            ")",
            ",",
            "$TOKEN",
            "\x1b[0m",
            "sk-abc",
            "correct horse, 7",
            "tökén-value",
            "first-line-9",
            "é",
            "\udcff",
        ],
        *["aaaaaa", "a1" * 10, "12345", "x" * 70, "secret_access_key"],
        *["%3D", "%", "%20", "+", "%25", "2", "%2D", "%C3%B6", "token%3D", "correct%20horse%2C+7"],
        *["sshpass ", "mysql -p", " -p ", "-b ", "-x ", "docker login", "secret set", "--body ", "--auth", "/", "me%"],
    ]
)
TEXTS = st.lists(PIECES | st.text(max_size=6), max_size=12).map("".join)


@settings(max_examples=300, deadline=None)
@given(st.lists(TEXTS, max_size=5), st.sampled_from([ENV, {}, {"A_TOKEN": "aaaaaa"}]))
@example(["--sessionid", "a1" * 10], {})
@example(["secret_access_key", "a1" * 10], {})
def test_whatever_the_thorough_part_masks_the_quick_check_lets_through(argv: list[str], env: dict[str, str]) -> None:
    if thorough.mask_argv(argv, env) != argv:
        assert may_hold_a_secret(argv, env)
    for text in argv:
        if stream.mask_text(text, env) != text:
            assert may_hold_a_secret([text], env)


@settings(max_examples=300, deadline=None)
@given(TEXTS, st.lists(st.integers(0, 400), max_size=8))
def test_any_cut_of_a_stream_gives_the_same_result(text: str, cuts: list[int]) -> None:
    data = text.encode("utf-8", "surrogatepass")
    whole = Masker(ENV)
    expected = whole.feed(data) + whole.finish()
    pieces = [0, *sorted(min(cut, len(data)) for cut in cuts), len(data)]
    masker = Masker(ENV)
    result = b"".join(masker.feed(data[a:b]) for a, b in pairwise(pieces))
    assert result + masker.finish() == expected


@settings(max_examples=60, deadline=None)
@given(TEXTS, st.integers(1, 300), st.integers(1, 5000))
def test_any_cut_of_long_lines_gives_the_same_result(text: str, times: int, size: int) -> None:
    data = (text * times).encode("utf-8", "surrogatepass")[:200_000]
    whole = Masker(ENV)
    expected = whole.feed(data) + whole.finish()
    masker = Masker(ENV)
    chunks = (data[i : i + size * 40] for i in range(0, len(data), size * 40))
    assert b"".join(map(masker.feed, chunks)) + masker.finish() == expected


ADVERSARIAL = [
    "sk-",
    "eyJ",
    "eyJaaaaaaaaa.",
    "key=",
    "token=$(",
    'password="',
    "Cookie: ",
    "token:[",
    "a:b@",
    "://a:",
    "-",
    "curl -u ",
    "%41",
    "%41 ",
    "%2525",
    "mysql ",
    "sshpass -p ",
    "curl -b ",
    '"a","',
    'token:["a","',
    "--auth a:",
]


@pytest.mark.parametrize(
    "unit", [*ADVERSARIAL, "Authorization: ", "--token ", "-----BEGIN PRIVATE KEY-----", "a", " ", "aaaaaa\n"]
)
def test_the_cost_is_linear_whatever_the_input(unit: str) -> None:
    small, large = (cpu_seconds((unit * (size // len(unit))).encode()) for size in (40_000, 160_000))
    assert large < 10 * small + 0.1, "four times the input costs sixteen times as much where a rule is quadratic"


def cpu_seconds(data: bytes) -> float:
    """What masking ``data`` costs."""
    started = time.process_time()
    masker = Masker({"A_TOKEN": "aaaaaa"})
    masker.feed(data)
    masker.finish()
    return time.process_time() - started


def test_a_megabyte_of_log_without_secrets_stays_as_it_is() -> None:
    line = b"2026-11-21 04:28:37 INFO request key: value token: none path=/usr/lib/x.py user=me status=200\n"
    data = line * (1_000_000 // len(line))
    masker = Masker(ENV)
    assert masker.feed(data) + masker.finish() == data
