"""Everything that can go wrong, the exit code each kind carries, and how it is shown.

    LlmxError 1
    ├── UsageError 2          the command line is wrong
    ├── ConfigError 2         a settings file or variable is wrong
    ├── InconclusiveError 3   the work could not be judged: nothing configured, a backend down, a key refused
    ├── NotFoundError 4       a named thing does not exist
    ├── PolicyError 5         a rule forbids it
    ├── BudgetError 6         llmx's own budget is spent
    ├── SchemaError 7         a model's answer broke its schema, after repair
    └── ExecError 125         `llm-exec` itself failed before or around the command
        ├── NotExecutableError 126
        └── CommandNotFoundError 127

Standard library only, so that every way in shows the same text.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

DISTRIBUTION = "llmx-toolkit"
"""The name on the package index; the command and the import are both ``llmx``."""


class LlmxError(Exception):
    """A failure with a message for the user and, where one exists, the next thing to type."""

    exit_code = 1

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class UsageError(LlmxError):
    """The command line is wrong."""

    exit_code = 2


class ConfigError(LlmxError):
    """A setting is wrong; ``source`` is ``file:line`` or the variable's name, ``key`` the dotted path."""

    exit_code = 2

    def __init__(self, message: str, *, key: str = "", source: str = "", hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.key = key
        self.source = source


class InconclusiveError(LlmxError):
    """The work could not be judged, so it is neither a success nor a failure."""

    exit_code = 3


class NotFoundError(LlmxError):
    """A named thing does not exist."""

    exit_code = 4


class PolicyError(LlmxError):
    """A rule forbids it."""

    exit_code = 5


class BudgetError(LlmxError):
    """llmx's own budget is spent."""

    exit_code = 6


class SchemaError(LlmxError):
    """A model's answer broke its schema, after repair."""

    exit_code = 7


class ExecError(LlmxError):
    """``llm-exec`` itself failed; ``code`` is the machine-readable reason in the result's ``setup_error``."""

    exit_code = 125
    code = "internal"

    def __init__(self, message: str, *, code: str | None = None, hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        if code is not None:
            self.code = code


class NotExecutableError(ExecError):
    """The command exists but cannot be run."""

    exit_code = 126
    code = "not_executable"


class CommandNotFoundError(ExecError):
    """No such command."""

    exit_code = 127
    code = "not_found"


def install_hint(extra: str) -> str:
    """The exact command that installs an optional part, such as ``gguf``."""
    return f"pip install '{DISTRIBUTION}[{extra}]'"


def render(error: LlmxError) -> str:
    """The lines shown on stderr for ``error``, without a trailing newline."""
    return f"error: {error.message}\nhint: {error.hint}" if error.hint else f"error: {error.message}"


def nearest(word: str, known: "Iterable[str]") -> str | None:
    """The known word that ``word`` was probably meant to be, if one is near enough.

    Near is an optimal-string-alignment distance of at most a third of the longer word (at least 1).
    """
    alike = [other for other in known if abs(len(word) - len(other)) <= _near(word, other)]
    scored = sorted((_distance(word, other), other) for other in alike)
    if scored and scored[0][0] <= _near(word, scored[0][1]):
        return scored[0][1]
    return None


def _near(a: str, b: str) -> int:
    return max(1, max(len(a), len(b)) // 3)


def _distance(a: str, b: str) -> int:
    """Edits (insert, delete, replace, swap of neighbours) that turn ``a`` into ``b``."""
    before: list[int] = []
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        before, last, row = row, before, [i]
        for j, y in enumerate(b, 1):
            cost = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (x != y))
            if i > 1 and j > 1 and x == b[j - 2] and a[i - 2] == y:
                cost = min(cost, last[j - 2] + 1)
            row.append(cost)
    return row[-1]
