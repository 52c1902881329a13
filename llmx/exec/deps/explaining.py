"""What ``--explain`` tells of packages: those that are kept count as there, and nothing is resolved."""

from llmx.exec.deps import Provided, furnish

TYPE_CHECKING = False
if TYPE_CHECKING:
    from llmx.exec.request import ExecRequest


def explain(request: "ExecRequest") -> tuple[list[dict[str, object]], bool]:
    """The facts of each source, and whether all of it is known; the request is furnished then."""
    provided = Provided()
    is_known = furnish(request, provided, resolves=False)
    return provided.parts, is_known
