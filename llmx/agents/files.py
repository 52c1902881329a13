"""The registry in files: ``~/.config/llmx/agents/ID.toml``, each edited in place, so that comments stay."""

import contextlib
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from llmx import paths
from llmx.agents.fields import FIELDS, check_id, from_file
from llmx.agents.record import Agent
from llmx.core.edits import Change, Operation, Set, Unset, edit, read
from llmx.core.edits.journal import Journal, Replacement
from llmx.core.edits.places import content, target
from llmx.core.edits.rewrite import rewrite
from llmx.core.edits.text import decode
from llmx.core.edits.transaction import commit
from llmx.core.plugins import load
from llmx.errors import ConfigError, LlmxError, NotFoundError, UsageError, nearest

WAIT_S = 60.0
"""How long a change waits for those before it."""


class FileRegistry:
    """The agents of one folder; a lock beside llmx's other state lets one process change them at a time."""

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = folder or Path(paths.config_dir()) / "agents"

    def agents(self) -> list[Agent]:
        """All of them, the default one first, then by id."""
        found = [self._read(file) for file in sorted(self.folder.glob("*.toml"))]
        defaults = [agent for agent in found if agent.is_default]
        if len(defaults) > 1:
            ids = " and ".join(agent.id for agent in defaults)
            hint = f"llmx agent default {defaults[0].id} makes it the only one"
            raise ConfigError(f"{self.folder}: {ids} are both the default", key="is_default", hint=hint)
        return [*defaults, *(agent for agent in found if not agent.is_default)]

    def get(self, agent_id: str) -> Agent:
        """The agent of that id."""
        file = self.file(agent_id)
        if not file.is_file():
            near = nearest(agent_id, [known.stem for known in self.folder.glob("*.toml")])
            hint = f"did you mean {near}?" if near else "llmx agent list"
            raise NotFoundError(f"there is no agent {agent_id!r}", hint=hint)
        return self._read(file)

    def default(self) -> Agent | None:
        """The agent that stands in where no other does."""
        return next((agent for agent in self.agents() if agent.is_default), None)

    def create(self, agent_id: str, values: Mapping[str, Any]) -> Agent:
        """A new agent, the default one where there was none."""
        file = self.file(agent_id)
        with self._changing():
            if file.exists():
                raise UsageError(f"agent {agent_id} already exists", hint=f"llmx agent set {agent_id} KEY=VALUE")
            has_default = self.default() is not None
            now = datetime.now(UTC)
            filled = {field.name: field.default for field in FIELDS if field.default not in (None, ())}
            given = {name: value for name, value in values.items() if value is not None}
            made = {**filled, "created_at": now, "updated_at": now, **given}
            made["is_default"] = bool(given.get("is_default")) or (not has_default and made["is_active"])
            agent = Agent.of(agent_id, {"name": agent_id, **made})
            require(agent)
            changes = self._clearing(agent_id) if made["is_default"] else []
            sets = [Set((name,), value) for name, value in agent.as_file().items()]
            edit([Change(file, sets), *changes], title=f"llmx agent create {agent_id}")
        return self.get(agent_id)

    def update(self, agent_id: str, values: Mapping[str, Any]) -> Agent:
        """Change the fields in ``values``; None takes one out."""
        with self._changing():
            before = self.get(agent_id)
            changed = {name: value for name, value in values.items() if getattr(before, name) != value}
            if not changed:
                return before
            is_gone = any(name in changed and not changed[name] for name in ("is_default", "is_active"))
            if before.is_default and is_gone:
                raise _is_needed(agent_id)
            require(Agent.of(agent_id, {**before.as_file(), **changed}))
            operations: list[Operation] = [
                Unset((name,)) if value is None else Set((name,), value) for name, value in changed.items()
            ]
            operations.append(Set(("updated_at",), datetime.now(UTC)))
            others = self._clearing(agent_id) if changed.get("is_default") else []
            title = f"llmx agent set {agent_id} {' '.join(changed)}"
            edit([Change(self.file(agent_id), operations), *others], title=title)
        return self.get(agent_id)

    def set_default(self, agent_id: str) -> Agent:
        """Make it the one default, also where files that were edited by hand have several."""
        with self._changing():
            if not self.get(agent_id).is_active:
                raise _is_inactive(agent_id)
            own = [Change(self.file(agent_id), [Set(("is_default",), True), Set(("updated_at",), datetime.now(UTC))])]
            if self._clearing(agent_id) or not self.get(agent_id).is_default:
                edit([*own, *self._clearing(agent_id)], title=f"llmx agent default {agent_id}")
        return self.get(agent_id)

    def delete(self, agent_id: str) -> None:
        """Remove it; `llmx undo` brings it back."""
        with self._changing():
            if self.get(agent_id).is_default:
                raise _is_needed(agent_id)
            file = target(self.file(agent_id))
            removal = Replacement(file, content(file), None)
            commit(Journal.of_user(), (removal,), title=f"llmx agent delete {agent_id}")

    def text(self, agent_id: str) -> bytes:
        """The record as its file has it, for an editor."""
        self.get(agent_id)
        return content(target(self.file(agent_id))) or b""

    def replace(self, agent_id: str, before: bytes, after: bytes) -> Agent:
        """Put an edited text in the place of the record if it is sound and nobody changed it meanwhile."""
        with self._changing():
            file = target(self.file(agent_id))
            agent = self._parse(file, after)
            require(agent)
            if agent.is_default != self.get(agent_id).is_default:
                raise UsageError("which agent is the default is not changed here", hint="llmx agent default ID")
            toml = load("llmx.core.edits.formats.toml:TOML")
            stamped = rewrite(decode(after), toml, (Set(("updated_at",), datetime.now(UTC)),)).encode()
            commit(Journal.of_user(), (Replacement(file, before, stamped),), title=f"llmx agent edit {agent_id}")
        return self.get(agent_id)

    def file(self, agent_id: str) -> Path:
        """Where the record of ``agent_id`` is, or would be."""
        return self.folder / f"{check_id(agent_id)}.toml"

    def _read(self, file: Path) -> Agent:
        return Agent.of(check_id(file.stem), from_file(read(file), str(file)))

    def _parse(self, file: Path, data: bytes) -> Agent:
        values = load("llmx.core.settings.documents:parse")(str(file), data.decode("utf-8-sig", "replace"))
        return Agent.of(file.stem, from_file(values, str(file)))

    def _clearing(self, agent_id: str) -> list[Change]:
        """What takes the mark of the default from all others."""
        found = [self._read(file) for file in sorted(self.folder.glob("*.toml"))]
        marked = [agent.id for agent in found if agent.is_default and agent.id != agent_id]
        return [Change(self.file(other), [Set(("is_default",), False)]) for other in marked]

    @contextlib.contextmanager
    def _changing(self) -> Iterator[None]:
        lock = FileLock(Path(paths.make_private(paths.state_dir())) / "agents.lock", timeout=WAIT_S, mode=0o600)
        try:
            lock.acquire(poll_interval=0.01)
        except Timeout:
            raise ConfigError(f"another llmx has been changing agents for {WAIT_S:g} s", hint="try again") from None
        try:
            yield
        finally:
            lock.release()


def require(agent: Agent) -> None:
    """Raise where a record lacks what every agent has, or is the default and inactive."""
    for name in ("provider", "model"):
        if getattr(agent, name) is None:
            raise UsageError(f"agent {agent.id} needs a {name}", hint=f"llmx agent set {agent.id} {name}=…")
    if agent.is_default and not agent.is_active:
        raise _is_inactive(agent.id)


def _is_inactive(agent_id: str) -> LlmxError:
    return UsageError(
        f"agent {agent_id} is inactive, so it cannot be the default", hint=f"llmx agent enable {agent_id}"
    )


def _is_needed(agent_id: str) -> LlmxError:
    return UsageError(f"{agent_id} is the default agent", hint="make another the default first: llmx agent default ID")
