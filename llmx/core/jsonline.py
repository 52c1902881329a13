"""Write JSON on one line, without the ``json`` package, whose import costs most of a run's start."""

from llmx.core.plugins import load


def dumps(value: object) -> str:
    """``value`` (None, bool, int, float, str, lists and string-keyed dicts of these) as compact JSON.

    Text stays readable UTF-8, except where it holds foreign bytes (surrogate escapes) or control characters beyond
    ASCII, which a terminal may obey: that is written in escapes.
    """
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, dict):
        return "{" + ",".join([f"{dumps(key)}:{dumps(item)}" for key, item in value.items()]) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ",".join([dumps(item) for item in value]) + "]"
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, (int, float)) and value - value == 0:
        return repr(value)
    raise TypeError(f"{value!r} has no JSON form")


def _text(value: str) -> str:
    """A quoted string. Most are plain; only for others is the accelerator of the ``json`` package loaded."""
    if value.isascii() and value.isprintable() and '"' not in value and "\\" not in value:
        return f'"{value}"'
    escape = "encode_basestring" if _is_readable(value) else "encode_basestring_ascii"
    try:
        quoted: str = load(f"_json:{escape}")(value)
    except ImportError:  # a Python without the accelerator has the same two in plain code
        quoted = load(f"json.encoder:py_{escape}")(value)
    return quoted


_CONTROLS = dict.fromkeys(range(0x80, 0xA0))


def _is_readable(value: str) -> bool:
    try:
        value.encode()
    except UnicodeEncodeError:  # surrogate escapes: bytes that are no UTF-8
        return False
    return value.isascii() or len(value.translate(_CONTROLS)) == len(value)
