"""The Hugging Face hub, or a mirror of it: what a repository holds, and where a file's bytes are.

The API as huggingface_hub 2.4 uses it. Files that the hub keeps in Xet are asked for over HTTP like all others.
"""

import json
import os
from collections.abc import Mapping
from typing import Any, NamedTuple
from urllib.parse import quote

from llmx import paths
from llmx.core.settings.sources import shown
from llmx.errors import InconclusiveError, NotFoundError
from llmx.models.remote import Remote
from llmx.models.web import StatusError, WebError, fetch, open_url, origin, plain

DEFAULT_ENDPOINT = "https://huggingface.co"
TIMEOUT = 30.0
MOST_REDIRECTS = 5


class RepoFile(NamedTuple):
    """A file of a repository; ``digest`` is a sha256, or the sha1 of a git blob for small files."""

    path: str
    size: int
    digest: str


class Repo(NamedTuple):
    """A repository at one commit."""

    name: str
    commit: str
    files: tuple[RepoFile, ...]


class AccessError(InconclusiveError):
    """The hub wants to know who asks, or refuses who asks."""


class Hub:
    """One hub; ``token`` goes to it and to nobody else."""

    def __init__(self, endpoint: str = DEFAULT_ENDPOINT, token: str = "", *, timeout: float = TIMEOUT) -> None:
        self.endpoint = endpoint.rstrip("/")
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}
        self._timeout = timeout

    def repo(self, name: str, revision: str = "main") -> Repo:
        """What the repository holds at a revision; raises ``NotFoundError``, ``AccessError``, ``WebError``."""
        url = f"{self.endpoint}/api/models/{quote(name)}/revision/{quote(revision, safe='')}?blobs=true"
        try:
            said = json.loads(fetch(url, self._headers, self._timeout))
            files = tuple(_file(entry) for entry in said["siblings"])
            return Repo(name, str(said["sha"]), files)
        except StatusError as error:
            raise self._refusal(error, name, revision) from None
        except (ValueError, KeyError, TypeError):
            raise WebError(f"{plain(url)} answered with something that is no repository", hint=_MIRROR) from None

    def locate(self, name: str, commit: str, file: RepoFile) -> Remote:
        """Where the bytes of a file are now; the token goes along only where they are the hub's own."""
        url = f"{self.endpoint}/{quote(name)}/resolve/{quote(commit, safe='')}/{quote(file.path)}"
        try:
            headers, url, location = self._head(url)
        except StatusError as error:
            raise self._refusal(error, name, commit, file.path) from None
        digest = (headers.get("x-linked-etag") or headers.get("etag") or "").removeprefix("W/").strip('"')
        size = headers.get("x-linked-size") or headers.get("content-length") or ""
        is_other = len(digest) == len(file.digest) == 64 and digest != file.digest
        if is_other or (size.isdecimal() and int(size) != file.size):
            told = f"{size or 'unknown'} bytes, and {file.size} were listed"
            raise WebError(f"{plain(url)} is another file than {self.endpoint} lists: {told}", hint="pull again")
        sent = self._headers if origin(location or url) == origin(self.endpoint) else {}
        return Remote(location or url, file.size, file.digest, digest, sent)

    def _head(self, url: str) -> tuple[Mapping[str, str], str, str]:
        """The headers, the URL that had them, and where that sends to; renamed repositories are followed."""
        for _ in range(MOST_REDIRECTS):
            try:
                with open_url(url, self._headers, self._timeout, method="HEAD") as answer:
                    return {name.lower(): value for name, value in answer.headers.items()}, url, ""
            except StatusError as error:
                target = error.location
                if not target:
                    raise
                if "x-linked-size" in error.headers or origin(target) != origin(self.endpoint):
                    return {**error.headers, "content-length": ""}, url, target
                url = target
        raise WebError(f"{plain(url)} sends in circles")

    def _refusal(
        self, error: StatusError, name: str, revision: str, file: str = ""
    ) -> InconclusiveError | NotFoundError:
        """What a status of the hub means."""
        code = error.headers.get("x-error-code", "")
        place = f"{self.endpoint}/{name}"
        if code == "EntryNotFound":
            return NotFoundError(f"{place} has no file {shown(file)}")
        if code == "RevisionNotFound":
            return NotFoundError(f"{place} has no revision {shown(revision)}", hint="a branch, a tag or a commit")
        if code == "GatedRepo":
            hint = f"accept its terms at {DEFAULT_ENDPOINT}/{name}, then give a token of yours in HF_TOKEN"
            return AccessError(f"{place} is gated: its owner asks who uses it", hint=hint)
        if error.status in (401, 403):
            known = "refused the token it got" if self._headers else "is not there, or private"
            return AccessError(f"{place} {known}", hint=_TOKEN)
        if error.status == 404:
            return NotFoundError(f"{self.endpoint} has no repository {shown(name)}", hint=_SPELLING)
        error.hint = (
            "the hub asks for fewer requests: wait, or give a token in HF_TOKEN" * (error.status == 429) or None
        )
        return error


_TOKEN = "is it spelled right? for a private one give a token in HF_TOKEN, or log in with: hf auth login"
_SPELLING = "it is written as on its page, such as hf:org/repo; for a private one set HF_TOKEN"
_MIRROR = "is HF_ENDPOINT the address of a hub?"


def _file(entry: dict[str, Any]) -> RepoFile:
    stored = entry.get("lfs") or {}
    size = stored.get("size") or entry["size"]
    return RepoFile(str(entry["rfilename"]), int(size), str(stored.get("sha256") or entry.get("blobId") or ""))


def endpoint(env: Mapping[str, str] = os.environ) -> str:
    """The hub to ask: ``HF_ENDPOINT`` names a mirror."""
    return env.get("HF_ENDPOINT") or DEFAULT_ENDPOINT


def token(env: Mapping[str, str] = os.environ) -> str:
    """The user's token: from the environment, from the file it names, or from the hub's own login; else empty."""
    given = env.get("HF_TOKEN") or env.get("HUGGING_FACE_HUB_TOKEN") or ""
    if given:
        return given.strip()
    try:
        with open(env.get("HF_TOKEN_PATH") or f"{hub_home(env)}/token", encoding="ascii") as file:
            return file.read(1000).strip()
    except (OSError, ValueError):
        return ""


def hub_home(env: Mapping[str, str] = os.environ) -> str:
    """The folder of huggingface_hub."""
    cache = env.get("XDG_CACHE_HOME") or f"{paths.home(env)}/.cache"
    return os.path.expanduser(env.get("HF_HOME") or f"{cache}/huggingface")
