"""What nobody has asked for gives way: a usual parameter is no reason to have no answer."""

from dataclasses import replace
from typing import Any

from llmx.core.backends.errors import BackendError, BadRequestError, ContextOverflowError
from llmx.core.messages import Request

LEAST_ANSWER = 64
"""Tokens: what is shorter is no answer."""

SHORTER = 512
"""Tokens of an answer to try where nobody says how many there is room for."""

SAMPLING = ("temperature", "top_p")


def given_way(request: Request, error: BackendError) -> Request | None:
    """The request with less of what is only usual, as the error wants; None where nothing usual is in its way."""
    match error:
        case ContextOverflowError():
            is_known = error.prompt_tokens and error.context
            return _shorter(request, error.context - error.prompt_tokens if is_known else SHORTER)
        case BadRequestError() if any(name in error.message for name in SAMPLING):
            return without(request, SAMPLING)
        case BadRequestError() if "token" in error.message:
            return _shorter(request, SHORTER)
    return None


def without(request: Request, names: tuple[str, ...]) -> Request | None:
    """The request without those of the parameters that are only usual; None where none of them is."""
    usual = request.parameters.usual
    cleared: dict[str, Any] = dict.fromkeys(name for name in usual if name in names)
    left = tuple(name for name in usual if name not in cleared)
    return replace(request, parameters=replace(request.parameters, usual=left, **cleared)) if cleared else None


def with_room(request: Request, context: int) -> Request:
    """The request with an answer of usual length that leaves three quarters of the context to the prompt."""
    return _shorter(request, context // 4) or request


def _shorter(request: Request, tokens: int) -> Request | None:
    """With a shorter answer, where its length is only the usual one."""
    parameters = request.parameters
    if "max_tokens" not in parameters.usual or not LEAST_ANSWER <= tokens < (parameters.max_tokens or 0):
        return None
    return replace(request, parameters=replace(parameters, max_tokens=tokens))
