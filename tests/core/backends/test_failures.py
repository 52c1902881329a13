"""Every provider's own words for a failure become one of llmx's errors, which says what to type."""

import json
from pathlib import Path

import pytest

from llmx.core.backends import errors
from llmx.core.backends.endpoints import ENDPOINTS
from llmx.core.backends.errors import BackendError
from llmx.core.backends.failures import WHAT, Target, failure

ROWS = json.loads((Path(__file__).parent / "fixtures/errors.json").read_text())
KEY = "sk-proj-" + "Zq8w" * 10


def target(provider: str) -> Target:
    return Target(ENDPOINTS.get(provider, ENDPOINTS["openai"]), "m-1", KEY)


def called(row):
    body = row["body"] if not isinstance(row["body"], str) else row["body"].encode()
    return failure(target(row["provider"]), row["status"], body, row.get("headers"))


def name(row):
    return f"{row['provider']}-{row['status']}-{row['kind']}"


@pytest.mark.promise("S3-24")
@pytest.mark.parametrize("row", ROWS, ids=name)
def test_each_recorded_body_is_of_its_kind(row):
    error = called(row)
    assert type(error).__name__ == row["kind"], error.message
    assert error.is_passing == row["passing"]
    assert error.retry_after == row.get("retry_after")


@pytest.mark.parametrize("row", ROWS, ids=name)
def test_each_text_names_the_endpoint_and_the_model_and_says_what_to_type(row):
    error = called(row)
    where = target(row["provider"]).endpoint
    assert error.message.startswith(f"{where.name} ({where.base_url}, model m-1): ")
    assert error.hint
    assert error.message.isprintable()
    assert (error.backend, error.model) == (where.name, "m-1")


def test_every_kind_is_shown_by_a_recorded_body_or_comes_from_elsewhere():
    shown = {row["kind"] for row in ROWS}
    kinds = {kind.__name__ for kind in WHAT}
    assert kinds - shown == set()
    own = {n for n, kind in vars(errors).items() if isinstance(kind, type) and issubclass(kind, BackendError)}
    assert own - kinds == {"BackendError", "BackendTimeoutError"}


@pytest.mark.parametrize(
    "body",
    [
        {"error": {"message": f"Incorrect API key provided: {KEY}."}},
        {"error": f"Authorization: Bearer {KEY}"},
        f"echo {KEY}\x1b[31m\r\n",
        {"error": {"message": "other key sk-ant-api03-" + "Xy7z" * 12}},
    ],
)
def test_no_key_and_no_control_character_comes_into_an_error(body):
    error = failure(target("openai"), 400, body.encode() if isinstance(body, str) else body)
    assert KEY not in error.message
    assert "Xy7zXy7z" not in error.message
    assert error.message.isprintable()


def test_a_long_body_is_cut():
    assert len(failure(target("openai"), 500, b"word " * 10_000).message) < 600


@pytest.mark.parametrize(
    "body", [b"", b"\xff\xfe", b"[]", b"null", b'{"error": []}', b'{"error": {"code": [1]}}', b"7"]
)
def test_nonsense_is_still_an_error_with_a_reason(body):
    error = failure(target("openai"), 500, body)
    assert type(error) is errors.UnavailableError
    assert error.message


@pytest.mark.parametrize(
    ("provider", "status", "hint"),
    [
        ("openai", 401, "OPENAI_API_KEY"),
        ("ollama", 404, "ollama pull m-1"),
        ("vllm", 503, "vllm serve"),
        ("groq", 429, "llmx backend test groq"),
    ],
)
def test_hints_fit_the_endpoint(provider, status, hint):
    body = {"error": "model 'm-1' not found"} if status == 404 else {}
    assert hint in str(failure(target(provider), status, body).hint)
