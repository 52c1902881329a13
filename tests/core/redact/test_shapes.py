"""Every published shape is masked wherever a token may stand, and ordinary text is not taken for one."""

import re
from random import Random

import pytest

from llmx.core.redact import ANCHORS, SHORTEST_SHAPE, Masker, mask_argv, mask_text
from llmx.core.redact.shapes import SHAPES, Shape
from llmx.core.redact.spans import MASK

TOKENS = [(shape, shape.example(Random(seed))) for shape in SHAPES for seed in (1, 2)]


def secret_of(shape: Shape, text: str) -> str:
    match = re.search(shape.pattern, text, re.ASCII)
    assert match, f"the example of {shape.name} does not match its own pattern"
    return match["secret"]


PLACES = {
    "alone": "{}",
    "in a sentence": "the key is {} as you know",
    "in JSON": '{{"content": "{}", "n": 1}}',
    "in JSON in JSON": '{{"body": "{{\\"content\\": \\"{}\\"}}"}}',
    "after an escaped newline": '{{"log": "first\\n{}\\nlast"}}',
    "in a URL": "https://api.example/v1?page=2&x={}&y=1",
    "after a URL escape": "https://api.example/v1?q=a%20{}",
    "in a shell string": "cd /tmp && run --with '{}' | tee log",
    "in terminal colors": "\x1b[01;31m{}\x1b[0m",
    "in Markdown": "`{}`",
    "between other lines": "before\n{}\r\nafter\n",
}


def test_at_least_forty_services_have_a_shape() -> None:
    assert len({shape.name.partition(" ")[0] for shape in SHAPES}) >= 40
    assert len({shape.name for shape in SHAPES}) == len(SHAPES)


def test_a_token_is_masked_in_every_place() -> None:
    for shape, token in TOKENS:
        secret = secret_of(shape, token)
        for place, text in PLACES.items():
            masked = mask_text(text.format(token), {})
            assert secret not in masked, (shape.name, place)
            assert MASK in masked, (shape.name, place)


def test_a_token_is_masked_as_an_argument_and_inside_of_one() -> None:
    for shape, token in TOKENS:
        secret = secret_of(shape, token)
        argv = ["run", token, f"--data={token}", f'{{"a": "{token}"}}', "sh", "-c", f"echo {token}; ls"]
        masked = mask_argv(argv, {})
        assert [MASK in argument for argument in masked] == [token in argument for argument in argv], shape.name
        assert not any(secret in argument for argument in masked), shape.name


def test_a_token_is_masked_when_two_chunks_split_it() -> None:
    for shape, token in TOKENS[::2]:
        text = f"one {token} two\n".encode()
        whole = Masker({}).feed(text)
        assert MASK.encode() in whole, shape.name
        for position in range(len(text) + 1):
            masker = Masker({})
            fed = masker.feed(text[:position]) + masker.feed(text[position:]) + masker.finish()
            assert fed == whole, (shape.name, position)


def test_masking_what_is_masked_changes_nothing() -> None:
    for shape, token in TOKENS:
        once = mask_text(f"x {token} y", {})
        assert mask_text(once, {}) == once, shape.name


def test_every_token_holds_its_anchor_and_one_of_the_quick_check() -> None:
    for shape, token in TOKENS:
        assert shape.anchor in token, shape.name
        if " header" in shape.name or "URL" in shape.name or shape.name == "Discord":
            continue
        assert any(anchor in shape.anchor for anchor in ANCHORS), shape.name
        assert max(len(word) for word in token.split()) >= SHORTEST_SHAPE, shape.name


@pytest.mark.parametrize(
    ("service", "kept"),
    [
        ("OpenAI sk-", "sk-"),
        ("Anthropic sk-ant-", "sk-ant-"),
        ("GitHub ghp_", "ghp_"),
        ("AWS AKIA", "AKIA"),
        ("JWT eyJ", "eyJ"),
    ],
)
def test_the_public_prefix_stays(service: str, kept: str) -> None:
    shape = next(shape for shape in SHAPES if shape.name == service)
    token = shape.example(Random(3))
    assert mask_text(f"<{token}>", {}) == f"<{kept}{MASK}>"
    assert mask_argv(["x", "--token", token, f"--key={token}"], {}) == [
        "x",
        "--token",
        kept + MASK,
        f"--key={kept}{MASK}",
    ]
    assert mask_text(f"say {token}", {"MY_TOKEN": token}) == f"say {kept}{MASK}"


@pytest.mark.parametrize(
    "text",
    [
        "commit 9fceb02d0ae598e95dc970b74767f19372d61af8",
        "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "id 550e8400-e29b-41d4-a716-446655440000",
        "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk",
        "/usr/lib/python3/dist-packages/sklearn/sk-learn/tokenizer.json",
        "class VeryLongIdentifierWithManyWordsInItForTheSakeOfTheTest2024Edition",
        "sk-fading-circle sk-loading-indicator-container-wide task-1234 disk-usage-of-the-machine",
        "tests/core/test_redact.py::test_a_token_is_masked_in_every_place[key-1]",
        "the bearer of the letter, basic authentication, Bearer authentication",
        "shelf_life hf_hub_download npm_config_cache gh_pages key-value key-bindings-of-the-editor",
        "https://example.com:8080/path@2x.png?page=2 git@github.com:team/repo.git ssh://git@host/repo",
        "SG.1 SK SKETCH EAAA v1.0-rc1 hvs. ya29 AKIA AIza eyJ 12:30:AA",
        "module.exports = require('./a.b.c'); com.example.deeply.nested.package.ClassNameOfSomeLength",
        "libsomething.so.1.2.3 M.b.c 192.168.100.200 2026-11-21T04:28:37.123456Z",
    ],
)
def test_ordinary_text_is_left_alone(text: str) -> None:
    assert mask_text(text, {}) == text
    assert mask_argv(["run", text, *text.split()], {}) == ["run", text, *text.split()]
