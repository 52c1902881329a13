"""Hold an answer to a JSON Schema or a grammar: a processor of logits that leaves only the tokens that may follow."""

import json
from typing import Any

import llguidance.hf
import mlx.core as mx
import numpy as np
from llguidance import LLMatcher, LLTokenizer
from llguidance.gbnf_to_lark import any_to_lark
from llguidance.numpy import allocate_token_bitmask, fill_next_token_bitmask

from llmx.core.runner import RunnerError
from llmx.core.runner.engines import Job

WHITESPACE = {"whitespace_flexible": False, "item_separator": ", ", "key_separator": ": "}
"""Small models would go on with spaces for ever."""


class Grammars:
    """Makes processors; what the tokenizer is to them is worked out once, which takes a moment."""

    def __init__(self, tokenizer: Any) -> None:  # noqa: ANN401  # of transformers
        self._hf = tokenizer
        self._own: LLTokenizer | None = None

    def processor(self, job: Job, prompt_tokens: int) -> "Processor":
        """For one job; raises ``RunnerError`` for a grammar that cannot be used."""
        if self._own is None:
            self._own = llguidance.hf.from_tokenizer(self._hf)
        matcher = LLMatcher(self._own, _grammar(job))
        if matcher.is_error():
            raise RunnerError(f"the grammar cannot be used: {matcher.get_error()}"[:300], kind="bad_request")
        return Processor(matcher, self._own.vocab_size, prompt_tokens)


def _grammar(job: Job) -> str:
    try:
        if job.grammar:
            return str(any_to_lark(job.grammar))
        return LLMatcher.grammar_from_json_schema(json.dumps({**(job.schema or {}), "x-guidance": WHITESPACE}))
    except Exception as error:  # whatever the converters trip over
        raise RunnerError(f"the grammar cannot be used: {error}"[:300], kind="bad_request") from None


class Processor:
    """Called with all tokens so far and the logits of the next one."""

    def __init__(self, matcher: LLMatcher, size: int, seen: int) -> None:
        self._matcher, self._seen = matcher, seen
        self._mask = allocate_token_bitmask(1, size)

    def __call__(self, tokens: Any, logits: Any) -> Any:  # noqa: ANN401  # arrays of mlx
        """The logits, minus infinity where the grammar does not allow the token."""
        said = tokens.tolist()
        if len(said) > self._seen:
            self._matcher.consume_tokens(said[self._seen :])
            self._seen = len(said)
        fill_next_token_bitmask(self._matcher, self._mask)
        allowed = np.unpackbits(self._mask.view(np.uint8), bitorder="little").astype(bool)
        size = logits.shape[-1]
        allowed = np.pad(allowed, (0, max(0, size - allowed.size)))[:size]
        return mx.where(mx.array(allowed), logits, -float("inf"))
