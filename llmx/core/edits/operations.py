"""What can be done to one entry of a file, and how it comes down to setting and unsetting single places."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from llmx.core.edits.values import MISSING, KeyPath, Value, dotted, look, plain, same
from llmx.errors import ConfigError


@dataclass(frozen=True)
class Set:
    """Put ``value`` at ``path``, making the mappings on the way; ``first`` puts a new key before its neighbours."""

    path: KeyPath
    value: Value
    first: bool = False


@dataclass(frozen=True)
class Unset:
    """Remove what stands at ``path``, if anything does."""

    path: KeyPath


@dataclass(frozen=True)
class Add:
    """Put ``value`` into the list at ``path``, once.

    An entry that equals it, or that agrees with it on every key in ``identity``, is replaced instead of repeated.
    """

    path: KeyPath
    value: Value
    identity: tuple[str, ...] = ()


@dataclass(frozen=True)
class Remove:
    """Take from the list at ``path`` every entry that equals ``match``, or that has all of ``match``'s items.

    ``is_whole`` takes only those that equal it.
    """

    path: KeyPath
    match: Value
    is_whole: bool = False


@dataclass(frozen=True)
class Block:
    """The marked block ``name`` of a Markdown file: its text, or ``None`` to take it out."""

    name: str
    text: str | None


Operation = Set | Unset | Add | Remove | Block
Step = Set | Unset


def setting(step: Step) -> Set:
    """``step`` where it sets; raises ``LookupError`` where it would unset something that has no place in the text."""
    if isinstance(step, Set):
        return step
    raise LookupError(f"nothing in the text is {dotted(step.path)}")


def steps(operation: Operation, value: Value) -> Iterator[Step]:
    """The single steps that ``operation`` means for a file that holds ``value``; none where it already holds."""
    if isinstance(operation, Block):
        yield Unset((operation.name,)) if operation.text is None else Set((operation.name,), operation.text)
        return
    if not operation.path:
        raise ConfigError("an edit names an entry; the whole file is not one")
    if isinstance(operation, Add):
        yield _placed(operation, value)
    elif isinstance(operation, Remove):
        places = _matches(_list_at(value, operation.path), operation.match, is_whole=operation.is_whole)
        yield from (Unset((*operation.path, place)) for place in reversed(places))
    elif isinstance(operation, Set):
        yield Set(operation.path, plain(operation.value), operation.first)
    else:
        yield operation


def _placed(operation: Add, value: Value) -> Set:
    entry = plain(operation.value)
    entries = _list_at(value, operation.path)
    if entries is None:
        return Set(operation.path, [entry])
    place = next((i for i, old in enumerate(entries) if _is_it(old, entry, operation.identity)), len(entries))
    return Set((*operation.path, place), entry)


def _is_it(old: Value, entry: Value, identity: tuple[str, ...]) -> bool:
    if same(old, entry, ordered=False):
        return True
    if not identity or not isinstance(old, dict) or not isinstance(entry, dict):
        return False
    return all(same(old.get(key, MISSING), entry.get(key, MISSING), ordered=False) for key in identity)


def _list_at(value: Value, path: KeyPath) -> list[Value] | None:
    found = look(value, path)
    if found is MISSING or found is None:
        return None
    if not isinstance(found, list):
        raise ConfigError(f"{dotted(path)} is not a list", key=dotted(path), hint="change or remove that entry first")
    return found


def _matches(entries: list[Value] | None, match: Value, *, is_whole: bool) -> list[int]:
    wanted = plain(match)
    return [
        place
        for place, entry in enumerate(entries or [])
        if (same(entry, wanted, ordered=False) if is_whole else _has(entry, wanted))
    ]


def _has(entry: Value, wanted: Value) -> bool:
    if isinstance(wanted, Mapping) and isinstance(entry, dict):
        return all(same(entry.get(key, MISSING), item, ordered=False) for key, item in wanted.items())
    return same(entry, wanted, ordered=False)


def narrow(step: Step, value: Value, *, ordered: bool) -> Iterator[Step]:
    """Smaller steps with the same result, so that what stays within an entry keeps its comments and its looks."""
    old = look(value, step.path)
    if isinstance(step, Unset):
        if old is not MISSING:
            yield step
        return
    if same(old, step.value, ordered=ordered):
        return
    both = isinstance(old, dict) and isinstance(step.value, dict) and bool(step.value)
    if not both or not _can_grow(old, step.value, ordered):
        yield step
        return
    for key, item in step.value.items():
        yield from narrow(Set((*step.path, key), item), value, ordered=ordered)
    for key in old:
        if key not in step.value:
            yield Unset((*step.path, key))


def _can_grow(old: dict[str, Value], new: dict[str, Value], ordered: bool) -> bool:
    """Whether changing ``old`` key by key ends in ``new``; order is only kept when the new keys come last."""
    if not ordered:
        return True
    stay = [key for key in old if key in new]
    return bool(stay) and list(new)[: len(stay)] == stay
