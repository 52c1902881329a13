"""What runs in the process that reads one document: a reader fills a ``Harvest``, which keeps to the limits."""

import resource
import sys
from typing import Any, BinaryIO

from llmx.core.plugins import load
from llmx.documents.decoding import clean
from llmx.documents.document import DocumentError, Limits, PartKind


class Harvest:
    """The parts found so far. A reader calls ``add`` for each, in order."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.title = ""
        self.encoding = ""
        self.notes: list[str] = []
        self.parts: list[tuple[PartKind, str, str]] = []
        self._used = 0

    def add(self, kind: PartKind, name: str, text: str) -> None:
        """One more part; raises ``DocumentError`` where all together are too much."""
        text = clean(text)
        self._used += len(text) + 1
        if self._used > self.limits.text:
            raise DocumentError(f"holds more than {self.limits.text} characters of text", "too_large")
        self.parts.append((kind, clean(name), text))


def answer(request: dict[str, Any], file: BinaryIO) -> dict[str, Any]:
    """What the reader named in the request finds, or the reason why it finds nothing."""
    harvest = Harvest(Limits(**request["limits"]))
    try:
        load(request["target"])(file, request["name"], harvest)
    except DocumentError as error:
        return {"reason": error.reason, "message": error.message, "hint": error.hint}
    except ImportError as error:
        return {"reason": "reader", "message": f"needs a package: {error}", "hint": None}
    except MemoryError:
        raise
    except Exception as error:  # a library's own faults, of which none has a list
        said = f"{type(error).__name__}: {error}".strip().split("\n")[0][:200]
        if _has_eaten(harvest.limits.memory):
            raise MemoryError from None
        return {"reason": "damaged", "message": f"is damaged: {said}", "hint": None}
    return {
        "parts": harvest.parts,
        "title": harvest.title,
        "encoding": harvest.encoding,
        "notes": harvest.notes,
    }


def _has_eaten(memory: int) -> bool:
    """Whether a failure near the limit of memory comes of it: libxml2 only says that there was an error."""
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit > memory // 2
