"""The header of a GGUF file that is on a server: its beginning is asked for, and no more than it takes."""

from llmx.core.gguf.header import GGUFError, Header, header_beginning
from llmx.models.remote import Remote
from llmx.models.web import CutError, fill, open_url, plain

FIRST = 1 << 20
MOST = 64 << 20
"""The longest header that is read: a vocabulary of some hundred thousand words takes 10 MB."""
TIMEOUT = 30.0


def remote_header(remote: Remote, name: str) -> Header:
    """The header, with ``name`` for its path; raises ``GGUFError``, ``WebError``."""
    here = bytearray()
    wanted = FIRST
    while True:
        _extend(here, min(wanted, remote.size), remote)
        found = header_beginning(name, bytes(here), remote.size)
        if found:
            return found
        if len(here) == remote.size or wanted >= MOST:
            raise GGUFError(f"{plain(remote.url)}: its header does not end")
        wanted *= 4


def _extend(here: bytearray, wanted: int, remote: Remote) -> None:
    """Have ``wanted`` bytes of the file here."""
    start = len(here)
    with open_url(remote.url, {**remote.headers, "Range": f"bytes={start}-{wanted - 1}"}, TIMEOUT) as answer:
        if answer.status == 200:  # it knows no ranges: from the beginning, as far as is wanted
            here.clear()
        block = memoryview(bytearray(64 << 10))
        while len(here) < wanted:
            got = fill(answer, block[: wanted - len(here)], remote.url)
            if not got:
                raise CutError(f"{plain(remote.url)} ended early")
            here += block[:got]
