"""Secrets known by what stands before them: ``API_KEY=…``, ``--token …``, ``"password": "…"``, ``Authorization: …``."""

import re
from collections.abc import Iterator
from functools import lru_cache

from llmx.core.redact.names import NO, hides, is_placeholder, secrecy

type_of_name = lru_cache(maxsize=4096)(secrecy)

_NAME = r"(?<![\w.-])(?P<name>[\w.-]++)"
ASSIGNMENT = re.compile(
    _NAME + r"(?P<mark>(?:\\*[\"'])?[ \t]*+(?::=|=>|==?|:(?!:))[ \t]*+)(?P<list>\[\s*+(?=\\*[\"']))?", re.ASCII
)
NEXT_IN_LIST = re.compile(r"\\*[\"']\s*+,\s*+(?=\\*[\"'])", re.ASCII)
OPTION = re.compile(
    r"(?<![\w.-])(?P<name>--?[A-Za-z][\w.-]*+)(?:[ \t]++|\\*[\"'][ \t]*+,[ \t]*+(?=\\*[\"']))", re.ASCII
)
QUERY = re.compile(
    r"[?&](?P<name>key|sig|signature|code|auth|session|sid|hash)=(?P<value>[^&#\s\"'<>]{6,})", re.ASCII | re.I
)
CURL_USER = re.compile(
    r"(?<![\w-])(?:-[a-zA-Z0-9#]{0,12}[uU]|--(?:proxy-)?user)[ \t=]*+"
    r"(?:\\*[\"'])?[^\s:\"'-][^\s:\"']*+:(?P<value>[^\s\"']++)",
    re.ASCII,
)
AUTH_USER = re.compile(
    r"(?<![\w-])--(?:[a-z]{1,20}-){0,3}(?:auth|userpwd|userpass)[ \t=]++"
    r"(?:\\*[\"'])?[\w.@%+-]{1,99}:(?!/)(?P<value>[^\s\"'\\]++)",
    re.ASCII,
)
SCHEME = re.compile(r"(?:bearer|basic|token|digest|apikey|negotiate)[ \t]++", re.ASCII | re.I)
# No possessive repeat of a group here: CPython 3.11 before 3.11.5 matches those wrongly.
VALUE = re.compile(
    r"""(?:"(?P<double>(?:[^"\\\n]|\\.)*)(?=")
    |'(?P<single>[^'\n]*+)(?=')
    |(?P<escape>\\++["'])(?P<escaped>(?:(?!(?P=escape))[^\n])*)(?=\\)
    |["']?(?P<bare>(?:[^\s"'`&;|<>,)}\]\\]|\\(?![nrt"'\n])|[,)}\]](?=[^\s,)}\]"']))+))""",
    re.ASCII | re.VERBOSE,
)
REST_OF_HEADER = re.compile(r"[^\"'\r\n]*+")
LONGEST_JUDGED = 128
_HEADERS = ("authorization", "cookie")
_PROSE = "to for is or and the a an in of from if with when must can not option flag as was has"
_OPTION_PROSE = frozenset(_PROSE.split())
_HEADER_PROSE = frozenset(["auth", "authentication", "authorization", "credentials", "realm", "token", "header"])


def named_spans(text: str) -> Iterator[tuple[int, int]]:
    """The ``(start, end)`` of each value that a name, an option or a header marks as secret."""
    yield from _assigned_spans(text)
    yield from _option_spans(text)
    if "?" in text or "&" in text:
        yield from (match.span("value") for match in QUERY.finditer(text) if not is_placeholder(match["value"]))
    if "--" in text:
        yield from (match.span("value") for match in AUTH_USER.finditer(text) if not is_placeholder(match["value"]))
    if "curl" in text:
        yield from _curl_spans(text)


def _assigned_spans(text: str) -> Iterator[tuple[int, int]]:
    if "=" not in text and ":" not in text:
        return
    done = 0
    for match in ASSIGNMENT.finditer(text):
        name = match["name"][-128:]
        if match.start() < done or type_of_name(name) == NO:
            continue
        loose = ":" in match["mark"] or match["mark"] != match["mark"].strip()
        found = _header_span(text, match.end(), name) if ":" in match["mark"] else None
        found = found or _value_span(text, match.end(), name, loose)
        while found:
            done = found[1]
            yield found
            following = NEXT_IN_LIST.match(text, done) if match["list"] else None
            found = _value_span(text, following.end(), name, loose) if following else None


def _value_span(text: str, start: int, name: str, loose: bool) -> tuple[int, int] | None:
    """The value at ``start`` if it is one to hide; judged by its beginning, so that nested names cost linear time."""
    beginning = value_at(text, start, start + LONGEST_JUDGED)
    if beginning is None:
        return None
    begin, end, quoted = beginning
    if not hides(name, text[begin:end], loose=loose and not quoted):
        return None
    whole = value_at(text, start, len(text))
    return whole[:2] if whole else None


def value_at(text: str, start: int, limit: int) -> tuple[int, int, bool] | None:
    """Start and end of the value without quotes and scheme, and whether it is quoted."""
    match = VALUE.match(text, start, limit)
    if match is None:
        return None
    group = next(group for group in ("double", "single", "escaped", "bare") if match[group] is not None)
    begin, end = match.span(group)
    scheme = SCHEME.match(text, begin, end)
    return (scheme.end() if scheme else begin), end, text[start] in "\"'\\"


def _header_span(text: str, start: int, name: str) -> tuple[int, int] | None:
    """The credentials after ``Authorization: Bearer``, or all of a cookie's or an unknown scheme's line."""
    if not name.lower().endswith(_HEADERS) or text[start : start + 1] in ('"', "'", "\\"):
        return None
    scheme = SCHEME.match(text, start)
    if scheme:
        value = VALUE.match(text, scheme.end())
        word = value["bare"] if value else None
        hidden = word and value and word.lower() not in _HEADER_PROSE and not is_placeholder(word)
        return value.span("bare") if value and hidden else None
    beginning = text[start : start + LONGEST_JUDGED].partition("\n")[0]
    if is_placeholder(beginning) or not any(char.isdigit() for char in beginning):
        return None
    rest = REST_OF_HEADER.match(text, start)
    return rest.span() if rest else None


def _option_spans(text: str) -> Iterator[tuple[int, int]]:
    if "-" not in text:
        return
    for match in OPTION.finditer(text):
        if type_of_name(match["name"][-128:]) == NO or text[match.end() : match.end() + 1] == "-":
            continue
        found = _value_span(text, match.end(), match["name"][-128:], loose=False)
        if found and not is_prose(text[found[0] : found[1]]):
            yield found


def is_prose(value: str) -> bool:
    """Whether the word after an option is part of a sentence or a help text: ``--token TOKEN``."""
    letters = value.replace("_", "")
    return value in _OPTION_PROSE or (letters.isalpha() and letters.isupper())


def _curl_spans(text: str) -> Iterator[tuple[int, int]]:
    """Passwords of ``curl -u user:password``, on the lines that call curl."""
    start = 0
    while (found := text.find("curl", start)) >= 0:
        end = text.find("\n", found)
        end = len(text) if end < 0 else end
        for match in CURL_USER.finditer(text, found, end):
            if not is_placeholder(match["value"]):
                yield match.span("value")
        start = end
