"""Programs that take a secret behind an option whose name does not say so: ``sshpass -p``, ``mysql -pSECRET``."""

import re
from collections.abc import Iterator
from functools import cache
from typing import NamedTuple

from llmx.core.redact.contexts import is_prose, value_at
from llmx.core.redact.names import is_placeholder

REACH = 400
"""Characters behind a program's name, on its line, in which its options are looked for."""

_WHOLE = r"(?P<secret>.+)"
_USER = r"[^:/]*:(?P<secret>.+)"
_IN_A_NAME = re.compile(r"[\w.:-]", re.ASCII)
_FLAGS = "-[sSfLkivgGN#0-9]{0,12}"


class Rule(NamedTuple):
    """``apart``: options before the value; ``glued``: what it is glued to; ``value``: which part of it is secret.

    What is given ``once`` is looked for no more: in ``sshpass -p PASSWORD ssh -p 22`` the second is the ssh port.
    """

    names: str
    apart: str
    glued: str = ""
    value: str = _WHOLE
    once: bool = True


RULES = [
    Rule("sshpass", "-p", "-p"),
    Rule("mysql, mysqldump, mysqladmin, mysqlimport, mysqlshow, mysqlsh", "", "-p"),
    Rule("mariadb, mariadb-dump, mariadb-admin, mariadb-import", "", "-p"),
    Rule("redis-cli, valkey-cli", "-a"),
    Rule("mongo, mongosh, mongodump, mongorestore, mongoexport, mongoimport, cqlsh", "-p"),
    Rule("ldapsearch, ldapadd, ldapmodify, ldapdelete, ldappasswd, ldapwhoami", "-w", "-w"),
    Rule("smbclient, rpcclient, smbget", "-U|--user", "-U|--user=", r"[^%]*%(?P<secret>.+)"),
    Rule("zip, unzip", "-P", "-P"),
    Rule("7z, 7za, 7zr, 7zz, rar, unrar", "", "-h?p"),
    Rule("docker login, podman login, nerdctl login, helm login, oras login, az login, oc login", "-p", "-p"),
    Rule("secret set, secrets set", "-b|-v|--body|--value", "--body=|--value="),
    Rule("openssl", "-k", "pass:"),
    Rule("lftp", "-u", "", r"[^,]*,(?P<secret>.+)"),
    Rule("snmpget, snmpwalk, snmpset, snmpbulkwalk", "-[AXc]"),
    Rule("ipmitool, mosquitto_pub, mosquitto_sub, sqlcmd, bcp", "-P", "-P"),
    Rule("xfreerdp, wlfreerdp", "", "/p:"),
    Rule("nmcli", "password|wifi-sec.psk"),
    Rule("curl", f"{_FLAGS}b|--cookie", f"{_FLAGS}b|--cookie=", r"(?P<secret>[^=;\s]+=.+)", once=False),
    Rule("curl", f"{_FLAGS}x|--proxy|--preproxy", f"{_FLAGS}x", r"(?![^/]*://)[^:/@]*:(?P<secret>.+)(?=@)"),
    Rule("http, https, xh, xhs", "-a", "", _USER),
]
BY_NAME: dict[str, list[Rule]] = {}
for _rule in RULES:
    for _name in _rule.names.split(", "):
        BY_NAME.setdefault(_name, []).append(_rule)
BY_PART = {
    part: [name for name in BY_NAME if part in name]
    for part in (
        *("sshpass", "mysql", "mariadb", "s-cli", "y-cli", "mongo", "cqlsh", "ldap", "smb", "rpcclient", "zip", "7z"),
        *("rar", " login", " set", "openssl", "lftp", "snmp", "ipmitool", "mosquitto", "sqlcmd", "bcp", "freerdp"),
        *("nmcli", "curl", "xh"),
    )
}
"""A part of the name -> names, so that a long text is searched for few words.

``http`` and ``https`` are none of them: in a text they are the beginnings of addresses.
"""


def rules_for(argument: str, before: str) -> list[Rule]:
    """The rules of the program that ``argument`` calls, alone (``/usr/bin/curl``) or with the word before it."""
    name = argument.rpartition("/")[2]
    return BY_NAME.get(name) or BY_NAME.get(f"{before.rpartition('/')[2]} {name}", [])


def secret_part(rule: Rule, argument: str, before: str) -> tuple[int, int] | None:
    """Start and end of the secret in ``argument``, which stands behind ``before`` and somewhere behind the program."""
    if rule.apart and re.fullmatch(rule.apart, before):
        return _judged(rule, argument, 0, len(argument))
    glued = re.match(rule.glued, argument) if rule.glued else None
    return _judged(rule, argument, glued.end(), len(argument)) if glued and glued.end() < len(argument) else None


def _judged(rule: Rule, text: str, start: int, end: int) -> tuple[int, int] | None:
    """The secret's span; an empty one where something stands in its place."""
    found = _pattern(rule.value).match(text, start, end)
    if found is None:
        return None
    return (found.end(), found.end()) if is_placeholder(found["secret"]) else found.span("secret")


def program_spans(text: str) -> Iterator[tuple[int, int]]:
    """The spans of the secrets that a text gives to such programs."""
    for part, names in BY_PART.items():
        if part in text:
            for name in names:
                yield from _spans_for(name, text)


def _spans_for(name: str, text: str) -> Iterator[tuple[int, int]]:
    done = covered = 0
    while (start := text.find(name, done)) >= 0:
        done = end = start + len(name)
        if _IN_A_NAME.match(text[start - 1 : start]) or _IN_A_NAME.match(text[end : end + 1]):
            continue
        line_end = text.find("\n", end, end + REACH)
        limit = line_end if line_end >= 0 else end + REACH
        for rule in BY_NAME[name]:
            for span in _spans_of(rule, text, end if rule.once else max(end, covered), limit):
                yield span
                done = max(done, span[1])
        covered = limit


def _spans_of(rule: Rule, text: str, start: int, limit: int) -> Iterator[tuple[int, int]]:
    for match in _option_of(rule).finditer(text, start, limit):
        value = value_at(text, match.end(), limit + REACH)
        found = _judged(rule, text, value[0], value[1]) if value else None
        if found and not is_prose(text[found[0] : found[1]]):
            yield found
        if found and rule.once:
            return


@cache
def _option_of(rule: Rule) -> re.Pattern[str]:
    """What stands before the value in a shell line or in a list of words in JSON."""
    gap = r"(?:[ \t]+|=|\\*[\"'][ \t]*,[ \t]*(?=\\*[\"']))"
    apart = f"(?:{rule.apart}){gap}" if rule.apart else "(?!)"
    glued = rf"(?:{rule.glued})(?=[^\s\\-])" if rule.glued else "(?!)"
    return re.compile(rf"(?<=[\s\"'])(?:{apart}|{glued})", re.ASCII)


@cache
def _pattern(value: str) -> re.Pattern[str]:
    return re.compile(value, re.ASCII | re.DOTALL)
