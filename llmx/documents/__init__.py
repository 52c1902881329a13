"""Read documents of any usual kind as text, with the places that a citation can name.

``read`` takes a path, ``read_bytes`` what came from elsewhere, ``read_async`` a path without blocking a loop. What
cannot be read raises ``DocumentError`` with a ``reason``, within bounded time and memory, whatever is in the file.
"""

from llmx.documents.document import Document, DocumentError, Limits, Part, Reason
from llmx.documents.reading import EXTENSIONS, read, read_async, read_bytes

__all__ = ["EXTENSIONS", "Document", "DocumentError", "Limits", "Part", "Reason", "read", "read_async", "read_bytes"]
