"""Models that say what a test wants, through the real engines: each token is followed by the one that was written down.

The embedding of a token is a vector with a single one, the layer in between adds nothing, and the output matrix has a
large number where one token follows another. A piece of the script is a token of its own, so that bytes of a character,
tool marks and the like can be cut anywhere.
"""

from itertools import pairwise
from pathlib import Path
from struct import pack
from typing import Any

from tests.core.gguf.tiny import TEMPLATE, gguf, letters, metadata, vocabulary

WIDTH_STEP = 32


def scripted_bytes(pieces, *, ends=True, template=TEMPLATE, context=1024, starts="\n", controls=()):
    """A model that says ``pieces`` (text or bytes), then ends, or else says its last piece for ever.

    ``starts``: the last character of the prompt, which the first piece follows. ``controls``: the pieces that are
    special tokens.
    """
    tokens, kinds, merges, follows = chain_of(pieces, ends=ends, starts=starts, controls=controls)
    width = width_for(len(tokens))
    said = metadata(tokens, kinds, merges, width=width, layers=1, template=template)
    said["llama.context_length"] = (4, context)
    said["llama.feed_forward_length"] = (4, 32)
    return gguf(said, _tensors(len(tokens), width, follows))


def width_for(count):
    """How wide a model is that has a number of its own for each token."""
    return -(-count // WIDTH_STEP) * WIDTH_STEP


def chain_of(pieces, *, ends=True, starts="\n", controls=()):
    """The tokens, their kinds and merges, and which token follows which."""
    letter = letters()
    tokens, kinds, merges = vocabulary()
    tokens, specials = tokens[:-3], tokens[-3:]
    spelled = [p if p in controls else "".join(letter[byte] for byte in _bytes(p)) for p in pieces]
    own = sorted((piece for piece in spelled if piece not in tokens), key=lambda piece: piece in controls)
    chain = [letter[ord(starts)], *spelled, *(["<|im_end|>"] if ends else spelled[-1:])]
    assert len({*chain[:-1]}) == len(chain) - 1, "a piece may stand once: what follows it is fixed"
    own_kinds = [3 if piece in controls else 1 for piece in own]
    tokens, kinds = [*tokens, *own, *specials], [*kinds[:-3], *own_kinds, 3, 3, 3]
    return tokens, kinds, merges, {tokens.index(a): tokens.index(b) for a, b in pairwise(chain)}


def _bytes(piece):
    return piece.encode() if isinstance(piece, str) else piece


def _tensors(count, width, follows):
    zeros = lambda rows, columns: bytes(2 * rows * columns)  # noqa: E731
    norm = pack(f"<{width}f", *[1.0] * width)
    head = width // 4
    shapes = {
        "attn_q": (width, width),
        "attn_k": (width, 2 * head),
        "attn_v": (width, 2 * head),
        "attn_output": (width, width),
        "ffn_gate": (width, 32),
        "ffn_up": (width, 32),
        "ffn_down": (32, width),
    }
    one, large = pack("<e", 1.0), pack("<e", 20.0)
    embedding, output = bytearray(zeros(count, width)), bytearray(zeros(count, width))
    for token in range(count):
        at = 2 * (token * width + token)
        embedding[at : at + 2] = one
    for before, after in follows.items():
        at = 2 * (after * width + before)
        output[at : at + 2] = large
    found: list[Any] = [("token_embd.weight", (width, count), 1, bytes(embedding))]
    found += [(f"blk.0.{name}.weight", (width,), 0, norm) for name in ("attn_norm", "ffn_norm")]
    found += [(f"blk.0.{name}.weight", shape, 1, zeros(*shape)) for name, shape in shapes.items()]
    return [*found, ("output_norm.weight", (width,), 0, norm), ("output.weight", (width, count), 1, bytes(output))]


def write_scripted(path, pieces, **options):
    """Write a model that says ``pieces`` and return its path."""
    Path(path).write_bytes(scripted_bytes(pieces, **options))
    return str(path)
