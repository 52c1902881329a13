"""Models that run on this machine."""

from tests.promises import Row

ROWS = [
    Row("S2-15", "llmx model info shows what a GGUF file is, from its header, without reading its weights"),
    Row("S4-02", "A local GGUF file is taken by its path; a missing one is exit 4, one that is none exit 3"),
    Row("S4-26", "Too little memory is told before loading: required, available, and what would fit"),
    Row("S4-27", "A file that is no sound GGUF file is refused with what is wrong in it"),
]
