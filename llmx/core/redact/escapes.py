"""The quick check for texts with URL escapes: could they hold a secret once those are read?"""

from collections.abc import Mapping, Sequence

from llmx.core.redact import may_hold_a_secret

_HEX = frozenset("0123456789abcdefABCDEF")


def may_hide_a_secret(texts: Sequence[str], env: Mapping[str, str]) -> bool:
    """What is escaped twice, or may be a variable beyond ASCII, is looked at for sure."""
    plain = [_without_escapes(text) for text in texts]
    if plain == list(texts):
        return False
    if any(_without_escapes(text) != text for text in plain) or not all(map(str.isascii, env.values())):
        return True
    return may_hold_a_secret(plain, env) or may_hold_a_secret([text.replace("+", " ") for text in plain], env)


def _without_escapes(text: str) -> str:
    first, *rest = text.split("%")
    parts = [first]
    for part in rest:
        code = int(part[:2], 16) if len(part) > 1 and _HEX.issuperset(part[:2]) else -1
        parts.append("%" + part if code < 0 else (chr(code) if code < 128 else "x") + part[2:])
    return "".join(parts)
