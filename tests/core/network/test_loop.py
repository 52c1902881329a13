"""The loop calls whom an event is for, and nobody who has only come by the number of another."""

import os
import socket

from llmx.core.network.loop import READ, Loop


def test_an_event_of_a_socket_that_is_gone_is_not_told_to_the_one_that_got_its_number():
    loop = Loop()
    pairs = [socket.socketpair() for _ in range(2)]
    for near, far in pairs:
        far.send(b"x")
        near.setblocking(False)
    told: list[str] = []
    made: list[socket.socket] = []

    def replace(own, other):
        """Whoever is called first closes the other one and gets a new socket with its number."""

        def call(_events):
            told.append("first")
            number = other.fileno()
            loop.forget(number)
            other.close()
            new, peer = socket.socketpair()
            os.dup2(new.fileno(), number) if new.fileno() != number else None
            made.extend((new, peer))
            loop.watch(number, READ, lambda _events: told.append("stranger"))
            loop.forget(own.fileno())

        return call

    for (near, _), (other, _) in (pairs, reversed(pairs)):
        loop.watch(near.fileno(), READ, replace(near, other))
    loop.turn()
    assert told == ["first"]
    made[1].send(b"y")
    loop.turn()
    assert told == ["first", "stranger"]
    for one in (*made, *(one for pair in pairs for one in pair)):
        one.close()


def test_who_changes_what_it_waits_for_in_a_turn_still_hears_of_it():
    loop = Loop()
    near, far = socket.socketpair()
    told: list[int] = []
    loop.watch(near.fileno(), READ, told.append)
    far.send(b"x")
    loop.turn()
    loop.forget(near.fileno())
    loop.watch(near.fileno(), READ, told.append)
    loop.turn()
    assert len(told) == 2
    for one in (near, far):
        one.close()
