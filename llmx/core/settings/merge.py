"""Merge the layers: a value and its source for every key, and what was left out with the reason."""

from collections.abc import Mapping
from typing import NamedTuple

from llmx.core.settings import Places
from llmx.core.settings.environment import locked_notice, loosens, readings
from llmx.core.settings.keys import BY_NAME, SETTINGS
from llmx.core.settings.layers import Entry, Layer, parse_layer, read_layer
from llmx.core.settings.profiles import read_profile
from llmx.core.settings.sources import Source, shown
from llmx.core.settings.strictness import is_as_strict, over
from llmx.core.settings.trust import ProjectFile, is_trusted_file, read_project

LOCK = "exec.policy.lock"
CHOSEN = ("project", "config")
"""The layers that whoever types a command may choose: by ``LLMX_TRUST``, and by ``--config``."""


class Merged(NamedTuple):
    """Every key's value and source, what the user should be told, and what a caller chose that allows more."""

    values: dict[str, object]
    sources: dict[str, Source]
    notices: list[str]
    loosened: list[str]


class Project(NamedTuple):
    """A project's layer, and whether it may set more than a stranger's."""

    layer: Layer
    trusted: bool


def merge(places: Places, env: Mapping[str, str] | None = None, flags: Mapping[str, object] | None = None) -> Merged:
    """Put the layers of ``places`` over each other, then ``env`` and ``flags`` where given; raises ``ConfigError``."""
    notices: list[str] = []
    there = {path for path, identity in places.identities if identity is not None}
    files = [("system", places.system), ("user", places.user)]
    below = [read_layer(name, file) for name, file in files if file in there]
    project = find_project(places, notices)
    above = [read_layer("config", places.file)] if places.file else []
    stack = _Stack(notices)
    profile = _profile(places, env, [*below, *([project.layer] if project and project.trusted else []), *above])
    if profile:
        name, source = profile
        stack.put_all(read_profile(name, source.place))
    for layer in below:
        stack.put_all(layer)
    if project:
        stack.put_project(project)
    for layer in above:
        stack.put_all(layer)
    stack.put_readings(env or {})
    for key, value in (flags or {}).items():
        stack.set(key, value, Source("flags"))
    if profile:
        stack.set("profile", *profile)
    return Merged(stack.values, stack.sources, notices, stack.loosened)


class _Stack:
    """The values so far, from the lowest layer up."""

    def __init__(self, notices: list[str]) -> None:
        self.values = {setting.name: setting.default for setting in SETTINGS}
        self.sources = {setting.name: Source("default") for setting in SETTINGS}
        self.notices = notices
        self.loosened: list[str] = []

    def set(self, name: str, value: object, source: Source) -> None:
        self.values[name] = value
        self.sources[name] = source

    def put_all(self, layer: Layer) -> None:
        """A lock that the layers below set holds against all of this one; what is forbidden below stays forbidden."""
        locked = self.values[LOCK]
        for entry in layer.entries:
            value = over(entry.setting, entry.read(), self.values[entry.name])
            is_looser = loosens(entry.setting, value, self.values[entry.name])
            if locked and is_looser:
                self.notices.append(locked_notice(shown(entry.source.place), entry.name))
                continue
            self.set(entry.name, value, self._source(entry, value))
            if is_looser and layer.name in CHOSEN and layer.name not in self.loosened:
                self.loosened.append(layer.name)

    def _source(self, entry: Entry, value: object) -> Source:
        """Where the entry stands, and of a list that was joined the places below, too."""
        below = self.sources[entry.name]
        is_joined = value != entry.read() and below.layer != "default"
        return entry.source._replace(also=(str(below),)) if is_joined else entry.source

    def put_project(self, project: Project) -> None:
        """A project that is not trusted sets what is its own and what limits more."""
        if project.trusted:
            self.put_all(project.layer)
            return
        ignored = [entry for entry in project.layer.entries if not self._is_harmless(entry)]
        self.put_all(project.layer._replace(entries=tuple(e for e in project.layer.entries if e not in ignored)))
        if ignored:
            names = ", ".join(entry.name for entry in ignored)
            file = shown(project.layer.file)
            self.notices.append(f"{file} is not trusted, so its {names} is ignored; read it, then: llmx trust {file}")

    def put_readings(self, env: Mapping[str, str]) -> None:
        locked = self.values[LOCK]
        for reading in readings(env, self.notices):
            name = reading.setting.name
            is_looser = loosens(reading.setting, reading.value, self.values[name])
            if locked and is_looser:
                self.notices.append(locked_notice(reading.variable, name))
            else:
                self.loosened += [reading.variable] if is_looser else []
                self.set(name, reading.value, Source("environment", variable=reading.variable))

    def _is_harmless(self, entry: Entry) -> bool:
        match entry.setting.scope:
            case "inert":
                return True
            case "tighten":
                below = self.values[entry.name]
                return is_as_strict(entry.setting, over(entry.setting, entry.read(), below), below)
        return False


def find_project(places: Places, notices: list[str]) -> Project | None:
    """The nearest project file that may be used at all; raises ``ConfigError`` for one that says something wrong."""
    for path in places.projects:
        try:
            file = read_project(path)
        except ValueError as error:
            notices.append(f"{shown(path)} is ignored: {error}")
            continue
        trusted = is_trusted_file(file, places.trusted, places.trust)
        if trusted or file.is_own:
            return _project(file, trusted)
        notices.append(f"{shown(path)} is ignored: it belongs to another user")
    return None


def _project(file: ProjectFile, trusted: bool) -> Project:
    return Project(parse_layer("project", file.path, file.data), trusted)


def _profile(places: Places, env: Mapping[str, str] | None, layers: list[Layer]) -> tuple[str, Source] | None:
    """The profile that the highest layer names, and that layer."""
    if places.profile:
        by_variable = (env or {}).get("LLMX_PROFILE") == places.profile
        source = Source("environment", variable="LLMX_PROFILE") if by_variable else Source("flags")
        return places.profile, source
    found = [(str(e.read()), e.source) for layer in layers for e in layer.entries if e.setting is BY_NAME["profile"]]
    return found[-1] if found else None
