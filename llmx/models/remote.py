"""A file on a server: what is known of it before it is here, and how it is asked for."""

from collections.abc import Callable, Mapping
from typing import NamedTuple


class Remote(NamedTuple):
    """One file; ``headers`` go to ``url`` only.

    ``digest`` is a sha256 (64 hex digits) or a git blob's sha1 (40), empty where nothing says it. ``version`` is what
    the server calls this state of the file (its ETag), by which it is known again where there is no digest.
    """

    url: str
    size: int
    digest: str = ""
    version: str = ""
    headers: Mapping[str, str] = {}

    def is_same_file(self, other: "Remote") -> bool:
        """Whether ``other`` has the same bytes, as far as the servers say."""
        if self.size != other.size:
            return False
        if self.digest and other.digest:
            return self.digest == other.digest
        return bool(self.version) and self.version == other.version


Resolve = Callable[[], Remote]
"""Ask the server where the file is now: signed addresses are good for an hour only."""
