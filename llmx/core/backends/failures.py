"""What providers say when a call fails, as llmx's own errors: the one seam for the bodies of all of them.

Each provider has its own words; ``RULES`` are tried in their order, by the error's code or type first, then by its
text, then by the status. The rows of ``tests/core/backends/fixtures/errors.json`` show them all.
"""

import json
import os
import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from llmx.core.backends.endpoints import Endpoint
from llmx.core.backends.errors import (
    AnswerError,
    AuthError,
    BackendError,
    BadRequestError,
    ContextOverflowError,
    ModelNotFoundError,
    QuotaError,
    RateLimitedError,
    RefusedError,
    UnavailableError,
)
from llmx.core.backends.retries import retry_after
from llmx.core.redact import mask_text

QUOTED = 400
"""How much of a provider's words stands in an error."""


class Target(NamedTuple):
    """Who was called, for what; ``key`` is there to be kept out of all texts."""

    endpoint: Endpoint
    model: str
    key: str = ""

    def __str__(self) -> str:
        of = f", model {self.model}" if self.model else ""
        return f"{self.endpoint.name} ({self.endpoint.base_url}{of})"

    def quote(self, text: str) -> str:
        """Foreign words as they may be shown: short, on one line, without secrets and without control characters."""
        masked = mask_text(text.replace(self.key, "[redacted]") if self.key else text, os.environ)
        line = "".join(letter if letter.isprintable() else " " for letter in " ".join(masked.split()))
        return line if len(line) <= QUOTED else f"{line[:QUOTED]}…"


class Said(NamedTuple):
    """What a failed call came back with: the HTTP status (0 inside a stream), a code, and a text."""

    status: int
    codes: frozenset[str]
    text: str


class Rule(NamedTuple):
    """An answer with one of ``codes``, or with one of ``statuses`` and a text like ``words``, is of this ``kind``."""

    kind: type[BackendError]
    codes: frozenset[str] = frozenset()
    statuses: frozenset[int] = frozenset()
    words: re.Pattern[str] | None = None

    def fits(self, said: Said) -> bool:
        """Whether it is about ``said``."""
        if self.codes & said.codes:
            return True
        if self.statuses and said.status not in self.statuses:
            return False
        return bool(self.words.search(said.text)) if self.words else bool(self.statuses)


def _rule(kind: type[BackendError], codes: str = "", statuses: tuple[int, ...] = (), words: str = "") -> Rule:
    return Rule(kind, frozenset(codes.split()), frozenset(statuses), re.compile(words, re.I | re.S) if words else None)


_WRONG = (0, 400, 413, 422, 500)
RULES = (
    _rule(QuotaError, "insufficient_quota billing_hard_limit_reached insufficient_credits", (402,)),
    _rule(QuotaError, "", (0, 400, 403, 429), r"credit balance is too low|insufficient (balance|credit|quota)"),
    _rule(QuotaError, "", (429,), r"^(?!.*retry in).*(exceeded your (current quota|monthly)|check your plan)"),
    _rule(RateLimitedError, "rate_limit_exceeded rate_limit_error RESOURCE_EXHAUSTED"),
    _rule(ContextOverflowError, "context_length_exceeded exceed_context_size_error"),
    _rule(
        ContextOverflowError,
        "",
        _WRONG,
        r"maximum context length|prompt is too long|exceeds? (the )?(available |model's )?(context|maximum)"
        r"|context (length|window|size) (of|is|exceeded)|tokens \+|prompt .*(too large|exceeds) .*(tokens|context)"
        r"|input token count .* exceeds|trying to keep the first \d+ tokens",
    ),
    _rule(
        RefusedError,
        "content_policy_violation content_filter moderation_blocked ResponsibleAIPolicyViolation",
        (0, 400, 403, 451),
        r"content (management|filtering) policy|content policy|safety system|flagged|moderation",
    ),
    _rule(AuthError, "invalid_api_key authentication_error permission_error invalid_authentication", (401,)),
    _rule(AuthError, "", (400, 403), r"api[ _-]?key|forbidden|permission|not allowed|country|unauthorized"),
    _rule(AuthError, "", (403,)),
    _rule(ModelNotFoundError, "model_not_found"),
    _rule(
        ModelNotFoundError,
        "",
        (0, 400, 404),
        r"models?\b.*(not found|does not exist|not supported|unknown|not a valid|no longer available)"
        r"|not a valid model|^model: |no such model|no endpoints found|unknown model|invalid model",
    ),
    _rule(
        UnavailableError,
        "overloaded_error api_error server_error internal_server_error unavailable_error timeout_error",
    ),
    _rule(RateLimitedError, "", (429,)),
    _rule(UnavailableError, "", (408, *range(500, 600))),
    _rule(BadRequestError, "invalid_request_error BadRequestError", tuple(range(400, 500))),
)


