"""Which files of a repository are taken."""

import pytest

from llmx.errors import LlmxError, NotFoundError, UsageError
from llmx.models.hub import Repo, RepoFile
from llmx.models.quantizations import quantization_in
from llmx.models.selection import select
from llmx.models.sources import HubSource, parse_source

GIB = 1 << 30


def repo(*names, name="acme/m-GGUF"):
    return Repo(name, "c0ffee", tuple(RepoFile(each, GIB, "d" * 64) for each in names))


PLAIN = repo("m-Q2_K.gguf", "m-Q4_K_M.gguf", "m-Q5_K_M.gguf", "m-Q8_0.gguf", "m-F16.gguf", "README.md")


@pytest.mark.parametrize(
    ("name", "quantization"),
    [
        ("Qwen3-4B-Q4_K_M.gguf", "Q4_K_M"),
        ("llama-3.2-1b-instruct-q8_0.gguf", "Q8_0"),
        ("model.Q5_K_S.gguf", "Q5_K_S"),
        ("m-UD-Q4_K_XL.gguf", "Q4_K_XL"),
        ("BF16/m-00001-of-00002.gguf", "BF16"),
        ("m-IQ2_XXS.gguf", "IQ2_XXS"),
        ("model-fp16.gguf", "F16"),
        ("gpt-oss-20b-mxfp4.gguf", "MXFP4"),
        ("Q4_K_M/model-Q8_0.gguf", "Q8_0"),
        ("model.gguf", ""),
        ("seq4_km.gguf", ""),
    ],
)
@pytest.mark.promise("S2-18")
def test_a_files_name_says_its_quantization(name, quantization):
    assert quantization_in(name) == quantization


@pytest.mark.parametrize(
    ("asked", "file"),
    [("", "m-Q4_K_M.gguf"), ("Q8_0", "m-Q8_0.gguf"), ("q5_k_m", "m-Q5_K_M.gguf"), ("F16", "m-F16.gguf")],
)
@pytest.mark.promise("S2-18", "S4-03")
def test_the_quantization_that_is_asked_for_is_taken_else_the_usual_one(asked, file):
    chosen = select(PLAIN, quantization=asked)
    assert ([each.path for each in chosen.files], chosen.note) == ([file], "")


@pytest.mark.parametrize(
    ("names", "file"),
    [
        (("m-Q8_0.gguf", "m-Q5_K_M.gguf", "m-Q2_K.gguf"), "m-Q5_K_M.gguf"),
        (("m-Q4_K_S.gguf", "m-Q4_0.gguf"), "m-Q4_K_S.gguf"),
        (("m-F16.gguf",), "m-F16.gguf"),
    ],
)
def test_without_the_usual_one_the_nearest_is_taken_and_said(names, file):
    chosen = select(repo(*names))
    assert chosen.files[0].path == file
    assert "nearest" in chosen.note


@pytest.mark.promise("S2-18")
def test_one_that_is_not_there_is_refused_with_those_that_are():
    with pytest.raises(NotFoundError) as caught:
        select(PLAIN, quantization="Q6_K")
    assert caught.value.hint == "it has Q2_K, Q4_K_M, Q5_K_M, Q8_0, F16"


def test_a_quantization_that_nobody_knows_is_a_mistake():
    with pytest.raises(UsageError):
        select(PLAIN, quantization="Q9_Z")


@pytest.mark.promise("S4-01")
def test_a_file_is_taken_by_its_name_and_a_wrong_one_refused_with_the_right_ones():
    assert select(PLAIN, file="m-Q2_K.gguf").files[0].path == "m-Q2_K.gguf"
    with pytest.raises(NotFoundError) as caught:
        select(PLAIN, file="m-Q3_K.gguf")
    assert "m-Q2_K.gguf" in str(caught.value.hint)


@pytest.mark.promise("S4-03")
def test_all_parts_come_whichever_is_named_and_a_set_with_gaps_is_none():
    parts = [f"Q4_K_M/m-0000{number}-of-00003.gguf" for number in (1, 2, 3)]
    split = repo(*parts, "Q8_0/m-00001-of-00002.gguf")
    assert [each.path for each in select(split).files] == parts
    assert [each.path for each in select(split, file=parts[1]).files] == parts
    with pytest.raises(NotFoundError):
        select(split, quantization="Q8_0")


def test_what_a_model_sees_with_comes_along_once():
    seeing = repo("m-Q4_K_M.gguf", "mmproj-F32.gguf", "mmproj-F16.gguf", "mmproj-BF16.gguf")
    assert [each.path for each in select(seeing).files] == ["m-Q4_K_M.gguf", "mmproj-F16.gguf"]
    assert len(select(seeing, projector=False).files) == 1


def test_an_mlx_folder_comes_whole_but_without_its_code():
    folder = repo("model.safetensors", "config.json", "tokenizer.json", "evil.py", "README.md", name="mlx/M-4bit")
    chosen = select(folder)
    assert (chosen.backend, chosen.quantization) == ("mlx", "4bit")
    assert [each.path for each in chosen.files] == ["config.json", "model.safetensors", "tokenizer.json"]


def test_a_repository_without_a_model_is_said_to_be_none():
    with pytest.raises(NotFoundError):
        select(repo("README.md", "pytorch_model.bin"))


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("hf:org/repo", "hf:org/repo"),
        ("hf:org/repo/m.gguf", "hf:org/repo/m.gguf"),
        ("hf:org/repo/Q4/m.gguf", "hf:org/repo/Q4/m.gguf"),
        ("org/repo", "hf:org/repo"),
        ("org/repo:m.gguf", "hf:org/repo/m.gguf"),
        ("org/repo@gguf", "hf:org/repo"),
        ("org/repo:q8_0", "hf:org/repo:Q8_0"),
        ("hf:org/repo:UD-Q4_K_XL", "hf:org/repo:UD-Q4_K_XL"),
        ("ollama/qwen2.5:1.5b", "ollama/qwen2.5:1.5b"),
        ("llama3.1:8b@ollama", "ollama/llama3.1:8b"),
        ("llama3.2", "ollama/llama3.2:latest"),
        ("https://user:pw@x.org/a/m.gguf?token=1", "https://x.org/a/m.gguf"),
        ("file:/x/m.gguf", "file:/x/m.gguf"),
    ],
)
@pytest.mark.promise("S2-13", "S4-01")
def test_what_is_pulled_can_be_written_in_many_ways(text, canonical):
    assert str(parse_source(text)) == canonical


def test_a_quantization_may_stand_behind_the_repository():
    assert parse_source("hf:org/repo:q4_k_m") == HubSource("org/repo", "", "Q4_K_M")


@pytest.mark.parametrize(
    "text",
    [
        *("", " ", "hf:", "hf:org", "hf:org/repo/../../x.gguf", "hf:org/repo:", "hf:org/repo:Q9", "hf:org/repo/x.bin"),
        *("https://", "https://x.org/", "https://x.org/page.html", "a b", "ollama/", "x\x1b[31m", "hf:org/../x.gguf"),
    ],
)
def test_what_names_nothing_is_a_usage_error_with_a_hint(text):
    with pytest.raises(LlmxError) as caught:
        parse_source(text)
    assert (caught.value.exit_code, bool(caught.value.hint)) == (2, True)
