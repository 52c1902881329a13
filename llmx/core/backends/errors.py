"""What can go wrong when a model is called, whoever runs it. Each error of a provider becomes one of these.

BackendError 3
├── UnavailableError 3        down, overloaded, or the connection broke; another backend may do
├── AuthError 3               a key is missing or refused
├── RateLimitedError 3        too many requests; ``retry_after`` says when to come again
├── QuotaError 3              the provider's own allowance is spent
├── RefusedError 3            a filter of the provider's would not have it
├── AnswerError 3             what came back is no answer: cut off, garbled, of the wrong kind
├── BadRequestError 2         the provider rejects what was asked
│   └── ContextOverflowError 2
├── ModelNotFoundError 4      the backend does not have that model
└── BackendTimeoutError 124   the deadline passed

SchemaError 7
└── AnswerSchemaError 7       the answer broke its schema, after repair; ``answer`` is the last one
"""

from llmx.errors import InconclusiveError, SchemaError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from llmx.core.backends import Status


class BackendError(InconclusiveError):
    """A call of a model failed; ``backend`` and ``model`` say whose, ``status`` is the HTTP status where one came.

    ``is_passing`` says whether the same call may succeed a little later, ``standing`` what a health check makes of it.
    """

    is_passing = False
    standing: "Status" = "wrong"

    def __init__(
        self,
        message: str,
        *,
        hint: str | None = None,
        backend: str = "",
        model: str = "",
        status: int | None = None,
        retry_after: float | None = None,
        is_passing: bool | None = None,
    ) -> None:
        super().__init__(message, hint=hint)
        self.backend = backend
        self.model = model
        self.status = status
        self.retry_after = retry_after
        if is_passing is not None:
            self.is_passing = is_passing


class UnavailableError(BackendError):
    """The backend is down, overloaded, or the connection to it broke."""

    is_passing = True
    standing = "down"


class AuthError(BackendError):
    """The key is missing or was refused."""

    standing = "unauthorized"


class RateLimitedError(BackendError):
    """Too many requests; ``retry_after`` is in seconds where the provider said it."""

    is_passing = True
    standing = "limited"


class QuotaError(BackendError):
    """The provider's own allowance is spent."""

    standing = "limited"


class RefusedError(BackendError):
    """A filter of the provider's would not have the question or the answer."""


class AnswerError(BackendError):
    """What came back is no answer: cut off, garbled, or of the wrong kind."""


class BadRequestError(BackendError):
    """The provider rejects what was asked."""

    exit_code = 2


class ContextOverflowError(BadRequestError):
    """The prompt does not fit the model's context; ``prompt_tokens`` (at most) and ``context`` are 0 where not known.

    A backend raises it before anything is sent or run; from its numbers follows how much must go.
    """

    exit_code = 2
    prompt_tokens = 0
    context = 0


class ModelNotFoundError(BackendError):
    """The backend does not have that model."""

    exit_code = 4


class BackendTimeoutError(BackendError):
    """The deadline passed before the answer was whole."""

    exit_code = 124
    standing = "down"


class AnswerSchemaError(SchemaError):
    """The answer does not fit its schema, after all repairs; ``answer`` is the last one."""

    def __init__(self, message: str, *, hint: str | None = None, answer: str = "") -> None:
        super().__init__(message, hint=hint)
        self.answer = answer
