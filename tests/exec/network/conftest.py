"""An internet of the tests' own, and llm-exec run by an ordinary user on a machine that is connected to it."""

import json
import os
import shutil
import socket
import subprocess
import tempfile
from pathlib import Path

import pytest

from tests.exec.conftest import LLM_EXEC
from tests.exec.network.world import Internet


@pytest.fixture(scope="session")
def whole_internet(ordinary_user):
    """One for all tests of a process."""
    folder = Path(tempfile.mkdtemp(prefix="internet-", dir="/srv" if os.access("/srv", os.W_OK) else "/var/tmp"))
    folder.chmod(0o755)
    made = Internet(folder, ordinary_user.pw_uid)
    yield made
    made.close()
    shutil.rmtree(folder)


@pytest.fixture
def internet(whole_internet):
    """The internet, in which nobody has been anywhere yet."""
    whole_internet.forget()
    return whole_internet


class Online:
    """An ordinary user's project on a machine that is connected."""

    def __init__(self, place, internet):
        self.place = place
        self.internet = internet
        self.work = place.folder / "work"
        self.work.mkdir()
        os.chown(self.work, place.uid, -1)

    def start(self, *words, **options):
        """llm-exec with ``words``, running."""
        return self.place.start(program=self.there(*LLM_EXEC, *words), **options)

    def run(self, *words, patience=60, **options):
        """llm-exec with ``words``, to its end."""
        return self.place.finish(self.start(*words, **options), patience=patience)

    def result(self, *words, **options):
        """The result of a run."""
        return self.run("--json", *words, **options).result

    def outside(self, *words, **options):
        """Run a program on the machine itself, without llm-exec."""
        return self.place.finish(self.place.start(program=self.there(*map(str, words)), **options))

    def there(self, *words):
        """What runs ``words`` in the project, on the machine."""
        return [*self.internet.enter, "env", "-C", str(self.work), *words]


@pytest.fixture
def online(make_place, ordinary_user, internet):
    """As root with a HOME where homes are, which no temporary folder hides."""
    place = make_place(ordinary_user.pw_uid, ordinary_user.pw_dir)
    return Online(place, internet)


@pytest.fixture(scope="session")
def python():
    """An interpreter that every sandbox shows."""
    return "/usr/bin/python3"


TALK = """
import json, socket, sys
answers = []
for said in json.load(sys.stdin):
    one = socket.create_connection(("127.0.0.1", 3128), 20)
    answer = b""
    try:
        for part in said if isinstance(said, list) else [said]:
            one.sendall(part.encode("utf-8", "surrogateescape"))
        while more := one.recv(65536):
            answer += more
    except OSError as error:
        answer += repr(error).encode()
    answers.append(answer.decode(errors="replace"))
    one.close()
json.dump(answers, sys.stdout)
"""


@pytest.fixture
def talk(online):
    """Say things to the proxy from inside, each on a connection of its own, and hear what it answers."""

    def heard(*options, said, python="/usr/bin/python3"):
        process = online.start(*options, "--", python, "-c", TALK, stdin=subprocess.PIPE)
        ran = online.place.finish(process, json.dumps(said).encode(), patience=60)
        return json.loads(ran.out)

    return heard


@pytest.fixture
def free_port():
    """A port of the loopback that nobody has, each time another one."""
    taken = []

    def find():
        one = socket.create_server(("127.0.0.1", 0))
        taken.append(one.getsockname()[1])
        one.close()
        return taken[-1]

    return find
