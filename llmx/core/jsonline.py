"""Write JSON on one line, without the ``json`` package, whose import costs most of a run's start."""

TYPE_CHECKING = False
if TYPE_CHECKING:

    def _escape(text: str, /) -> str: ...

    _escape_to_ascii = _escape
else:
    try:
        from _json import encode_basestring as _escape
        from _json import encode_basestring_ascii as _escape_to_ascii
    except ImportError:  # a Python without the accelerator has the same two in plain code
        from json.encoder import py_encode_basestring as _escape
        from json.encoder import py_encode_basestring_ascii as _escape_to_ascii


def dumps(value: object) -> str:
    """``value`` (None, bool, int, float, str, lists and string-keyed dicts of these) as compact JSON.

    Text stays readable UTF-8, except that what is not (surrogate escapes of foreign bytes) is written as ``\\udcXX``.
    """
    if isinstance(value, str):
        return _escape(value) if _is_text(value) else _escape_to_ascii(value)
    if value is None:
        return "null"
    if value is True:
        return "true"
    if value is False:
        return "false"
    if isinstance(value, dict):
        return "{" + ",".join([f"{dumps(key)}:{dumps(item)}" for key, item in value.items()]) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ",".join([dumps(item) for item in value]) + "]"
    if isinstance(value, float):
        return _number(value)
    if isinstance(value, int):
        return int.__repr__(value)
    raise TypeError(f"{type(value).__name__} has no JSON form")


def _is_text(value: str) -> bool:
    if value.isascii():
        return True
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def _number(value: float) -> str:
    if value != value or value in (float("inf"), float("-inf")):
        raise ValueError(f"{value} has no JSON form")
    return repr(value)
