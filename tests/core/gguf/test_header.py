"""What is read from a sound file, and what is said of one that is not."""

import os
from pathlib import Path
from struct import pack

import pytest

from llmx.core.gguf.header import MOST_KEPT, Array, GGUFError, read_header
from llmx.core.gguf.model_facts import facts_of, parts_of
from llmx.errors import NotFoundError
from tests.core.gguf.tiny import ARRAY, F32, SPECIALS, STRING, TEMPLATE, U32, gguf, metadata, tiny_bytes, vocabulary

DATA = bytes(4 * 8)
SOUND = {"general.architecture": (STRING, "llama")}


def written(folder, data, name="model.gguf"):
    path = Path(folder) / name
    path.write_bytes(data)
    return str(path)


@pytest.mark.promise("S2-15")
def test_a_header_tells_what_the_model_is(tiny):
    facts = facts_of(read_header(tiny))
    assert (facts.name, facts.architecture, facts.quantization, facts.license) == ("tiny", "llama", "F16", "cc0-1.0")
    assert (facts.context, facts.tokenizer, facts.chat_template) == (2048, "gpt2", TEMPLATE)
    assert facts.shape.vocabulary == len(vocabulary()[0])
    assert (facts.shape.layers, facts.shape.kv_heads, facts.shape.key_length) == (2, (2, 2), 16)
    assert facts.size == os.path.getsize(tiny)
    weights = 2 * 64 * len(vocabulary()[0]) + 5 * 64 + 2 * (2 * 64 * 64 + 2 * 64 * 32 + 3 * 64 * 128)
    assert facts.parameters == weights


def test_long_arrays_are_counted_and_short_ones_kept(tmp_path):
    said = SOUND | {"short": (ARRAY, (U32, [1, 2])), "long": (ARRAY, (U32, [0] * (MOST_KEPT + 1))), "f": (F32, 0.5)}
    read = read_header(written(tmp_path, gguf(said, []))).metadata
    assert (read["short"], read["long"], read["f"]) == (Array(2, (1, 2)), Array(MOST_KEPT + 1), 0.5)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "is not a GGUF file: it has 0 bytes"),
        (b"GGUF", "it has 4 bytes"),
        (b"x" * 400, "is not a GGUF file"),
        (b"lmgg" + bytes(40), "older format"),
        (gguf(SOUND, [], version=1), "version 1, and llmx reads versions 2 and 3"),
        (gguf(SOUND, [], version=3 << 24), "big-endian"),
        (gguf(SOUND, [], keys=2**63), "claims 9223372036854775808 keys"),
        (gguf(SOUND, [], count=2**40), "claims 1099511627776 tensors"),
        (gguf(SOUND, [], keys=60)[:60], "ends inside its header"),
        (gguf(SOUND | {"a": (ARRAY, (STRING, []))}, [])[:-16] + pack("<Q", 2**50) + bytes(8), "ends|claims"),
        (gguf({}, []), "names no architecture"),
        (gguf(SOUND, [("t", (8,), 0, DATA)])[:-16], "tensor 't' lies past the end: the file is cut"),
        (gguf(SOUND, [("t", (8, 8, 8, 8, 8), 0, DATA)]), "claims 5 dimensions"),
        (gguf(SOUND, [("t", (2**62, 2**62), 0, DATA)]), "lies past the end"),
        (gguf(SOUND, [("t", (8,), 8, DATA)]), "rows that Q8_0 cannot have"),
        (gguf(SOUND | {"general.alignment": (U32, 0)}, []), "its alignment is 0"),
        (gguf(SOUND | {"general.alignment": (STRING, "32")}, []), "its alignment is '32'"),
        (gguf(SOUND | {"llama.block_count": (STRING, "many")}, []), "llama.block_count is 'many'"),
        (gguf(SOUND | {"llama.block_count": (U32, 2**32 - 1)}, []), "llama.block_count is 4294967295"),
        (gguf(SOUND | {"llama.context_length": (F32, -1.0)}, []), "llama.context_length is -1.0"),
    ],
)
@pytest.mark.promise("S4-27")
def test_what_is_wrong_is_said(tmp_path, data, message):
    with pytest.raises(GGUFError, match=message) as raised:
        facts_of(read_header(written(tmp_path, data)))
    assert raised.value.exit_code == 3
    assert "model.gguf" in str(raised.value)


