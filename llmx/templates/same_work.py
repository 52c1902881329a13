"""What makes a run that goes on the same work: what was asked, of whom, and what was read."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from typing import Any

from llmx.templates import Template

MOST_TOLD = 5

MODEL = "the model"

Facts = Mapping[str, str]
"""What was asked, each part by the name that a user knows it by; parameters and files as their sums."""


def facts_of(template: Template, parameters: Mapping[str, Any], options: Mapping[str, Any], model: str = "") -> Facts:
    """The facts of a run; ``options`` are by their names on the command line."""
    given = {f"parameter {name}": sum_of(value) for name, value in parameters.items()}
    said = {name: sum_of(value) for name, value in options.items() if value is not None}
    return {"the template": template.id, "the template's files": template.digest, **given, **said, MODEL: model}


def model_of(wanted: tuple[str, str]) -> str:
    """Who was named, as it is told; empty where nobody was."""
    return "/".join(each for each in wanted if each)


def differences(before: Facts, now: Facts) -> list[str]:
    """The names of what is not the same. A model that only one of the two names is no other model."""
    names = [name for name in {**before, **now} if before.get(name) != now.get(name)]
    models = before.get(MODEL), now.get(MODEL)
    if not all(models):
        return [name for name in names if name != MODEL]
    return [f"{name} (it was {models[0]}, and is {models[1]})" if name == MODEL else name for name in names]


def changes(before: Mapping[str, str], now: Mapping[str, str]) -> list[str]:
    """What has become of things, by name; the values are their sums."""
    return [
        *(f"{name} is gone" for name in before if name not in now),
        *(f"{name} is new" for name in now if name not in before),
        *(f"{name} has changed" for name in before if name in now and now[name] != before[name]),
    ]


def listed(said: Iterable[str]) -> str:
    """The first of them, and how many more there are."""
    told = list(said)
    more = f", and {len(told) - MOST_TOLD} more" if len(told) > MOST_TOLD else ""
    return ", ".join(told[:MOST_TOLD]) + more


def sum_of(value: object) -> str:
    """A short sum of what JSON can hold."""
    text = json.dumps(value, sort_keys=True, default=str)
    return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()[:32]
