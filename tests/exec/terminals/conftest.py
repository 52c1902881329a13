"""A tmux server of the test's own, in whose windows runs are shown."""

import os
import subprocess
from pathlib import Path

import pytest

from tests.exec.conftest import PATIENCE


class Tmux:
    """A server with one session of 100 columns and 30 lines, belonging to the place's user."""

    def __init__(self, place, until):
        self._place = place
        self._until = until
        self._socket = place.folder / "tmux"
        self("new-session", "-d", "-x", "100", "-y", "30", "sh")
        self.env = {"TMUX": f"{self._socket},1,0"}

    def __call__(self, *words):
        """Tell the server something; what it says."""
        options = {} if os.getuid() == self._place.uid else {"user": self._place.uid, "group": self._place.uid}
        done = subprocess.run(
            ["tmux", "-f", "/dev/null", "-S", str(self._socket), *words],
            env=self._place.env | {"TERM": "xterm"},
            cwd=self._place.folder,
            capture_output=True,
            text=True,
            check=True,
            timeout=PATIENCE,
            **options,
        )
        return done.stdout

    def panes(self):
        """The panes beside the session's own shell."""
        return self("list-panes", "-s", "-F", "#{pane_id}").split()[1:]

    def pane(self):
        """The one that a run is shown in, once it is there."""
        return self._until(self.panes, "a window in tmux")[0]

    def wait_for_end(self):
        """Until no run is shown any more."""
        self._until(lambda: not self.panes(), "the end of the window")

    def wait_for_none_but_itself(self):
        """Until nothing is left of any run, inside or outside of the windows."""

        def others():
            names = [Path(line.split(b"\0")[0].decode()).name for line in self._place.survivors().values()]
            return [name for name in names if name not in ("tmux", "tmux: server", "sh")]

        self._until(lambda: not others(), "the end of all but tmux")

    def seen(self, pane):
        """The text in the pane."""
        return self("capture-pane", "-p", "-t", pane)

    def wait_for(self, text):
        """The pane, once it shows ``text``."""
        pane = self.pane()
        self._until(lambda: text in self.seen(pane), f"{text!r} in the window")
        return pane

    def type(self, pane, *keys):
        """Type into the pane: texts, or the names of keys."""
        self("send-keys", "-t", pane, *keys)

    def close(self):
        self("kill-server")
        self._until(lambda: not self._place.survivors(), "the end of all in tmux")


@pytest.fixture
def make_tmux(until):
    """Make a tmux server for a place."""
    made = []

    def make(place):
        made.append(Tmux(place, until))
        place.env |= made[-1].env
        return made[-1]

    yield make
    for one in made:
        one.close()


@pytest.fixture
def tmux(place, make_tmux):
    """A tmux server for the place, whose runs are inside it."""
    return make_tmux(place)


def rests(folder):
    """What meetings have left there."""
    return [name for name in os.listdir(folder) if name.startswith("llm-exec-window-")]


@pytest.fixture
def runtime(place):
    """A runtime folder of the place's own, in which a test can see every file of a meeting."""
    folder = place.folder / "runtime"
    folder.mkdir(mode=0o700)
    os.chown(folder, place.uid, -1)
    place.env["XDG_RUNTIME_DIR"] = str(folder)
    return folder
