"""What a header says about its model, in the words of people who choose models."""

import os
import re
from collections import Counter
from collections.abc import Sequence
from typing import Any, NamedTuple

from llmx.core.gguf.header import Array, GGUFError, Header
from llmx.core.gguf.tensor_types import FILE_TYPES, TENSOR_TYPES
from llmx.core.settings.sources import shown


class Shape(NamedTuple):
    """The sizes that memory depends on; ``kv_heads`` has one number for each layer, 0 for those without a cache."""

    layers: int
    embedding: int
    feed_forward: int
    key_length: int
    value_length: int
    kv_heads: tuple[int, ...]
    vocabulary: int


class ModelFacts(NamedTuple):
    """One model; None and empty stand for what its header does not say."""

    path: str
    name: str
    architecture: str
    parameters: int
    size: int
    parts: int
    quantization: str
    context: int | None
    tokenizer: str
    chat_template: str
    license: str
    shape: Shape


def facts_of(header: Header, sizes: Sequence[int] = ()) -> ModelFacts:
    """What ``header`` says; raises ``GGUFError`` for figures that no model has.

    ``sizes`` are those of the model's parts in bytes, where they are not on this machine.
    """
    said = _Said(header)
    architecture = said.text("general.architecture")
    if not architecture:
        raise GGUFError(f"{shown(header.path)} names no architecture, so it holds no model")
    context = said.number(f"{architecture}.context_length")
    sizes = sizes or [os.stat(part).st_size for part in parts_of(header)]
    return ModelFacts(
        path=header.path,
        name=said.text("general.name") or said.text("general.basename"),
        architecture=architecture,
        parameters=sum(tensor.weights for tensor in header.tensors),
        size=sum(sizes),
        parts=len(sizes),
        quantization=_quantization(header, said),
        context=context or None,
        tokenizer=said.text("tokenizer.ggml.model"),
        chat_template=said.text("tokenizer.chat_template"),
        license=said.text("general.license") or said.text("general.license.name"),
        shape=_shape(said, architecture),
    )


def parts_of(header: Header) -> tuple[str, ...]:
    """The files that the model is in: one, or as many as its name says; raises ``GGUFError`` where one is missing."""
    count = header.metadata.get("split.count", 1)
    if not isinstance(count, int) or count <= 1:
        return (header.path,)
    named = re.fullmatch(r"(.*-)(\d{5})-of-(\d{5})\.gguf", header.path, re.DOTALL)
    if named is None or int(named[3]) != count:
        raise GGUFError(f"{shown(header.path)} is one of {count} parts, and its name does not say which")
    parts = tuple(f"{named[1]}{number:05d}-of-{count:05d}.gguf" for number in range(1, count + 1))
    for part in parts:
        if not os.path.isfile(part):
            raise GGUFError(
                f"{shown(header.path)} is one of {count} parts, and {shown(os.path.basename(part))} is gone"
            )
    return parts


class _Said:
    """The metadata, with what is nonsense refused."""

    def __init__(self, header: Header) -> None:
        self._header = header

    def __contains__(self, key: str) -> bool:
        return key in self._header.metadata

    def text(self, key: str) -> str:
        value = self._header.metadata.get(key, "")
        return value if isinstance(value, str) else ""

    def number(self, key: str, default: int = 0, most: int = 1 << 31) -> int:
        value = self._header.metadata.get(key, default)
        if isinstance(value, Array):
            value = max(value.values, default=default)
        return self._checked(key, value, most)

    def numbers(self, key: str, count: int, default: int) -> tuple[int, ...]:
        """One number for each of ``count`` layers, where the header has one for all of them too."""
        value = self._header.metadata.get(key, default)
        values = value.values if isinstance(value, Array) else (value,) * count
        if len(values) != count:
            raise GGUFError(f"{shown(self._header.path)}: {key} has {len(values)} numbers for {count} layers")
        return tuple(self._checked(key, each, 1 << 20) for each in values)

    def _checked(self, key: str, value: Any, most: int) -> int:  # noqa: ANN401  # anything that a header can hold
        if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= most:
            raise GGUFError(f"{shown(self._header.path)}: {shown(key)} is {value!r:.60}, which no model has")
        return value

    def vocabulary(self) -> int:
        tokens = self._header.metadata.get("tokenizer.ggml.tokens")
        return tokens.length if isinstance(tokens, Array) else 0


def _shape(said: _Said, architecture: str) -> Shape:
    layers = said.number(f"{architecture}.block_count", most=4096)
    embedding = said.number(f"{architecture}.embedding_length", most=1 << 24)
    heads = said.numbers(f"{architecture}.attention.head_count", layers, 0)
    most_heads = max(heads, default=0)
    head = embedding // most_heads if most_heads else 0
    has_groups = f"{architecture}.attention.head_count_kv" in said
    return Shape(
        layers,
        embedding,
        said.number(f"{architecture}.feed_forward_length", most=1 << 24),
        said.number(f"{architecture}.attention.key_length", head, most=1 << 20),
        said.number(f"{architecture}.attention.value_length", head, most=1 << 20),
        said.numbers(f"{architecture}.attention.head_count_kv", layers, 0) if has_groups else heads,
        said.vocabulary(),
    )


def _quantization(header: Header, said: _Said) -> str:
    """What the file calls itself, else the format of most weights."""
    if "general.file_type" in said and said.number("general.file_type") in FILE_TYPES:
        return FILE_TYPES[said.number("general.file_type")]
    counted = Counter[int]()
    for tensor in header.tensors:
        counted[tensor.type] += tensor.weights
    most = counted.most_common(1)
    return TENSOR_TYPES[most[0][0]].name if most and most[0][0] in TENSOR_TYPES else ""
