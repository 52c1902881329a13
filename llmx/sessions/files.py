"""A session as one JSON file, to keep or to take elsewhere."""

import base64
import json
from typing import Any

from llmx.core.events import Usage
from llmx.core.transcripts import parts_value, read_message
from llmx.errors import UsageError
from llmx.sessions import Artifact, Session, Turn
from llmx.sessions.store import Store

FORMAT = 1


def exported(store: Store, session: Session) -> dict[str, Any]:
    """All of a session, as plain values."""
    turns = [
        {
            "at": turn.at,
            "role": turn.message.role,
            "parts": parts_value(turn.message),
            "model": turn.model,
            "usage": turn.usage._asdict(),
        }
        for turn in store.turns(session.id)
    ]
    artifacts = [
        {"name": name, "media_type": media_type, "data": base64.b64encode(data).decode()}
        for name, media_type, data in store.artifacts(session.id)
    ]
    about = {"id": session.id, "name": session.name, "state": session.state}
    times = {"created_at": session.created_at, "updated_at": session.updated_at}
    return {"session": FORMAT, **about, **times, "messages": turns, "artifacts": artifacts}


def imported(store: Store, text: str, place: str, name: str = "") -> Session:
    """The session that ``text`` holds, written into the store, under another name where one is given."""
    try:
        value = json.loads(text)
        session = Session(
            value["id"], name or value["name"], _state(value), value["created_at"], value["updated_at"], 0, 0, 0
        )
        turns = [_turn(position, turn) for position, turn in enumerate(value["messages"], 1)]
        artifacts = [
            Artifact(each["name"], each["media_type"], base64.b64decode(each["data"], validate=True))
            for each in value["artifacts"]
        ]
    except (ValueError, KeyError, TypeError, IndexError, AttributeError) as error:
        what = f"{type(error).__name__}: {error}"
        raise UsageError(f"{place} is no exported session ({what})", hint="llmx session export makes one") from None
    store.restore(session, turns, artifacts)
    return store.find(session.id)


def _state(value: dict[str, Any]) -> Any:  # noqa: ANN401  # a State
    if value["session"] != FORMAT or value["state"] not in ("active", "suspended", "completed"):
        raise ValueError("its format or state is unknown")
    if not all(isinstance(value[name], str) for name in ("id", "name")) or not value["id"]:
        raise ValueError("its id and name are text")
    return value["state"]


def _turn(position: int, value: dict[str, Any]) -> Turn:
    return Turn(
        position,
        float(value["at"]),
        read_message(value["role"], value["parts"]),
        str(value["model"]),
        Usage(**value["usage"]),
    )
