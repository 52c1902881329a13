"""The sandbox of one run: what is asked of it, what it really enforces, and what is found out at its end."""

from llmx.core.audit_relay import Relay
from llmx.core.plugins import load
from llmx.core.sandbox import Abilities, enclose, make_plan
from llmx.core.sandbox.abilities import read_cached
from llmx.core.sandbox.sensitive import Sensitive

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from llmx.core.audit import AuditLog
    from llmx.core.network.forwarder import Forwarder
    from llmx.core.process.supervise import Ending, Stream
    from llmx.core.sandbox import Enclosure, Plan
    from llmx.core.sandbox.inherited import Outer
    from llmx.errors import ExecError
    from llmx.exec.request import ExecRequest, SandboxRequest


class Confinement:
    """Made before the start, asked after the end; raises ``ExecError`` for what cannot be confined as asked."""

    def __init__(
        self, request: "ExecRequest", wanted: "SandboxRequest", outer: "Outer | None", *, own_terminal: bool
    ) -> None:
        arguments = wanted.arguments
        if outer:  # what it has closed cannot be opened in here
            arguments = load("llmx.core.sandbox.inherited:left_of")(arguments, outer)
        self.plan: Plan = make_plan(
            request.cwd, request.env, own_terminal=own_terminal, max_procs=request.max_procs, **arguments
        )
        self._wanted = wanted
        self._outer = outer
        self.forwarder: Forwarder | None = None
        self._abilities = abilities(request.own_env, outer)
        self.relay: Relay | None = None
        self.sensitive: Sensitive | None = None
        self.enclosure: Enclosure | None = None
        self.changed: list[dict[str, object]] = []
        self.hints: list[str] = []
        self.is_complete = True

    @property
    def level(self) -> str:
        """``full``, ``degraded`` (by a weaker mechanism) or ``inherited`` (the sandbox of an outer llm-exec holds)."""
        if not self.enclosure or self.enclosure.mechanism == "inherited":
            return "inherited" if self.enclosure else "none"
        return "degraded" if self.enclosure.degraded else "full"

    @property
    def degraded(self) -> list[str]:
        """What of the plan is not enforced, in short names."""
        return self.enclosure.degraded if self.enclosure else []

    @property
    def missing(self) -> tuple[str, ...]:
        """What the result cannot tell."""
        return self.enclosure.missing if self.enclosure else ()

    @property
    def tells_signals_by_code(self) -> bool:
        """Whether a death by signal n arrives as exit code 128+n, as bubblewrap tells it."""
        return "exact_signal" in self.missing

    def offer_log(self, log: "AuditLog", run_id: str) -> None:
        """Let runs inside hand their lines of the execution log to this one."""
        is_bubblewrap = self._abilities.bwrap and not self._abilities.problem
        if not self._outer and is_bubblewrap and self._wanted.mechanism in ("", "bubblewrap"):
            self.relay = Relay(log, run_id)
            self.plan.relay = self.relay.writer
            plan = self.plan
            names, ports = ",".join(plan.reach.names) or "-", ",".join(map(str, plan.reach.connect)) or "-"
            plan.marker = f"{run_id} {plan.level} {plan.network} {self.relay.writer} {names} {ports}"

    def open_network(self) -> None:
        """Start the proxy where something is to be reached through it."""
        if self.plan.reach and self.enclosure and not self._outer:
            forwarder = self.forwarder = load("llmx.core.network.forwarder:Forwarder")(self.plan.reach)
            self.enclosure.when_inside = forwarder.enter

    def streams(self) -> "list[Stream]":
        """What the supervisor is to listen to, now that the command is started."""
        if self.relay:
            self.relay.started()
        return [each for each in (self.relay, self.forwarder) if each]

    @property
    def helpers(self) -> "frozenset[int]":
        """Processes that this has started, and that are not the command's."""
        own = self.enclosure.helpers() if self.enclosure else frozenset()
        return own | {self.forwarder.pid} if self.forwarder else own

    def enclose(self, program: str, argv: list[str]) -> "Enclosure":
        """The command as it will really be started."""
        plan = self.plan
        if plan.work in plan.writable:
            self.sensitive = Sensitive(plan.work, plan.git_folders, allowed=plan.opened)
        self.enclosure = enclose(plan, program, argv, self._abilities, self._wanted.mechanism)
        self.enclosure.roots = self.sensitive.roots if self.sensitive else {}
        if self.enclosure.degraded or (self._wanted.is_required and self.level != "full"):
            load("llmx.core.policy.levels:check_mechanism")(
                self.plan.level,
                is_required=self._wanted.is_required,
                mechanism=self.enclosure.mechanism,
                degraded=self.enclosure.degraded,
            )
        return self.enclosure

    def settle(self, ending: "Ending") -> "ExecError | None":
        """Look at what the command has left; why it never ran, or None when it did."""
        enclosure = self.enclosure
        if enclosure is None:
            return None
        problem = None if ending.status is None or ending.verdict else enclosure.settle(ending.status)
        if self.relay:
            self.relay.move()
        if self.forwarder:
            self.forwarder.close()
        if self.sensitive:
            report = self.sensitive.compare()
            self.changed, self.hints, self.is_complete = report.changed, report.hints, report.complete
        return problem

    def close(self) -> None:
        """Give up what is held, however the run ended; more than once does no harm."""
        for held in (self.forwarder, self.enclosure, self.relay, self.sensitive):
            if held:
                held.close()

    def fields(self) -> dict[str, object]:
        """The result's entry ``sandbox``, less what the command line loosened."""
        enclosure, outer = self.enclosure, self._outer
        return {
            "level": self.level,
            "mechanism": enclosure.mechanism if enclosure else None,
            "policy": outer.level if outer and outer.level == "restricted" else self.plan.level,
            "network": outer.network if outer and self.plan.level != "restricted" else self.plan.network,
            "degraded": self.degraded,
            "dropped_env": self.plan.dropped,
        }

    def record(self) -> dict[str, object]:
        """What the execution log tells of it at the end."""
        fields = self.fields()
        told: dict[str, object] = {"sandbox": {name: fields[name] for name in ("level", "mechanism")}}
        if self.forwarder:
            told["network"] = load("llmx.exec.network_report:record")(self.forwarder)
        return told


def abilities(env: "Mapping[str, str]", outer: "Outer | None") -> Abilities:
    """What this machine can enforce, from what was found out before where that still holds."""
    if outer:
        return Abilities(inherited=True, landlock=load("llmx.core.sandbox.probe:landlock_abi")(), seccomp=True)
    found: Abilities = read_cached(env) or load("llmx.core.sandbox.probe:abilities")(env)
    return found
