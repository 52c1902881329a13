"""Which of two values limits more: what a project may set, and what a lock lets through, is decided here."""

from llmx.core.plugins import load

TYPE_CHECKING = False
if TYPE_CHECKING:
    from llmx.core.settings.keys import Setting


def is_as_strict(setting: "Setting", new: object, old: object) -> bool:
    """Whether ``new`` allows nothing that ``old`` does not; both are values as ``kinds.py`` gives them."""
    match setting.stricter:
        case "true" | "false":
            return new == old or new is (setting.stricter == "true")
        case "lower" | "higher":
            lower, higher = (new, old) if setting.stricter == "lower" else (old, new)
            return _limit(setting, lower) <= _limit(setting, higher)
        case "earlier":
            return setting.choices.index(str(new)) <= setting.choices.index(str(old))
        case "subset":
            return bool(load("llmx.core.network.names:is_within")(new, old))
        case "superset":
            return isinstance(new, list | tuple) and isinstance(old, list | tuple) and set(new) >= set(old)
        case "fewer":
            return _entries(new) <= _entries(old)
        case "narrower":
            return not _entries(old) or set() < _entries(new) <= _entries(old)
    return new == old


def over(setting: "Setting", new: object, old: object) -> object:
    """What a file's ``new`` comes to over the ``old`` of files below: lists of what is forbidden are joined."""
    if setting.stricter == "superset" and isinstance(new, list | tuple) and isinstance(old, list | tuple):
        return (*old, *(entry for entry in new if entry not in old))
    return new


def _entries(value: object) -> set[object]:
    return set(value) if isinstance(value, list | tuple) else set()


def _limit(setting: "Setting", value: object) -> float:
    """0 stands for no limit, but where that many are to be kept."""
    if not isinstance(value, int | float):
        return float("inf")
    return value or (0.0 if setting.stricter == "higher" and setting.kind == "int" else float("inf"))
