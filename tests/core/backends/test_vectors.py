"""Vectors as they come: in the order of the texts, numbers all of them, or an error that says so."""

import asyncio

import pytest

from llmx.core.backends.errors import AnswerError
from llmx.core.events import Usage
from tests.core.backends.asking import backend
from tests.core.backends.server import whole


def vectors(server, answer, *, name="openai", texts=("a", "b")):
    server.answer(whole(answer))
    return asyncio.run(backend(server.url, name).embed(list(texts), "m-1"))


def rows(*vectors):
    return {"data": [{"index": at, "embedding": vector} for at, vector in enumerate(vectors)]}


@pytest.mark.parametrize(
    "answer",
    [
        rows([1.0], ["much"]),
        rows([1.0], "AACAPw=="),
        rows([1.0], None),
        rows([1.0], [None]),
        rows([1.0], [[1.0]]),
        rows([1.0], [float("nan")]),
        rows([1.0], [float("inf")]),
        rows([1.0]),
        rows([1.0], [1.0], [1.0]),
        {"data": [{"embedding": [1.0]}, {"embedding": [2.0]}]},
        {"data": {}},
        {},
        [],
    ],
    ids=str,
)
def test_what_is_no_vector_is_an_error_and_none_is_made_up(server, answer):
    with pytest.raises(AnswerError, match=r"no vectors|vectors came for 2 texts"):
        vectors(server, answer)


@pytest.mark.parametrize(
    ("name", "answer", "usage"),
    [
        ("openai", {**rows([1], [2.5]), "usage": {"prompt_tokens": 7, "total_tokens": 7}}, Usage(7, 0)),
        ("openai", rows([1], [2.5]), Usage(None, 0)),
        ("ollama", {"embeddings": [[1], [2.5]], "prompt_eval_count": 7}, Usage(7, 0)),
    ],
)
def test_numbers_come_as_such_with_what_they_cost(server, name, answer, usage):
    assert vectors(server, answer, name=name) == ([[1.0], [2.5]], usage)
