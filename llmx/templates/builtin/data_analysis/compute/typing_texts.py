"""Columns of texts as what they hold: a type only where every single value is of it."""

from collections.abc import Callable
from functools import partial

import polars
from polars import Series

DATES = ("%Y-%m-%d", "%Y/%m/%d", "%d.%m.%Y")
MOMENTS = (
    *("%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%dT%H:%M:%S%.fZ", "%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M"),
    *("%d.%m.%Y %H:%M:%S", "%d.%m.%Y %H:%M", "%Y/%m/%d %H:%M:%S"),
)
SLASHED = ("%d/%m/%Y", "%m/%d/%Y")
"""Where both fit, nobody can know which is meant."""

HEAD = 100
_CODE = r"^[+-]?0\d"
"""A number that begins with zeros is the code of something, which has to stay as it is."""

_NUMBER = r"^[+-]?\d+(?:,\d+)?$"


def typed(column: Series, notes: list[str], *, has_commas: bool) -> Series:
    """Numbers, truths or dates where all are, else the texts as they are."""
    texts = column.str.strip_chars()
    for kind in (polars.Int64, polars.Float64):
        if (numbers := _all(texts, partial(_cast, kind=kind))) is not None:
            return numbers
    if has_commas and (numbers := _all(texts, _with_commas)) is not None:
        notes.append(f"the numbers of {column.name} are written with decimal commas")
        return numbers
    if (truths := _all(texts.str.to_lowercase(), partial(_cast, kind=polars.Boolean))) is not None:
        return truths
    return dated(column, notes)


def dated(column: Series, notes: list[str]) -> Series:
    """Texts as dates where all of them are."""
    texts = column.str.strip_chars()
    ways: list[Callable[[Series], Series]] = [
        *(partial(_parsed, form=form, kind=polars.Date) for form in DATES),
        _months,
    ]
    ways += [partial(_parsed, form=form, kind=polars.Datetime) for form in MOMENTS]
    for way in ways:
        if (found := _all(texts, way)) is not None:
            return found
    slashed = [_all(texts, partial(_parsed, form=form, kind=polars.Date)) for form in SLASHED]
    fitting = [each for each in slashed if each is not None]
    if len(fitting) > 1:
        notes.append(f"{column.name}: days and months cannot be told apart, so these are texts; 2026-01-31 is clear")
    return fitting[0] if len(fitting) == 1 else column


def _all(texts: Series, make: Callable[[Series], Series]) -> Series | None:
    """What ``make`` gives where it loses none of the values, the first of which are tried alone; else None."""
    for part in (texts.drop_nulls().head(HEAD), texts):
        if not part.len() or part.null_count() == part.len():
            return None
        made = make(part)
        if made.null_count() != part.null_count():
            return None
    return made.alias(texts.name)


def _cast(texts: Series, kind: type[polars.DataType]) -> Series:
    if kind == polars.Boolean:
        is_true, is_false = texts == "true", texts == "false"
        return Series(texts.name, is_true).set(~(is_true | is_false), None)
    return texts.cast(kind, strict=False).set(texts.str.contains(_CODE), None)


def _with_commas(texts: Series) -> Series:
    numbers = texts.str.replace(",", ".", literal=True).cast(polars.Float64, strict=False)
    return numbers.set(~texts.str.contains(_NUMBER), None)


def _months(texts: Series) -> Series:
    return _parsed(texts + "-01", form="%Y-%m-%d", kind=polars.Date)


def _parsed(texts: Series, form: str, kind: type[polars.Date] | type[polars.Datetime]) -> Series:
    return texts.str.strptime(kind, form, strict=False)
