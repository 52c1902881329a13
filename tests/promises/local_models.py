"""Models that run on this machine."""

from tests.promises import Row

ROWS = [
    Row("S2-15", "llmx model info shows what a GGUF file is, from its header, without reading its weights"),
    Row("S4-02", "A local GGUF file is taken by its path; a missing one is exit 4, one that is none exit 3"),
    Row("S4-04", "GGUF models run on llama-cpp-python, the same seed saying the same", "or on xllamacpp"),
    Row("S4-05", "A model is loaded once for many prompts, another configuration by itself"),
    Row("S4-22", "A worker tells memory, model size, sessions, tokens and speed", "llmx model stats to come"),
    Row("S4-23", "A model that cannot be loaded is exit 3 with its name, the cause and what to type"),
    Row("S4-28", "Loading tells stage and percent"),
    Row("S4-39", "gguf.stop_repetition ends an answer that repeats itself", "off by default; the rest to come"),
    Row("S4-26", "Too little memory is told before loading: required, available, and what would fit"),
    Row("S4-27", "A file that is no sound GGUF file is refused with what is wrong in it"),
]
