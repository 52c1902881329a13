"""What a worker does with what it is told, in this process."""

import socket

from llmx.core.runner.chat_template import ChatTemplate
from llmx.core.runner.worker import Channel, Worker


class Recording:
    """An engine that takes jobs and notes which of them are cancelled."""

    is_busy = False

    def __init__(self):
        self.jobs: list[int] = []
        self.cancelled: list[int] = []

    def add(self, job):
        self.jobs.append(job.id)

    def cancel(self, id):
        self.cancelled.append(id)

    def step(self):
        return []


def test_a_question_that_was_given_up_before_the_engine_had_it_is_cancelled_when_it_has():
    ours, theirs = socket.socketpair()
    with ours, theirs:
        channel, engine = Channel(theirs), Recording()
        worker = Worker(channel)
        worker._engine, worker._template = engine, ChatTemplate("", "", "", strips_bos=False)
        channel.given_up.add(7)
        for id in (6, 7):
            worker._heed({"op": "ask", "id": id, "prompt": "x"})
    assert (engine.jobs, engine.cancelled) == ([6, 7], [7])
