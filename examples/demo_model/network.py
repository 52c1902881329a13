"""A llama of 0.8 million weights: what llama.cpp computes for the same file, in PyTorch.

The rotation of queries and keys is the interleaved one, which is how GGUF files of the llama architecture keep them.
"""

import math
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional


class Shape(NamedTuple):
    """Sizes; each row of a matrix is a multiple of 32, the block of Q8_0."""

    vocabulary: int = 768
    width: int = 128
    layers: int = 4
    heads: int = 4
    kv_heads: int = 2
    feed_forward: int = 352
    context: int = 2048

    @property
    def head(self) -> int:
        """The width of one head."""
        return self.width // self.heads


def linear(columns: int, rows: int) -> nn.Linear:
    """A matrix without a bias."""
    return nn.Linear(columns, rows, bias=False)


class Block(nn.Module):
    """Attention and feed-forward, each behind a norm."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.shape = shape
        width, kv = shape.width, shape.kv_heads * shape.head
        self.attn_norm, self.ffn_norm = nn.RMSNorm(width, eps=1e-5), nn.RMSNorm(width, eps=1e-5)
        self.attn_q, self.attn_k, self.attn_v = linear(width, width), linear(width, kv), linear(width, kv)
        self.attn_output = linear(width, width)
        self.ffn_gate, self.ffn_up = linear(width, shape.feed_forward), linear(width, shape.feed_forward)
        self.ffn_down = linear(shape.feed_forward, width)

    def forward(self, x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
        """What comes out for ``x`` of (batch, tokens, width)."""
        x = x + self.attention(self.attn_norm(x), cos, sin)
        inner = self.ffn_norm(x)
        gated: Tensor = functional.silu(self.ffn_gate(inner)) * self.ffn_up(inner)
        return x + self.ffn_down(gated)

    def attention(self, x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
        """Each token looks at those before it."""
        batch, tokens, width = x.shape
        groups = self.shape.heads // self.shape.kv_heads
        queries, keys = (self.rotated(matrix(x), cos, sin) for matrix in (self.attn_q, self.attn_k))
        values = self.attn_v(x).view(batch, tokens, -1, self.shape.head).transpose(1, 2)
        keys, values = keys.repeat_interleave(groups, 1), values.repeat_interleave(groups, 1)
        mixed = functional.scaled_dot_product_attention(queries, keys, values, is_causal=True)
        return self.attn_output(mixed.transpose(1, 2).reshape(batch, tokens, width))

    def rotated(self, x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
        """The positions written into ``x``: (batch, heads, tokens, head)."""
        batch, tokens, _ = x.shape
        even, odd = x.view(batch, tokens, -1, self.shape.head // 2, 2).unbind(-1)
        turned = torch.stack((even * cos - odd * sin, even * sin + odd * cos), -1)
        return turned.flatten(3).transpose(1, 2)


class Llama(nn.Module):
    """The whole model; the embedding is also the output matrix."""

    cos: Tensor
    sin: Tensor

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.token_embd = nn.Embedding(shape.vocabulary, shape.width)
        self.blk = nn.ModuleList(Block(shape) for _ in range(shape.layers))
        self.output_norm = nn.RMSNorm(shape.width, eps=1e-5)
        for name, weights in self.named_parameters():
            if weights.ndim == 2:
                ends = name.endswith(("attn_output.weight", "ffn_down.weight"))
                nn.init.normal_(weights, 0, 0.02 / (math.sqrt(2 * shape.layers) if ends else 1))
        frequencies = 10000.0 ** (-torch.arange(0, shape.head, 2).float() / shape.head)
        angles = torch.outer(torch.arange(shape.context).float(), frequencies)[:, None, :]
        self.register_buffer("cos", angles.cos(), persistent=False)
        self.register_buffer("sin", angles.sin(), persistent=False)

    def forward(self, tokens: Tensor) -> Tensor:
        """The scores of every next token: (batch, tokens, vocabulary)."""
        x = self.token_embd(tokens)
        for block in self.blk:
            x = block(x, self.cos[: tokens.shape[1]], self.sin[: tokens.shape[1]])
        return functional.linear(self.output_norm(x), self.token_embd.weight)