def failure(target: Target, status: int, body: object, headers: Mapping[str, str] | None = None) -> BackendError:
    """The error that an answer means; ``status`` is 0 for one that came inside a stream."""
    said = _said(status, body)
    kind = next((rule.kind for rule in RULES if rule.fits(said)), AnswerError)
    passing = None
    if kind is RateLimitedError and said.status == 413:  # larger than what a minute allows: waiting does not help
        passing = False
    if kind is UnavailableError and "requires more system memory" in said.text:
        passing = False
    words = target.quote(said.text) or "it gave no reason"
    number = f"HTTP {said.status}: " if said.status else ""
    return kind(
        f"{target}: {WHAT[kind]}: {number}{words}",
        hint=hint(kind, target),
        backend=target.endpoint.name,
        model=target.model,
        status=said.status or None,
        retry_after=_wait(said.text, (headers or {}).get("retry-after", "")),
        is_passing=passing,
    )


def overflow(target: Target, prompt: int, answer: int, context: int, has: str) -> ContextOverflowError:
    """The error of a prompt that was not sent because it does not fit, with the numbers, in tokens.

    How sure they are is in ``has``: ``has``, ``has at least`` or ``may have``.
    """
    error = ContextOverflowError(
        f"{target}: the prompt {has} {prompt} tokens and the answer {answer}, but its context is {context}",
        hint=hint(ContextOverflowError, target),
        backend=target.endpoint.name,
        model=target.model,
    )
    error.prompt_tokens, error.context = prompt, context
    return error


WHAT: dict[type[BackendError], str] = {
    AnswerError: "it failed",
    AuthError: "the key was not accepted",
    BadRequestError: "it rejects the request",
    ContextOverflowError: "the prompt does not fit the model's context",
    ModelNotFoundError: "it does not have that model",
    QuotaError: "the provider's quota is spent",
    RateLimitedError: "too many requests",
    RefusedError: "the provider's filter refused",
    UnavailableError: "it is not available",
}


def hint(kind: type[BackendError], target: Target) -> str:
    """What to type next."""
    endpoint = target.endpoint
    match kind.__name__:
        case "AuthError":
            variable = next(iter(endpoint.variables), "") if endpoint.is_home else ""
            variable = variable or "LLM_API_KEY"
            return f"set {variable} to a key that is valid there, then: llmx backend test {endpoint.name}"
        case "ModelNotFoundError" if endpoint.name == "ollama":
            return f"ollama pull {target.model}"
        case "ModelNotFoundError":
            return f"llmx backend test {endpoint.name} --output json lists the models that it offers"
        case "UnavailableError" if endpoint.server:
            return f"start it with `{endpoint.server}`, then: llmx backend test {endpoint.name}"
        case "ContextOverflowError":
            return "shorten the prompt, let --truncate do it, ask for fewer --max-tokens, or take a larger model"
        case "BadRequestError":
            return "llmx --trace info generate … tells which model and URL were asked"
        case "QuotaError" | "RefusedError":
            return "another model may answer: llmx backend list"
    return f"llmx backend test {endpoint.name}"


def _wait(text: str, header: str) -> float | None:
    """When to come again: as the header says, else as the text does."""
    told = re.search(r"try (?:again )?in (\d+(?:\.\d+)?) ?s", text)
    return retry_after(header or (told[1] if told else ""))


def _said(status: int, body: object) -> Said:
    """The one error in the many shapes that providers give it."""
    if isinstance(body, bytes):
        body = _parsed(body)
    found = body[0] if isinstance(body, list) and body else body
    error = found.get("error", found) if isinstance(found, dict) else found
    if not isinstance(error, dict):
        return Said(status, frozenset(), str(error or ""))
    inner = error.get("error")
    rows: list[dict[str, Any]] = [row for row in (error, inner, found) if isinstance(row, dict)]
    codes = {str(row[key]) for row in rows for key in ("code", "type", "status") if row.get(key)}
    numbers = [int(code) for code in codes if code.isdigit() and 400 <= int(code) < 600]
    text = next((row[key] for row in rows for key in ("message", "detail", "reason") if row.get(key)), error)
    return Said(status or next(iter(numbers), 0), frozenset(codes), text if isinstance(text, str) else json.dumps(text))


def _parsed(body: bytes) -> object:
    try:
        return json.loads(body)
    except ValueError:
        text = body.decode(errors="replace")
        return " ".join(re.sub(r"<(script|style).*?</\1>|<[^>]*>", " ", text, flags=re.S | re.I).split())
