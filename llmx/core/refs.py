"""Model refs: ``[backend/]name[:variant][@backend]``, ``hf:org/repo[/file.gguf | :Q4_K_M]`` and ``file:/x.gguf``, or
``file:/x/`` for an MLX folder.

What stands before the first slash is a backend only where llmx knows one of that name, so that ``mlx-community/x`` is
a model. A name that must not be read so is written with ``@backend`` behind it.
"""

import re
from typing import Literal, NamedTuple

from llmx.core.backends.endpoints import NAMES, canonical, is_known
from llmx.errors import UsageError, nearest

_REPO = re.compile(r"[\w.-]+/[\w.-]+", re.ASCII)
_QUANTIZATION = re.compile(r"(UD-|I1-)?[A-Z]{1,5}\d[A-Z0-9_]*")


class ModelRef(NamedTuple):
    """Which model, and of which backend where that was said; ``str`` writes it in the one canonical form.

    ``source`` is ``name`` for a model that the backend knows by ``name``, ``hf`` for the Hugging Face repository
    ``name`` with a ``file`` in it or the quantization ``variant``, ``file`` for a file of this machine.
    """

    name: str
    variant: str = ""
    backend: str = ""
    source: Literal["name", "hf", "file"] = "name"
    file: str = ""

    @property
    def model(self) -> str:
        """The model's name as its backend knows it."""
        match self.source:
            case "hf":
                return f"{self.name}/{self.file}" if self.file else self._name_and_variant
            case "file":
                return self.file
        return self._name_and_variant

    @property
    def _name_and_variant(self) -> str:
        return f"{self.name}:{self.variant}" if self.variant else self.name

    def __str__(self) -> str:
        if self.source != "name":
            return f"{self.source}:{self.model}"
        return f"{self.backend}/{self.model}" if self.backend else self.model


def parse(text: str) -> ModelRef:
    """The ref that ``text`` spells; raises ``UsageError`` for one that is none, with what was probably meant."""
    if not text or not text.isprintable() or " " in text:
        raise UsageError(f"{text!r} names no model", hint="a model is written like ollama/qwen2.5:1.5b")
    if text.startswith("hf:"):
        return _hugging_face(text)
    if text.startswith("file:"):
        return _file(text)
    if "://" in text or text.startswith(("/", "./", "../", "~")):
        hint = "a server's URL goes behind --api-base" if "://" in text else f"did you mean file:{text}?"
        raise UsageError(f"{text!r} is no model", hint=hint)
    return _named(text)


def doubt(ref: ModelRef) -> str:
    """What else a ref could have meant, in words; empty where there is no reason to ask."""
    if ref.source != "name" or ref.backend or "/" not in ref.name:
        return ""
    first, _, rest = ref.model.partition("/")
    near = nearest(first, NAMES)
    meant = [f"{near}/{rest}"] if near else []
    if _REPO.fullmatch(ref.model):
        meant.append(f"hf:{ref.model}")
    return f"did you mean {' or '.join(meant)}?" if meant else ""


def _named(text: str) -> ModelRef:
    rest, at, backend = text.rpartition("@")
    if not at or not rest or rest.endswith("/") or not is_known(backend):
        _refuse_misspelled(text, rest, backend)
        rest, backend = text, ""
    first, slash, name = rest.partition("/")
    if slash and is_known(first) and (not backend or first == "local" or canonical(first) == canonical(backend)):
        backend, rest = backend or first, name
    name, colon, variant = rest.partition(":")
    if not name or bool(colon) != bool(variant) or "//" in f"/{rest}/":
        raise UsageError(f"{text!r} names no model", hint="a model is written like ollama/qwen2.5:1.5b")
    if is_known(rest.rpartition("@")[2]) and "@" in rest:
        raise UsageError(f"{text!r} says twice which backend it is of", hint=f"one is enough: {backend}/{name}")
    return ModelRef(name, variant, canonical(backend))


def _refuse_misspelled(text: str, rest: str, backend: str) -> None:
    """What stands behind ``@`` is a backend or part of the name; one that is nearly a backend is a mistake."""
    near = nearest(backend, NAMES) if rest and not rest.endswith("/") else None
    if near:
        raise UsageError(f"{text!r}: there is no backend {backend!r}", hint=f"did you mean {rest}@{near}?")


def _hugging_face(text: str) -> ModelRef:
    """A repository, a file of it, or the one of its files with that quantization."""
    words = text[3:].split("/")
    repo, file = "/".join(words[:2]), "/".join(words[2:])
    repo, colon, variant = repo.partition(":")
    if variant.endswith(".gguf") and not file:
        variant, file = "", variant
    elif colon and not variant:
        repo = ""
    if not _REPO.fullmatch(repo) or (len(words) > 2 and not file.endswith(".gguf")) or {"", ".", ".."} & set(words):
        hint = "it is written hf:org/repo, hf:org/repo:Q4_K_M or hf:org/repo/file.gguf"
        raise UsageError(f"{text!r} names no Hugging Face repository", hint=hint)
    if variant and (file or not _QUANTIZATION.fullmatch(variant.upper())):
        raise UsageError(f"{text!r} names no quantization", hint=f"such as hf:{repo}:Q4_K_M")
    return ModelRef(repo, variant.upper(), source="hf", file=file)


def _file(text: str) -> ModelRef:
    path = text[5:]
    if not path.endswith((".gguf", "/")) or path.startswith("//"):
        hint = "it is written file:/path/to/model.gguf, or file:/path/to/folder/ for MLX"
        raise UsageError(f"{text!r} names no model file", hint=hint)
    return ModelRef("", source="file", file=path)
