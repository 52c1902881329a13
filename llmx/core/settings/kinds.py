"""What a value means for a setting: one reading for files, variables and the command line."""

from llmx.core.quantities import parse_duration, parse_size

TYPE_CHECKING = False
if TYPE_CHECKING:
    from llmx.core.settings.keys import Setting

_LONGEST = parse_duration("36500d")
_LARGEST = 2**63 - 1
_TRUTHS = {"true": True, "yes": True, "on": True, "1": True, "false": False, "no": False, "off": False, "0": False}
_EXPECTED = {
    "bool": "true or false",
    "string": "a string",
    "list": "a list of strings",
    "duration": 'a time such as 90, "10m" or "1h30m", with 0 for none',
    "size": 'a size such as 4096, "512M" or "2GiB"',
    "reference": "env:NAME, file:PATH or keyring:NAME",
}
_KEEPERS = ("env", "file", "keyring")


def expected(setting: "Setting") -> str:
    """What a value of ``setting`` must be, in words."""
    if setting.kind == "choice":
        return f"one of {', '.join(setting.choices)}"
    words = _EXPECTED.get(setting.kind) or ("a whole number" if setting.kind == "int" else "a number")
    if setting.least is not None and setting.most is not None:
        return f"{words} from {setting.least} to {setting.most}"
    if setting.most is not None:
        return f"{words}, at most {setting.most}"
    return words if setting.least is None else f"{words} of at least {setting.least}"


def read_value(setting: "Setting", value: object) -> object:
    """``value`` of a TOML file as the setting's own; raises ``ValueError`` saying what was expected."""
    if setting.kind in ("duration", "size") and isinstance(value, str):
        value = parse_duration(value) if setting.kind == "duration" else parse_size(value)
    if not _fits(setting, value):
        raise ValueError(f"it must be {expected(setting)}")
    match value:
        case int() if setting.kind in ("duration", "number"):
            return float(value)
        case list():
            return tuple(value)
    return value


def read_text(setting: "Setting", text: str) -> object:
    """``text`` of a variable or the command line as the setting's own value; raises ``ValueError``.

    Lists are written with commas between; truth values also as yes/no, on/off and 1/0.
    """
    value: object = text
    match setting.kind:
        case "bool":
            value = _TRUTHS.get(text.strip().lower(), text)
        case "int" | "number":
            value = _number(text.strip(), whole=setting.kind == "int")
        case "list":
            value = [word for word in (part.strip() for part in text.split(",")) if word]
    return read_value(setting, value)


def is_reference(text: str) -> bool:
    """Whether ``text`` says where a secret is kept; a secret itself never reads like that."""
    keeper, colon, name = text.partition(":")
    if keeper == "env":
        return name.isascii() and name.isidentifier()
    return keeper in _KEEPERS and bool(colon and name.strip()) and name.isprintable()


def _fits(setting: "Setting", value: object) -> bool:
    match value:
        case bool():
            return setting.kind == "bool"
        case int():
            whole = setting.kind in ("int", "size")
            return (whole or setting.kind in ("number", "duration")) and _within(setting, value)
        case float():
            return setting.kind in ("number", "duration") and _within(setting, value)
        case list():
            return setting.kind == "list" and all(isinstance(item, str) for item in value)
    return isinstance(value, str) and _is_text_of(setting, value)


def _is_text_of(setting: "Setting", text: str) -> bool:
    match setting.kind:
        case "choice":
            return text in setting.choices
        case "reference":
            return is_reference(text)
    return setting.kind == "string"


def _within(setting: "Setting", value: float) -> bool:
    """Whether the number is between the setting's bounds; nan is not."""
    most = _LARGEST if setting.kind in ("int", "size") else _LONGEST
    least = 0 if setting.kind in ("size", "duration") else -most
    return max(least, _or(setting.least, least)) <= value <= min(most, _or(setting.most, most))


def _or(bound: float | None, other: float) -> float:
    return other if bound is None else bound


def _number(text: str, *, whole: bool) -> object:
    """The number that ``text`` spells in plain digits, else ``text`` itself."""
    if not text.isascii() or "_" in text:
        return text
    try:
        return int(text) if whole else float(text)
    except ValueError:
        return text
