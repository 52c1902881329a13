"""Choose the next token: a chain of samplers, and a grammar that is asked about the chosen token first."""

from __future__ import annotations

import ctypes
import json
from typing import TYPE_CHECKING, Any

import llama_cpp as llama
import numpy as np
from llama_cpp.llama_grammar import json_schema_to_gbnf

from llmx.core.gguf.engines.llama_library import Vocabulary, reason
from llmx.core.runner import RunnerError

if TYPE_CHECKING:
    from llmx.core.runner.engines import Job

TOP_K, MIN_P = 40, 0.05
_ROW = np.dtype([("id", "i4"), ("logit", "f4"), ("p", "f4")])


class Sampler:
    """Chooses tokens for one job; ``close`` frees what the library holds."""

    def __init__(self, job: Job, vocabulary: Vocabulary, context: Any) -> None:  # noqa: ANN401  # a pointer
        self._context, self._vocabulary = context, vocabulary
        self._grammar = _grammar(job, vocabulary)
        self._chain = _chain(job)
        self._one = (llama.llama_token_data * 1)()
        self.whole_passes = 0

    def next(self, index: int) -> int:
        """The token after the one at ``index`` of the last batch."""
        token = int(llama.llama_sampler_sample(self._chain, self._context, index))
        if self._grammar is None:
            return token
        if not self._allows(token):
            token = self._allowed(index)
        llama.llama_sampler_accept(self._grammar, token)
        return token

    def close(self) -> None:
        """Free it; it is not used after that."""
        llama.llama_sampler_free(self._chain)
        if self._grammar is not None:
            llama.llama_sampler_free(self._grammar)

    def _allows(self, token: int) -> bool:
        row: Any = self._one[0]
        row.id, row.logit, row.p = token, 1.0, 0.0
        candidates = llama.llama_token_data_array(self._one, 1, -1, False)
        llama.llama_sampler_apply(self._grammar, ctypes.byref(candidates))
        return bool(self._one[0].logit != float("-inf"))

    def _allowed(self, index: int) -> int:
        """The grammar over the whole vocabulary first, for a token that it refused."""
        self.whole_passes += 1
        size = self._vocabulary.size
        rows: Any = (llama.llama_token_data * size)()
        view = np.frombuffer(rows, dtype=_ROW)
        view["id"] = np.arange(size, dtype="i4")
        view["logit"] = np.ctypeslib.as_array(llama.llama_get_logits_ith(self._context, index), shape=(size,))
        candidates = llama.llama_token_data_array(rows, size, -1, False)
        llama.llama_sampler_apply(self._grammar, ctypes.byref(candidates))
        if not np.isfinite(view["logit"]).any():
            raise RunnerError("the grammar allows no further token", kind="bad_request")
        llama.llama_sampler_apply(self._chain, ctypes.byref(candidates))
        return int(candidates.data[candidates.selected].id)


def _chain(job: Job) -> Any:  # noqa: ANN401  # a pointer
    chain = llama.llama_sampler_chain_init(llama.llama_sampler_chain_default_params())
    if job.temperature <= 0:
        llama.llama_sampler_chain_add(chain, llama.llama_sampler_init_greedy())
        return chain
    for sampler in (
        llama.llama_sampler_init_top_k(TOP_K),
        llama.llama_sampler_init_top_p(job.top_p, 1),
        llama.llama_sampler_init_min_p(MIN_P, 1),
        llama.llama_sampler_init_temp(job.temperature),
        llama.llama_sampler_init_dist(job.seed & 0xFFFFFFFF),
    ):
        llama.llama_sampler_chain_add(chain, sampler)
    return chain


def _grammar(job: Job, vocabulary: Vocabulary) -> Any:  # noqa: ANN401  # a pointer
    """The job's grammar; one that does not parse would be a null pointer, which ends the process when it is used."""
    if not job.grammar and job.schema is None:
        return None
    text = job.grammar or _of_schema(job.schema)
    reason()
    made = llama.llama_sampler_init_grammar(vocabulary.pointer, text.encode(), b"root")
    if not made:
        raise RunnerError(f"the grammar cannot be used: {reason()}", kind="bad_request")
    return made


def _of_schema(schema: Any) -> str:  # noqa: ANN401  # JSON
    try:
        return str(json_schema_to_gbnf(json.dumps(schema)))
    except Exception as error:  # whatever the converter trips over
        what = f"{type(error).__name__}: {error}"
        raise RunnerError(f"the schema cannot be made a grammar: {what[:200]}", kind="bad_request") from None
