"""Single texts of a header's long arrays, such as the special tokens of a vocabulary."""

import mmap
from struct import Struct

from llmx.core.gguf.header import Array, Header

_COUNT = Struct("<Q")


class SpecialTokens:
    """How the special tokens that a chat template names are written; empty where the model has none."""

    def __init__(self, header: Header) -> None:
        said = header.metadata
        self.adds_bos = bool(said.get("tokenizer.ggml.add_bos_token", said.get("tokenizer.ggml.model") == "llama"))
        ids = [said.get(f"tokenizer.ggml.{name}_token_id") for name in ("bos", "eos")]
        tokens = said.get("tokenizer.ggml.tokens")
        count = tokens.length if isinstance(tokens, Array) else 0
        wanted = {each for each in ids if isinstance(each, int) and 0 <= each < count}
        found = _texts(header, tokens.at, wanted) if isinstance(tokens, Array) and wanted else {}
        self.bos, self.eos = (found.get(each, "") if isinstance(each, int) else "" for each in ids)


def _texts(header: Header, at: int, indexes: set[int]) -> dict[int, str]:
    """Those texts of the array that begins at ``at``, which has been walked over before."""
    found = {}
    with open(header.path, "rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        for index in range(max(indexes) + 1):
            (length,) = _COUNT.unpack_from(data, at)
            at += 8
            if index in indexes:
                found[index] = data[at : at + length].decode("utf-8", "replace")
            at += length
    return found
