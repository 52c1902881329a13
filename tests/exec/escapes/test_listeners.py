"""What listens inside is not to be reached from outside, and the other way round."""

import socket

import pytest

from tests.exec.escapes.levels import environment, words
from tests.exec.escapes.scene import PYTHON

LISTEN = """
import os, socket, sys
one = socket.socket()
one.bind(("0.0.0.0", 0))
one.listen()
print(one.getsockname()[1], flush=True)
sys.stdin.readline()
"""


def reached(scene, level):
    process = scene.place.start(
        program=words(level, [PYTHON, "-S", "-E", "-c", LISTEN]),
        cwd=scene.work,
        env=environment(level, scene),
        stdin=-1,
    )
    port = process.stdout.readline()
    answer = False
    if port.strip():
        with socket.socket() as one:
            answer = one.connect_ex(("127.0.0.1", int(port))) == 0
    scene.place.finish(process, b"\n")
    return answer


def test_a_listener_is_reached_where_nothing_confines_it(scene):
    assert reached(scene, "control")


@pytest.mark.parametrize("level", ["full", "landlock", "restricted"])
def test_a_listener_inside_is_not_reached(scene, level):
    assert not reached(scene, level)
