"""Mask secrets in a command line, where an argument's meaning may come from the one before it."""

import re
from collections.abc import Mapping

from llmx.core.redact.names import NO, PERHAPS, hides, is_placeholder, looks_random, secrecy, variable_secrets
from llmx.core.redact.spans import MASK, secret_spans
from llmx.core.redact.stream import mask_with

_NAMED = re.compile(r"(?P<name>-{0,2}[A-Za-z_][\w.-]*)=(?P<value>.+)", re.ASCII | re.DOTALL)
_OPTION = re.compile(r"--?[A-Za-z][\w.-]*", re.ASCII)
_USER_OPTION = re.compile(r"(?:-[sSfLkivgGN#0-9]{0,12}[uU]|--user|--proxy-user)(?:=|(?=.*:)|$)", re.ASCII)
_SHELL_OPTION = re.compile(r"-[a-z]*c|--command", re.ASCII)
_SETTING = re.compile(r"[\w.-]*secret_access_key", re.ASCII | re.IGNORECASE)


def mask_argv(argv: list[str], env: Mapping[str, str]) -> list[str]:
    """``argv`` with its secrets masked."""
    secrets = variable_secrets(env)
    calls_curl = False
    masked: list[str] = []
    for before, argument in zip(["", *argv], argv, strict=False):
        masked.append(_mask_argument(argument, before, calls_curl, secrets))
        calls_curl = calls_curl or argument.rpartition("/")[2] == "curl"
    return masked


def _mask_argument(argument: str, before: str, calls_curl: bool, secrets: list[str]) -> str:
    if calls_curl and (user := _USER_OPTION.match(argument)) and user.end() < len(argument):
        return argument[: user.end()] + _mask_password(argument[user.end() :], secrets)
    if calls_curl and _USER_OPTION.fullmatch(before):
        return _mask_password(argument, secrets)
    if _is_the_value_of(before, argument):
        return _mask_whole(argument)
    named = None if _SHELL_OPTION.fullmatch(before) else _NAMED.fullmatch(argument)
    if named and hides(named["name"], named["value"]):
        return f"{named['name']}={_mask_whole(named['value'])}"
    return mask_with(argument, secrets)


def _is_the_value_of(option: str, value: str) -> bool:
    if _SETTING.fullmatch(option):
        return looks_random(value) and not is_placeholder(value)
    level = secrecy(option) if _OPTION.fullmatch(option) else NO
    if level == NO or (value.startswith("-") and not looks_random(value)):
        return False
    return hides(option, value) and (level != PERHAPS or "=" not in value)


def _mask_password(user: str, secrets: list[str]) -> str:
    name, _, password = user.partition(":")
    return f"{name}:{MASK}" if password and not is_placeholder(password) else mask_with(user, secrets)


def _mask_whole(value: str) -> str:
    """The mask for all of ``value``, after its public prefix if it has one."""
    start = secret_spans(value, [value])[0][0][0]
    return value[:start] + MASK
