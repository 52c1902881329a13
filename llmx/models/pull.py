"""Pull a model: decide which files it is, use those that are here, fetch the others."""

import os
import time
from typing import NamedTuple
from urllib.parse import urlsplit

from llmx.core.settings.sources import shown
from llmx.errors import LlmxError, NotFoundError
from llmx.models.download import Way
from llmx.models.elsewhere import existing
from llmx.models.fetching import Wanted, is_here, link, obtain
from llmx.models.hub import Hub, Repo, RepoFile
from llmx.models.partial import require_space
from llmx.models.places import Places, repo_folder, url_folder
from llmx.models.progress import Progress, Report, State
from llmx.models.remote import Remote, Resolve
from llmx.models.selection import select
from llmx.models.sources import FileSource, HubSource, UrlSource
from llmx.models.web import StatusError, WebError, open_url, plain

_TELL_EVERY = 0.1


class Choices(NamedTuple):
    """What else was asked for."""

    quantization: str = ""
    revision: str = "main"
    projector: bool = True
    force: bool = False


class Errand(NamedTuple):
    """How a pull is done: where to, what else was asked for, who is told, and the patience it has."""

    places: Places
    choices: Choices
    report: Report
    way: Way = Way()


class Pulled(NamedTuple):
    """A model that is here now: its file (or folder, for MLX) and how many bytes were fetched for it."""

    ref: str
    backend: str
    path: str
    files: tuple[str, ...]
    size: int
    fetched: int
    quantization: str
    commit: str = ""
    notes: tuple[str, ...] = ()


class _Meter:
    """Adds what single files report up to the whole, and tells it ten times a second at most."""

    def __init__(self, report: Report, model: str) -> None:
        self._report, self._model = report, model
        self._before = self._total = 0
        self._last: tuple[State, float] = ("Starting", 0.0)
        self._file = ""

    def begin(self, total: int) -> None:
        self._total = total

    def enter(self, file: str, before: int) -> None:
        self._file, self._before = file, before

    def moved(self, state: State, done: int) -> None:
        now = time.monotonic()
        if state == self._last[0] and now - self._last[1] < _TELL_EVERY:
            return
        self._last = (state, now)
        self._report(Progress(state, self._model, self._file, self._before + done, self._total))


def pull_from_hub(source: HubSource, hub: Hub, errand: Errand) -> Pulled:
    """A model of a repository; raises ``LlmxError`` and keeps what is here for the next time."""
    choices, report = errand.choices, errand.report
    report(Progress("Starting", str(source)))
    repo = hub.repo(source.repo, choices.revision)
    asked = source.quantization or choices.quantization
    chosen = select(repo, file=source.file, quantization=asked, projector=choices.projector)
    folder = repo_folder(errand.places.own, source.repo, choices.revision)
    model = f"hf:{repo.name}/{chosen.files[0].path}" if chosen.backend == "gguf" else f"hf:{repo.name}"
    wanted = [_wanted(hub, repo, file, folder) for file in chosen.files]
    fetched, notes = _fetch_all(wanted, model, repo, errand)
    paths = tuple(each.target for each in wanted)
    report(Progress("Complete", model, "", chosen.size, chosen.size))
    path = paths[0] if chosen.backend == "gguf" else folder
    all_notes = (*((chosen.note,) if chosen.note else ()), *notes)
    return Pulled(model, chosen.backend, path, paths, chosen.size, fetched, chosen.quantization, repo.commit, all_notes)


def _wanted(hub: Hub, repo: Repo, file: RepoFile, folder: str) -> Wanted:
    if file.path.startswith("/") or {"", ".", ".."} & set(file.path.split("/")):
        raise WebError(f"{repo.name} names a file {shown(file.path)}, which would lie outside of its folder")
    return Wanted(
        f"{folder}/{file.path}",
        f"hf:{repo.name}/{file.path}",
        repo.commit,
        file.size,
        file.digest,
        "",
        lambda: hub.locate(repo.name, repo.commit, file),
    )


