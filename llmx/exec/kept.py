"""What a run stores beside its lines in the log: its output where that is asked for, and its result."""

from llmx.core.jsonline import dumps
from llmx.core.plugins import load
from llmx.core.redact import may_hold_a_secret
from llmx.core.runs.output import Writer
from llmx.core.runs.places import RESULT, START, make_folder, write_private
from llmx.core.runs.retention import prune, prune_now_and_then, remove
from llmx.errors import ExecError
from llmx.exec.capture import Kept

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from llmx.exec.request import ExecRequest
    from llmx.exec.run import Run

NOT_STORED = ("stdout", "stderr", "stdout_tail", "stderr_tail")
"""What a result holds as it was printed; without its secrets it stands in the output's own files."""


class StoredKept(Kept):
    """Keeps a stream for the result and stores all of it without its secrets."""

    def __init__(self, cap: int, writer: Writer) -> None:
        super().__init__(cap)
        self._writer = writer

    def feed(self, data: bytes) -> None:
        super().feed(data)
        self._writer.write(data)


class Store:
    """The run's folder while it goes on. One that keeps output must be there; figures alone are only tried for."""

    def __init__(self, run: "Run", start: "Mapping[str, object]") -> None:
        self.problem = ""
        self._writers: list[Writer] = []
        self._env = run.request.env
        self._secrets = secrets_of(run.request)
        self._folder = ""
        try:
            (prune if run.request.keep_output else prune_now_and_then)(self._env)
            self._folder = make_folder(self._env, run.run_id)
            write_private(f"{self._folder}/{START}", (dumps(start) + "\n").encode())
        except OSError as error:
            if run.request.keep_output:
                self.problem = f"{self._folder or error.filename}: {error.strerror}"
                raise self.refusal() from None
            self._folder = ""

    def refusal(self) -> ExecError:
        """The error of a run whose output cannot be stored."""
        if self._folder:
            remove(self._folder)
        self._folder = ""
        return ExecError(
            f"the output cannot be stored: {self.problem}",
            code="storage",
            hint="free or permit that folder, or leave --keep-output and --background out",
        )

    def stream(self, name: str, cap: int) -> StoredKept:
        """What takes the stream called ``name``."""
        writer = Writer(self._folder, name, self._secrets)
        self._writers.append(writer)
        if writer.problem:
            self.problem = writer.problem
            raise self.refusal()
        return StoredKept(cap, writer)

    def keep(self, result: "dict[str, object]") -> None:
        """The run is over: store its result. What is wrong with the disk is told in ``problem``."""
        for writer in self._writers:
            writer.close()
            self.problem = self.problem or writer.problem
        if not self._folder:
            return
        self._write_result(result)
        if self.problem:
            result["hints"] = [*_listed(result["hints"]), f"not all is stored: {self.problem}"]

    def _write_result(self, result: "dict[str, object]") -> None:
        stored = {name: None if name in NOT_STORED[:2] else value for name, value in result.items()}
        for name in ("stdout", "stderr"):
            for end in ("tail", "truncated", "encoding"):
                stored.pop(f"{name}_{end}", None)
        try:
            write_private(f"{self._folder}/{RESULT}", (dumps(stored) + "\n").encode())
        except OSError as error:
            self.problem = f"{self._folder}: {error.strerror}"


def _listed(hints: object) -> list[object]:
    return list(hints) if isinstance(hints, list) else []


def secrets_of(request: "ExecRequest") -> "Mapping[str, str]":
    """The environment by which output is masked: with what ``--env`` sets in it, and with the command line's secrets.

    A command may print whatever it was given.
    """
    env = request.all_env
    if not may_hold_a_secret(request.argv, env):
        return env
    found = load("llmx.core.redact.argv:secrets_of")(request.argv, env)
    return {**env, **{f"ARGUMENT_SECRET_{number}": secret for number, secret in enumerate(found)}}
