"""What can be pulled, as it is written on the command line."""

import re
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

from llmx.core.demo import NAME, PATH
from llmx.core.settings.sources import shown
from llmx.errors import UsageError
from llmx.models.quantizations import BITS

_REPO = re.compile(r"(?P<name>[\w.-]+/[\w.-]+?)(?:/(?P<file>.+))?", re.ASCII)
_OLLAMA = re.compile(r"[\w.-]+(/[\w.-]+){0,2}(:[\w.-]+)?", re.ASCII)
_FORMS = "hf:org/repo, hf:org/repo:Q4_K_M, ollama/name:tag, https://… or file:/x.gguf"


class HubSource(NamedTuple):
    """A repository of the hub, and what of it."""

    repo: str
    file: str = ""
    quantization: str = ""

    def __str__(self) -> str:
        if self.file:
            return f"hf:{self.repo}/{self.file}"
        return f"hf:{self.repo}:{self.quantization}" if self.quantization else f"hf:{self.repo}"


class OllamaSource(NamedTuple):
    """A model of Ollama's library."""

    name: str

    def __str__(self) -> str:
        return f"ollama/{self.name}"


class UrlSource(NamedTuple):
    """A file on a server."""

    url: str

    @property
    def file(self) -> str:
        """The name it gets here."""
        return unquote(urlsplit(self.url).path).rpartition("/")[2]

    def __str__(self) -> str:
        parts = urlsplit(self.url)
        return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"


class FileSource(NamedTuple):
    """A file that is here already."""

    path: str

    def __str__(self) -> str:
        return f"file:{self.path}"


Source = HubSource | OllamaSource | UrlSource | FileSource


def parse_source(text: str) -> Source:
    """What ``text`` names; raises ``UsageError`` with the forms there are."""
    if not text or not text.isprintable() or " " in text:
        raise UsageError(f"{shown(text)!r} names no model", hint=f"it is written {_FORMS}")
    if text.startswith("file:"):
        return FileSource(text[5:])
    if text == NAME:
        return FileSource(PATH)
    if text.startswith(("https://", "http://")):
        return _url(text)
    for prefix in ("ollama/", "local/"):
        if text.startswith(prefix):
            return _ollama(text, text.removeprefix(prefix))
    if text.endswith("@ollama"):
        return _ollama(text, text.removesuffix("@ollama"))
    if text.startswith(("hf:", "gguf/", "mlx/")) or text.count("/") == 1 or text.endswith((".gguf", "@gguf", "@mlx")):
        return _hub(text)
    return _ollama(text, text)


def _hub(text: str) -> HubSource:
    rest = re.sub(r"^(hf:|gguf/|mlx/)|(@gguf|@mlx)$", "", text)
    rest, _, variant = rest.partition(":")
    found = _REPO.fullmatch(rest)
    is_file = variant.lower().endswith(".gguf")
    named = found and (found["file"] or (variant if is_file else ""))
    if not found or {"", ".", ".."} & set(rest.split("/")) or (named and ".." in named.split("/")):
        raise UsageError(f"{shown(text)} names no repository of the hub", hint="it is written hf:org/repo")
    if named and not named.lower().endswith(".gguf"):
        hint = f"hf:{found['name']} takes the one that fits, hf:{found['name']}/NAME.gguf one by its name"
        raise UsageError(f"{shown(text)} names no .gguf file", hint=hint)
    quantization = "" if is_file else variant.upper()
    if ":" in text.removeprefix("hf:") and not variant:
        raise UsageError(f"{shown(text)} says nothing behind its colon", hint=f"such as hf:{found['name']}:Q4_K_M")
    if quantization and quantization.removeprefix("UD-") not in BITS:
        raise UsageError(f"there is no quantization {shown(variant)}", hint=f"such as hf:{found['name']}:Q4_K_M")
    return HubSource(found["name"], named or "", quantization)


def _ollama(text: str, name: str) -> OllamaSource:
    if not _OLLAMA.fullmatch(name):
        raise UsageError(f"{shown(text)} names no model", hint=f"it is written {_FORMS}")
    return OllamaSource(name if ":" in name.rpartition("/")[2] else f"{name}:latest")


def _url(text: str) -> UrlSource:
    source = UrlSource(text)
    if not source.file.lower().endswith(".gguf") or "/" in source.file or not urlsplit(text).hostname:
        raise UsageError(f"{shown(str(source))} is no address of a .gguf file", hint="hf:org/repo names a repository")
    return source
