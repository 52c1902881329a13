"""Ask a scripted server through a real backend, over a real socket."""

import asyncio
import socket
import time

from llmx.core.backends.endpoints import ENDPOINTS
from llmx.core.backends.http import HttpBackend
from llmx.core.backends.retries import Retries
from llmx.core.backends.wires import WIRES
from llmx.core.messages import Parameters, Request, user
from llmx.core.plugins import load
from llmx.core.response import gather
from tests.core.backends import recorded
from tests.core.backends.server import head, sse

KEY = "sk-proj-" + "Zq8w" * 10
AT_ONCE = Retries(draw=lambda: 0.0)
GOOD = recorded.streamed(recorded.chat(["Hel", "lo"]))
START = head() + sse(recorded.chat_chunk({"content": "Hel"}))


def backend(url, name="openai", retries=AT_ONCE):
    endpoint = ENDPOINTS[name]._replace(base_url=url)
    return HttpBackend(endpoint, load(WIRES[endpoint.wire])(), KEY, retries)


def ask(url, *, within=None, name="openai", prompt="hi", **parameters):
    deadline = None if within is None else time.monotonic() + within
    request = Request("m-1", (user(prompt),), parameters=Parameters(**parameters), deadline=deadline)
    return asyncio.run(gather(backend(url, name).stream(request)))


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return taken.getsockname()[1]
