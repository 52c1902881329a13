"""llama.cpp's C functions as llama-cpp-python has them: load a model, make a context, keep what the library says."""

from __future__ import annotations

import ctypes
import os
from typing import TYPE_CHECKING, Any

import llama_cpp as llama

from llmx.core.runner import Configuration, RunnerError

if TYPE_CHECKING:
    from llmx.core.runner.engines import Progress

ERROR_LEVEL = 4  # ggml.h; the table in llama_cpp/_logger.py is of another version
CACHE_TYPES = {"f32": 0, "f16": 1, "q4_0": 2, "q5_0": 6, "q5_1": 7, "q8_0": 8, "bf16": 30}
"""Numbers of ggml.h; any other aborts the process."""

_said: list[str] = []


@llama.llama_log_callback  # type: ignore[untyped-decorator]
def _hear(level: int, text: bytes, _data: Any) -> None:  # noqa: ANN401  # a pointer that is not used
    if level == ERROR_LEVEL:
        _said.append(text.decode("utf-8", "replace").strip())


def begin() -> None:
    """Set the library up, once in a process."""
    llama.llama_log_set(_hear, None)
    llama.llama_backend_init()


def reason() -> str:
    """What the library has said was wrong since the last time."""
    text = "; ".join(line for line in _said[-4:] if line)
    _said.clear()
    return text or "llama.cpp gives no reason"


def load_model(configuration: Configuration, progress: Progress) -> Any:  # noqa: ANN401  # a pointer
    """The model; raises ``RunnerError`` with llama.cpp's own reason."""
    parameters = llama.llama_model_default_params()
    parameters.n_gpu_layers = configuration.gpu_layers if configuration.gpu_layers >= 0 else 999

    def tell(fraction: float, _data: object) -> bool:
        progress("Loading", fraction)
        return True

    callback = llama.llama_progress_callback(tell)
    parameters.progress_callback = callback
    reason()
    model = llama.llama_model_load_from_file(configuration.path.encode(), parameters)
    if not model:
        name = os.path.basename(configuration.path)
        raise RunnerError(f"{name} cannot be loaded: {reason()}", hint="llmx model info shows what the file is")
    return model


def make_context(model: Any, configuration: Configuration) -> Any:  # noqa: ANN401  # pointers
    """A context in which several sequences share their cells; raises ``RunnerError`` with the reason."""
    if configuration.cache_type not in CACHE_TYPES:
        raise RunnerError(f"there is no cache type {configuration.cache_type!r}", kind="bad_request")
    parameters = llama.llama_context_default_params()
    parameters.n_ctx = configuration.context
    parameters.n_batch = parameters.n_ubatch = configuration.batch
    parameters.n_seq_max = configuration.parallel
    parameters.kv_unified = True
    parameters.n_threads = parameters.n_threads_batch = configuration.threads
    parameters.type_k = parameters.type_v = CACHE_TYPES[configuration.cache_type]
    parameters.flash_attn_type = llama.LLAMA_FLASH_ATTN_TYPE_AUTO
    context = llama.llama_init_from_model(model, parameters)
    if not context:
        raise RunnerError(f"no context of {configuration.context} tokens could be made: {reason()}")
    return context


class Vocabulary:
    """Text to tokens and back."""

    def __init__(self, model: Any) -> None:  # noqa: ANN401  # a pointer
        self.pointer = llama.llama_model_get_vocab(model)
        self.size: int = llama.llama_vocab_n_tokens(self.pointer)
        self._buffer = ctypes.create_string_buffer(512)

    def tokens(self, text: str) -> list[int]:
        """The tokens of a prompt, special ones recognized, with those that the model wants before it."""
        data = text.encode("utf-8", "replace")
        room = len(data) + 8
        found = (llama.llama_token * room)()
        count = llama.llama_tokenize(self.pointer, data, len(data), found, room, True, True)
        if count < 0:
            raise RunnerError("the prompt cannot be split into tokens", kind="bad_request")
        return list(found[:count])

    def piece(self, token: int, *, special: bool) -> bytes:
        """The bytes that a token stands for; of a special one only when asked."""
        length = llama.llama_token_to_piece(self.pointer, token, self._buffer, len(self._buffer), 0, special)
        if length < 0:
            self._buffer = ctypes.create_string_buffer(-length)
            return self.piece(token, special=special)
        return self._buffer.raw[:length]

    def ends(self, token: int) -> bool:
        """Whether the model ends its answer with it."""
        return bool(llama.llama_vocab_is_eog(self.pointer, token))
