"""Tiny models as GGUF files, made from random numbers within milliseconds, so that no test needs a download.

``write_tiny`` makes a llama model with a byte-level vocabulary and a ChatML template with Hermes tool calls. All that
it says is printable ASCII, because the output rows of every other token are zero: it never ends by itself, so that
the length of an answer is the number of tokens that was asked for.
"""

import random
from pathlib import Path
from struct import pack
from typing import Any

U32, F32, BOOL, STRING, ARRAY, U64 = 4, 6, 7, 8, 9, 10
SPECIALS = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
WORDS = ["the", " the", " and", " of", " to", "user", "system", "assistant", "tool", "name", "arguments", "true"]

TEMPLATE = """{%- if tools %}{{- '<|im_start|>system\\n' }}
{%- if messages[0].role == 'system' %}{{- messages[0].content + '\\n\\n' }}{%- endif %}
{{- '# Tools\\n<tools>' }}{%- for tool in tools %}{{- '\\n' }}{{- tool | tojson }}{%- endfor %}
{{- '\\n</tools>\\nCall one as <tool_call>{"name": ..., "arguments": ...}</tool_call><|im_end|>\\n' }}{%- endif %}
{%- for message in messages %}
{%- if message.role == 'system' and loop.first and tools %}
{%- elif message.role == 'tool' %}
{{- '<|im_start|>user\\n<tool_response>\\n' + message.content + '\\n</tool_response><|im_end|>\\n' }}
{%- elif message.role == 'assistant' and message.tool_calls %}
{{- '<|im_start|>assistant\\n' + (message.content or '') }}
{%- for call in message.tool_calls %}
{{- '\\n<tool_call>\\n{"name": "' + call.function.name + '", "arguments": ' }}
{{- call.function.arguments | tojson }}{{- '}\\n</tool_call>' }}{%- endfor %}{{- '<|im_end|>\\n' }}
{%- else %}{{- '<|im_start|>' + message.role + '\\n' + message.content + '<|im_end|>\\n' }}{%- endif %}
{%- endfor %}{%- if add_generation_prompt %}{{- '<|im_start|>assistant\\n' }}{%- endif %}"""


def text(value):
    data = value.encode()
    return pack("<Q", len(data)) + data


def value(kind, given):
    """A value as the format has it, with its kind before it."""
    if kind == STRING:
        return pack("<I", kind) + text(given)
    if kind == ARRAY:
        of, items = given
        body = b"".join(text(item) for item in items) if of == STRING else pack(f"<{len(items)}{LETTERS[of]}", *items)
        return pack("<IIQ", kind, of, len(items)) + body
    return pack(f"<I{LETTERS[kind]}", kind, given)


LETTERS = {U32: "I", F32: "f", BOOL: "?", U64: "Q", 5: "i", 0: "B"}


def gguf(metadata, tensors, *, version=3, alignment=32, keys=None, count=None):
    """The bytes of a file: ``metadata`` maps names to (kind, value), ``tensors`` are (name, shape, type, data)."""
    head = b"GGUF" + pack("<IQQ", version, len(tensors) if count is None else count, keys or len(metadata))
    head += b"".join(text(name) + value(*given) for name, given in metadata.items())
    body = b""
    for name, shape, kind, data in tensors:
        head += text(name) + pack(f"<I{len(shape)}Q", len(shape), *shape) + pack("<IQ", kind, len(body))
        body += data + bytes(-len(data) % alignment)
    return head + bytes(-len(head) % alignment) + body


def letters():
    """What GPT-2's byte-level vocabulary writes for each byte."""
    plain = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = iter(range(256, 512))
    return {byte: chr(byte) if byte in plain else chr(next(others)) for byte in range(256)}


def vocabulary():
    """Tokens, their kinds (1 ordinary, 3 control) and the merges that make the longer ones."""
    letter = letters()
    tokens, merges = [letter[byte] for byte in range(256)], []
    for word in WORDS:
        spelled = [letter[byte] for byte in word.encode()]
        for end in range(2, len(spelled) + 1):
            whole = "".join(spelled[:end])
            if whole not in tokens:
                tokens.append(whole)
                merges.append(f"{whole[:-1]} {spelled[end - 1]}")
    return [*tokens, *SPECIALS], [1] * len(tokens) + [3] * len(SPECIALS), merges


