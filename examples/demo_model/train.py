"""Train the demo model: ``python train.py demo.gguf [STEPS]``; four minutes of one core, and no data from anywhere.

Needs: pip install torch==2.13.0 tokenizers gguf numpy
"""

import json
import math
import sys

import torch
from corpus import documents
from network import Llama, Shape
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from torch import Tensor, nn
from torch.nn import functional
from write_gguf import SPECIALS, write

SEED = 1
DOCUMENTS = 16_000
STEPS, BATCH, WINDOW = 1800, 12, 128
LARGEST_RATE = 3e-3


def trained_tokenizer(texts: list[str], size: int) -> Tokenizer:
    """A byte-level BPE tokenizer of ``size`` tokens."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=size, special_tokens=SPECIALS, initial_alphabet=alphabet, show_progress=False
    )
    tokenizer.train_from_iterator(texts, trainer)
    return tokenizer


def train(model: Llama, tokens: Tensor, steps: int) -> None:
    """AdamW over random windows of the text, with a short warm-up and a cosine down to nearly nothing."""
    optimizer = torch.optim.AdamW(model.parameters(), lr=LARGEST_RATE, betas=(0.9, 0.95), weight_decay=0.05)
    for step in range(steps):
        rate = LARGEST_RATE * min(1, step / 60) * (0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * step / steps)))
        for group in optimizer.param_groups:
            group["lr"] = rate
        starts = torch.randint(len(tokens) - WINDOW - 1, (BATCH,))
        windows = torch.stack([tokens[start : start + WINDOW + 1] for start in starts])
        loss = functional.cross_entropy(model(windows[:, :-1]).flatten(0, 1), windows[:, 1:].flatten())
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        if step % 50 == 0:
            print(f"step {step} of {steps}, loss {loss.item():.3f}", flush=True)


def main(path: str, steps: int = STEPS) -> None:
    """Make the text, learn it, write the file."""
    torch.manual_seed(SEED)
    torch.set_num_threads(1)  # the same sums in the same order on every machine
    texts = list(documents(DOCUMENTS))
    shape = Shape()
    tokenizer = trained_tokenizer(texts[:6000], shape.vocabulary)
    tokens = torch.tensor([token for encoded in tokenizer.encode_batch(texts) for token in encoded.ids])
    model = Llama(shape._replace(vocabulary=tokenizer.get_vocab_size()))
    train(model, tokens, steps)
    said = json.loads(tokenizer.to_str())["model"]
    merges = [merge if isinstance(merge, str) else " ".join(merge) for merge in said["merges"]]
    vocabulary = sorted(said["vocab"], key=said["vocab"].__getitem__)
    write(path, model, shape._replace(vocabulary=len(vocabulary)), vocabulary, merges)


if __name__ == "__main__":
    main(sys.argv[1], *map(int, sys.argv[2:3]))
