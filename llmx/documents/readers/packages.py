"""Office documents are archives: what they would unpack to is known before anything is unpacked."""

import zipfile
from typing import BinaryIO

from llmx.documents.document import DocumentError, Limits

MOST_MEMBERS = 20_000


def check(file: BinaryIO, limits: Limits) -> None:
    """Raise ``DocumentError`` for an archive that is damaged, encrypted or unpacks to too much.

    Python's zipfile hands out no more of a member than its directory says, so that a false size is no way around.
    """
    try:
        with zipfile.ZipFile(file) as archive:
            members = archive.infolist()
    except (zipfile.BadZipFile, ValueError, EOFError) as error:
        raise DocumentError(f"is damaged: {error}", "damaged") from None
    if len(members) > MOST_MEMBERS:
        raise DocumentError(f"has {len(members)} parts, and {MOST_MEMBERS} are the limit", "too_large")
    size = sum(member.file_size for member in members)
    if size > limits.unpacked:
        raise DocumentError(f"unpacks to {size} bytes, and {limits.unpacked} are the limit", "too_large")
    if any(member.flag_bits & 1 for member in members):
        raise DocumentError("is encrypted", "encrypted", hint="save it without a password")
    file.seek(0)