def is_printable(token):
    """Whether a token stands for printable ASCII."""
    letter = {written: byte for byte, written in letters().items()}
    return token not in SPECIALS and all(32 <= letter[each] < 127 for each in token)


def metadata(tokens, kinds, merges, *, width=64, layers=2, context=2048, template=TEMPLATE, name="tiny"):
    """What the header says."""
    end, stop = tokens.index("<|endoftext|>"), tokens.index("<|im_end|>")
    said = {
        "general.architecture": (STRING, "llama"),
        "general.name": (STRING, name),
        "general.license": (STRING, "cc0-1.0"),
        "general.file_type": (U32, 1),
        "llama.context_length": (U32, context),
        "llama.embedding_length": (U32, width),
        "llama.block_count": (U32, layers),
        "llama.feed_forward_length": (U32, 2 * width),
        "llama.attention.head_count": (U32, 4),
        "llama.attention.head_count_kv": (U32, 2),
        "llama.attention.layer_norm_rms_epsilon": (F32, 1e-5),
        "llama.rope.dimension_count": (U32, width // 4),
        "llama.vocab_size": (U32, len(tokens)),
        "tokenizer.ggml.model": (STRING, "gpt2"),
        "tokenizer.ggml.pre": (STRING, "gpt-2"),
        "tokenizer.ggml.tokens": (ARRAY, (STRING, tokens)),
        "tokenizer.ggml.token_type": (ARRAY, (5, kinds)),
        "tokenizer.ggml.merges": (ARRAY, (STRING, merges)),
        "tokenizer.ggml.bos_token_id": (U32, end),
        "tokenizer.ggml.eos_token_id": (U32, stop),
        "tokenizer.ggml.add_bos_token": (BOOL, False),
    }
    return {**said, "tokenizer.chat_template": (STRING, template)} if template else said


def weights(random_numbers, rows, columns, scale, is_kept=lambda _row: True):
    """A matrix of half precision, with rows of zeros where ``is_kept`` says so."""
    data = b""
    for row in range(rows):
        drawn = [(random_numbers.random() - 0.5) * scale for _ in range(columns)]
        data += pack(f"<{columns}e", *(drawn if is_kept(row) else [0.0] * columns))
    return data


def tiny_bytes(*, seed=0, width=64, layers=2, is_ascii=True, **said):
    """The bytes of a whole model."""
    tokens, kinds, merges = vocabulary()
    drawn, head = random.Random(seed), width // 4
    norm = pack(f"<{width}f", *[1.0] * width)
    scale = 3.4 * width**-0.5  # a uniform spread with a deviation of about width**-0.5
    found: list[Any] = [("token_embd.weight", (width, len(tokens)), 1, weights(drawn, len(tokens), width, 1.7))]
    for layer in range(layers):
        shapes = {
            "attn_q": (width, width),
            "attn_k": (width, 2 * head),
            "attn_v": (width, 2 * head),
            "attn_output": (width, width),
            "ffn_gate": (width, 2 * width),
            "ffn_up": (width, 2 * width),
            "ffn_down": (2 * width, width),
        }
        found += [(f"blk.{layer}.{norms}.weight", (width,), 0, norm) for norms in ("attn_norm", "ffn_norm")]
        found += [
            (f"blk.{layer}.{name}.weight", shape, 1, weights(drawn, shape[1], shape[0], scale))
            for name, shape in shapes.items()
        ]
    found.append(("output_norm.weight", (width,), 0, norm))
    kept = [not is_ascii or is_printable(token) for token in tokens]
    found.append(
        ("output.weight", (width, len(tokens)), 1, weights(drawn, len(tokens), width, 3 * scale, kept.__getitem__))
    )
    return gguf(metadata(tokens, kinds, merges, width=width, layers=layers, **said), found)


def write_tiny(path, **options):
    """Write a model and return its path."""
    Path(path).write_bytes(tiny_bytes(**options))
    return str(path)