def _fetch_all(wanted: list[Wanted], model: str, repo: Repo, errand: Errand) -> tuple[int, list[str]]:
    """How many bytes were fetched, and what is to be said of it."""
    meter, notes, force = _Meter(errand.report, model), [], errand.choices.force
    meter.begin(sum(each.size for each in wanted))
    missing = [each for each in wanted if force or not is_here(each)]
    found = {} if force else _found(missing, repo, errand.places)
    to_come = [each for each in missing if each.target not in found]
    require_space(errand.places.own, sum(each.size - _begun(each.target) for each in to_come))
    fetched = before = 0
    for each in wanted:
        meter.enter(os.path.basename(each.target), before)
        if each.target in found:
            link(each, found[each.target])
            notes.append(f"{os.path.basename(each.target)} is used from {found[each.target]}: nothing is stored twice")
        elif each in to_come and obtain(each, meter.moved, errand.way, force=force):
            fetched += each.size
        before += each.size
    return fetched, notes


def _found(missing: list[Wanted], repo: Repo, places: Places) -> dict[str, str]:
    """What other tools have of it: the place in the store -> the file that is there already."""
    paths = {
        each.target: existing(places, repo.name, each.source.removeprefix(f"hf:{repo.name}/"), each.size, each.digest)
        for each in missing
    }
    return {target: path for target, path in paths.items() if path}


def _begun(target: str) -> int:
    """Bytes of the disk that a partly fetched file already has."""
    try:
        return os.stat(f"{target}.part").st_blocks * 512
    except OSError:
        return 0


def pull_from_url(source: UrlSource, errand: Errand) -> Pulled:
    """One file of any server; what it is checked against is its size, and its ETag while it comes."""
    places, choices, report, way = errand
    model = str(source)
    report(Progress("Starting", model))
    resolve = locate_url(source.url, way.patience.stall)
    remote = resolve()
    parts = urlsplit(source.url)
    folder = url_folder(places.own, parts.netloc.rpartition("@")[2], parts.path.rpartition("/")[0].replace("..", "_"))
    target = f"{folder}/{source.file}"
    meter = _Meter(report, model)
    meter.begin(remote.size)
    meter.enter(source.file, 0)
    wanted = Wanted(target, model, "", remote.size, "", remote.version, resolve)
    fetched = 0
    if choices.force or not is_here(wanted):
        require_space(places.own, remote.size - _begun(target))
        fetched = remote.size * obtain(wanted, meter.moved, way, force=choices.force)
    report(Progress("Complete", model, "", remote.size, remote.size))
    notes = ("nothing says what this file's digest should be: only its size was checked",) if fetched else ()
    return Pulled(f"file:{target}", "gguf", target, (target,), remote.size, fetched, "", notes=notes)


def locate_url(url: str, timeout: float) -> Resolve:
    """Where the URL leads, and how large that is; redirects are followed, and no secret goes along."""

    def resolve() -> Remote:
        at = url
        for _ in range(5):
            try:
                with open_url(at, {}, timeout, method="HEAD") as answer:
                    size = answer.headers.get("Content-Length") or ""
                    version = answer.headers.get("ETag") or ""
                    break
            except StatusError as error:
                target = error.location
                if not target:
                    raise NotFoundError(f"{plain(url)} is not there") from None if error.status == 404 else error
                at = target
        else:
            raise WebError(f"{plain(url)} sends in circles")
        if not size.isdecimal():
            raise WebError(f"{plain(url)} does not say how large it is")
        return Remote(at, int(size), "", "" if version.startswith("W/") else version.strip('"'))

    return resolve


def use_file(source: FileSource, report: Report) -> Pulled:
    """A file that is here already: nothing is copied."""
    path = os.path.abspath(os.path.expanduser(source.path))
    if not os.path.isfile(path):
        raise NotFoundError(f"there is no file {shown(path)}")
    if not path.lower().endswith(".gguf"):
        raise LlmxError(f"{shown(path)} is no .gguf file")
    size = os.stat(path).st_size
    report(Progress("Complete", f"file:{path}", os.path.basename(path), size, size))
    return Pulled(f"file:{path}", "gguf", path, (path,), size, 0, "")
