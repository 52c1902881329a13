"""Write the trained model as a GGUF file: weights in Q8_0, the tokenizer and the chat template."""

import gguf
import numpy
from gguf import GGMLQuantizationType, LlamaFileType, TokenType
from network import Llama, Shape

SPECIALS = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]

CHAT_TEMPLATE = (
    "{%- for message in messages %}{{- '<|im_start|>' + message.role + '\\n' + message.content + '<|im_end|>\\n' }}"
    "{%- endfor %}{%- if add_generation_prompt %}{{- '<|im_start|>assistant\\n' }}{%- endif %}"
)


def write(path: str, model: Llama, shape: Shape, vocabulary: list[str], merges: list[str]) -> None:
    """``vocabulary`` and ``merges`` are those of a byte-level BPE tokenizer."""
    file = gguf.GGUFWriter(path, "llama")
    describe(file, shape)
    file.add_tokenizer_model("gpt2")
    file.add_tokenizer_pre("gpt-2")
    file.add_token_list(vocabulary)
    file.add_token_types([TokenType.CONTROL if token in SPECIALS else TokenType.NORMAL for token in vocabulary])
    file.add_token_merges(merges)
    file.add_bos_token_id(vocabulary.index("<|endoftext|>"))
    file.add_eos_token_id(vocabulary.index("<|im_end|>"))
    file.add_pad_token_id(vocabulary.index("<|endoftext|>"))
    file.add_add_bos_token(False)
    file.add_add_space_prefix(False)
    file.add_chat_template(CHAT_TEMPLATE)
    for name, weights in model.state_dict().items():
        values = numpy.ascontiguousarray(weights.detach().float().numpy())
        if values.ndim == 1:
            file.add_tensor(name, values)
        else:
            packed = gguf.quants.quantize(values, GGMLQuantizationType.Q8_0)
            file.add_tensor(name, packed, raw_dtype=GGMLQuantizationType.Q8_0)
    file.write_header_to_file()
    file.write_kv_data_to_file()
    file.write_tensors_to_file()
    file.close()


def describe(file: gguf.GGUFWriter, shape: Shape) -> None:
    """What the header says of the model."""
    file.add_name("llmx demo")
    file.add_description("A tiny model that shows llmx at work; trained on text made by its own script.")
    file.add_license("cc0-1.0")
    file.add_context_length(shape.context)
    file.add_embedding_length(shape.width)
    file.add_block_count(shape.layers)
    file.add_feed_forward_length(shape.feed_forward)
    file.add_head_count(shape.heads)
    file.add_head_count_kv(shape.kv_heads)
    file.add_layer_norm_rms_eps(1e-5)
    file.add_rope_dimension_count(shape.head)
    file.add_rope_freq_base(10000.0)
    file.add_vocab_size(shape.vocabulary)
    file.add_file_type(LlamaFileType.MOSTLY_Q8_0)
    file.add_quantization_version(2)
