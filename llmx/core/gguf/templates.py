"""The chat template of a GGUF file, with the special tokens that it names."""

from llmx.core.gguf.header import read_header
from llmx.core.gguf.texts import SpecialTokens
from llmx.core.runner.chat_template import ChatTemplate


def template_of(path: str) -> ChatTemplate:
    """The template in the file's header; raises ``LlmxError`` for a file that is none."""
    header = read_header(path)
    source = header.metadata.get("tokenizer.chat_template")
    special = SpecialTokens(header)
    return ChatTemplate(
        source if isinstance(source, str) else "", special.bos, special.eos, strips_bos=special.adds_bos
    )
