"""A scene to escape from, and the levels to escape at."""

import json
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from tests.exec.escapes.expected import ALLOWED, BLOCKED, PRIVATE, PUT_BACK, REPORTED
from tests.exec.escapes.levels import environment, words
from tests.exec.escapes.scene import Scene


class Seen:
    """One attempt, seen from outside after the run."""

    def __init__(self, scene, said):
        self._scene = scene
        self.did = said["did"]
        self.text = said["text"]

    def __getattr__(self, name):
        return getattr(self._scene, name)


class Trial:
    """The attempts of one group tried at one level, by one run of llm-exec; ``outcomes`` tells how each ended."""

    def __init__(self, scene, group):
        self.scene = scene
        self.attempts = import_module(f"tests.exec.escapes.attempts.{group}").GROUP
        self.attempts.prepare(scene)
        self.words = scene.lay_out(group)
        self.said: dict[str, dict[str, Any]] = {}
        self.result: dict[str, object] = {}

    def run(self, level, names):
        """Try the attempts ``names`` at a level."""
        scene, place = self.scene, self.scene.place
        Path(self.words[-1]).write_text(json.dumps(scene.at))
        file = place.folder / "result.json"
        options = ["--stdin", "none", "--result", str(file), *(["--keep-children"] if level == "control" else [])]
        process = place.start(
            program=words(level, [*self.words, *names], *options),
            env=scene.env | environment(level, scene),
            cwd=scene.work,
            pass_fds=scene.descriptors,
        )
        ran = place.finish(process, patience=60)
        assert ran.code == 0, ran
        self.said = json.loads(ran.out)
        self.result = json.loads(file.read_text())

    def outcome(self, name):
        attempt, said = self.attempts[name], self.said[name]
        reported = attempt.sensitive and attempt.sensitive in json.dumps(self.result.get("changed_sensitive", []))
        if attempt.effect(Seen(self.scene, said)):
            return REPORTED if reported else ALLOWED
        if reported:
            return PUT_BACK
        return PRIVATE if said["did"] else BLOCKED


@pytest.fixture
def make_scene(make_place, ordinary_user):
    """Make scenes; as root with a HOME where homes are, which no temporary folder hides."""
    made = []

    def make(uid=ordinary_user.pw_uid):
        made.append(Scene(make_place(uid, ordinary_user.pw_dir)))
        return made[-1]

    yield make
    for scene in made:
        scene.close()


@pytest.fixture
def outcomes(make_scene):
    """Try the attempts of a group, each run in a scene of its own; how they ended, and what they said, by name."""

    def tried(group, level, *, root=False, **options):
        """``root``: the attempts that only root can do, instead of all others."""
        ended: dict[str, tuple[str, str]] = {}
        for names in import_module(f"tests.exec.escapes.attempts.{group}").GROUP.runs(root=root):
            one = Trial(make_scene(**options), group)
            one.run(level, names)
            ended |= {name: (one.outcome(name), one.said[name]["text"][:300]) for name in names}
        return ended

    return tried


@pytest.fixture
def scene(make_scene):
    """One scene."""
    return make_scene()
