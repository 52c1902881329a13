"""Mask secrets in a command line, where an argument's meaning may come from the one before it."""

import re
from collections.abc import Mapping

from llmx.core.redact import may_hold_a_secret
from llmx.core.redact.names import NO, PERHAPS, hides, is_placeholder, looks_random, secrecy, variable_secrets
from llmx.core.redact.programs import Rule, rules_for, secret_part
from llmx.core.redact.spans import MASK, secret_spans
from llmx.core.redact.stream import mask_with

_NAMED = re.compile(r"(?P<name>-{0,2}[A-Za-z_][\w.-]*)=(?P<value>.+)", re.ASCII | re.DOTALL)
_OPTION = re.compile(r"--?[A-Za-z][\w.-]*", re.ASCII)
_USER_OPTION = re.compile(r"(?:-[sSfLkivgGN#0-9]{0,12}[uU]|--user|--proxy-user)(?:=|(?=.*:)|$)", re.ASCII)
_AUTH_OPTION = re.compile(r"--(?:\w+-)*auth|--userpwd|--userpass", re.ASCII)
_USER = re.compile(r"[\w.@%+-]+:(?!/)\S+", re.ASCII)
_AUTH_WITH_USER = re.compile(rf"(?P<name>(?:{_AUTH_OPTION.pattern})=)(?P<user>{_USER.pattern})", re.ASCII)
_HEADER_OPTION = re.compile(r"-H|--(?:proxy-)?header|--add-header", re.ASCII)
_HEADER = re.compile(r"(?P<name>[\w-]+):[ \t]*(?P<value>.+)", re.ASCII | re.DOTALL)
_SHELL_OPTION = re.compile(r"-[a-z]*c|--command", re.ASCII)
_SETTING = re.compile(r"[\w.-]*secret_access_key", re.ASCII | re.IGNORECASE)


def mask_argv(argv: list[str], env: Mapping[str, str]) -> list[str]:
    """``argv`` with its secrets masked."""
    secrets = variable_secrets(env)
    rules: list[Rule] = []
    masked: list[str] = []
    for before, argument in zip(["", *argv], argv, strict=False):
        masked.append(_mask_option(argument, before, rules, secrets) or _mask_argument(argument, before, secrets))
        rules += rules_for(argument, before)
    return masked


def mask_message(text: str, env: Mapping[str, str], argv: list[str]) -> str:
    """``text`` about the command line ``argv``, also without what only there can be seen to be a secret."""
    found = secrets_of(argv, env) if may_hold_a_secret(argv, env) else []
    secrets = variable_secrets({**env, **{f"ARGUMENT_SECRET_{number}": secret for number, secret in enumerate(found)}})
    return mask_with(text, secrets)


def secrets_of(argv: list[str], env: Mapping[str, str]) -> list[str]:
    """The parts of ``argv`` that are masked, to be found where they are quoted alone."""
    found: list[str] = []
    for argument, shown in zip(argv, mask_argv(argv, env), strict=True):
        if MASK in shown and shown != argument:
            before, after = shown.partition(MASK)[0], shown.rpartition(MASK)[2]
            found.append(argument[len(before) : len(argument) - len(after)])
    return found


def _mask_option(argument: str, before: str, rules: list[Rule], secrets: list[str]) -> str:
    """The argument as an option that only the program's own rules know; "" where it is none."""
    if any("curl" in rule.names for rule in rules):
        if (user := _USER_OPTION.match(argument)) and user.end() < len(argument):
            return argument[: user.end()] + _mask_password(argument[user.end() :], secrets)
        if _USER_OPTION.fullmatch(before):
            return _mask_password(argument, secrets)
    for rule in rules:
        if part := secret_part(rule, argument, before):
            if rule.once:
                rules.remove(rule)
            return argument[: part[0]] + MASK * (part[1] > part[0]) + argument[part[1] :]
    if _AUTH_OPTION.fullmatch(before) and (user := _USER.fullmatch(argument)):
        return _mask_password(argument, secrets)
    if (user := _AUTH_WITH_USER.fullmatch(argument)) is not None:
        return user["name"] + _mask_password(user["user"], secrets)
    return ""


def _mask_argument(argument: str, before: str, secrets: list[str]) -> str:
    if _is_the_value_of(before, argument):
        return _mask_whole(argument)
    named = None if _SHELL_OPTION.fullmatch(before) else _NAMED.fullmatch(argument)
    if named and hides(named["name"], named["value"]):
        return f"{named['name']}={_mask_whole(named['value'])}"
    masked = mask_with(argument, secrets)
    header = _HEADER.fullmatch(masked) if _HEADER_OPTION.fullmatch(before) else None
    if header and MASK not in masked and hides(header["name"], header["value"]):
        return masked[: header.start("value")] + MASK
    return masked


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