def nested(depth):
    """A header whose one value is an array of arrays of arrays, to that depth."""
    inside = pack("<IQ", 9, 1) * depth + pack("<IQ", 4, 0)
    key = pack("<Q", 1) + b"a"
    return b"GGUF" + pack("<IQQ", 3, 0, 1) + key + pack("<I", 9) + inside


@pytest.mark.parametrize("depth", [1, 100_000])
def test_arrays_in_arrays_are_refused_at_once(tmp_path, depth):
    with pytest.raises(GGUFError, match="of the kind 9, which arrays cannot have"):
        read_header(written(tmp_path, nested(depth)))


def test_a_key_that_stands_twice_is_refused(tmp_path):
    once = gguf(SOUND, [])[24:].rstrip(b"\0")
    with pytest.raises(GGUFError, match=r"'general\.architecture' stands in it twice"):
        read_header(written(tmp_path, b"GGUF" + pack("<IQQ", 3, 0, 2) + once + once + bytes(32)))


def test_a_sparse_file_of_empty_texts_is_not_walked_to_its_end(tmp_path):
    path = tmp_path / "model.gguf"
    count = 1 << 33  # 64 GiB of empty texts
    path.write_bytes(b"GGUF" + pack("<IQQ", 3, 0, 1) + pack("<Q", 1) + b"a" + pack("<IIQ", 9, 8, count))
    os.truncate(path, 80 << 30)
    with pytest.raises(GGUFError, match=f"claims {count} texts"):
        read_header(str(path))


def test_a_sparse_file_of_one_text_is_not_read_into_memory(tmp_path):
    path = tmp_path / "model.gguf"
    path.write_bytes(b"GGUF" + pack("<IQQ", 3, 0, 1) + pack("<Q", 1 << 34))
    os.truncate(path, 1 << 35)
    with pytest.raises(GGUFError, match="texts are more than 16 MB"):
        read_header(str(path))


@pytest.mark.promise("S4-02")
def test_what_is_no_file_is_said(tmp_path):
    os.mkfifo(tmp_path / "pipe.gguf")
    with pytest.raises(NotFoundError, match=r"there is no file .*none\.gguf"):
        read_header(str(tmp_path / "none.gguf"))
    with pytest.raises(GGUFError, match="is a folder"):
        read_header(str(tmp_path))
    with pytest.raises(GGUFError, match="is no ordinary file"):
        read_header(str(tmp_path / "pipe.gguf"))


def test_a_model_in_parts_is_counted_whole_and_a_missing_part_is_named(tmp_path):
    said = metadata(*vocabulary()) | {"split.count": (U32, 2)}
    first = written(tmp_path, gguf(said, [("t", (8,), 0, DATA)]), "m-00001-of-00002.gguf")
    with pytest.raises(GGUFError, match=r"m-00002-of-00002\.gguf is gone"):
        parts_of(read_header(first))
    second = written(tmp_path, gguf(SOUND, [("u", (8,), 0, DATA)]), "m-00002-of-00002.gguf")
    facts = facts_of(read_header(first))
    assert facts.parts == 2
    assert facts.size == os.path.getsize(first) + os.path.getsize(second)
    renamed = written(tmp_path, gguf(said, []), "renamed.gguf")
    with pytest.raises(GGUFError, match="its name does not say which"):
        parts_of(read_header(renamed))


def test_the_vocabulary_of_the_test_model_can_be_told_from_its_specials():
    assert vocabulary()[0][-3:] == SPECIALS
    assert len(tiny_bytes(width=32, layers=1)) < 100_000
