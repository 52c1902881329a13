"""Messages become the prompt of a model's own template, which is a stranger's program."""

import pytest

from llmx.core.runner import RunnerError
from llmx.core.runner.chat_template import ChatTemplate
from tests.core.gguf.tiny import TEMPLATE

HELLO = [{"role": "user", "content": "Hello"}]
TOOL = {"type": "function", "function": {"name": "add", "description": "Grüße", "parameters": {"type": "object"}}}


def template(source, *, strips_bos=False):
    return ChatTemplate(source, "<s>", "</s>", strips_bos=strips_bos)


def test_messages_tools_and_calls_are_rendered():
    call = {"id": "c", "type": "function", "function": {"name": "add", "arguments": {"a": 1}}}
    turns = [
        {"role": "system", "content": "Be brief."},
        *HELLO,
        {"role": "assistant", "content": "", "tool_calls": [call]},
        {"role": "tool", "content": "3", "tool_call_id": "c"},
    ]
    prompt = template(TEMPLATE).render(turns, [TOOL])
    assert '"description": "Grüße"' in prompt
    assert '<tool_call>\n{"name": "add", "arguments": {"a": 1}}\n</tool_call>' in prompt
    assert "<tool_response>\n3\n</tool_response>" in prompt
    assert prompt.endswith("<|im_start|>assistant\n")


def test_a_model_without_a_template_is_asked_as_chatml():
    assert template("").render(HELLO, []) == "<|im_start|>user\nHello<|im_end|>\n<|im_start|>assistant\n"


def test_the_token_that_begins_a_text_stands_there_once():
    source = "{{ bos_token }}{{ messages[0].content }}{{ eos_token }}"
    assert template(source).render(HELLO, []) == "<s>Hello</s>"
    assert template(source, strips_bos=True).render(HELLO, []) == "Hello</s>"


def test_a_model_that_knows_no_system_message_is_told_it_with_the_first_one():
    source = (
        "{% for m in messages %}{% if m.role == 'system' %}{{ raise_exception('no system') }}{% endif %}"
        "{{ m.role }}: {{ m.content }};{% endfor %}"
    )
    turns = [{"role": "system", "content": "Be brief."}, *HELLO]
    assert template(source).render(turns, []) == "user: Be brief.\n\nHello;"
    with pytest.raises(RunnerError, match="no system"):
        template(source).render([*HELLO, turns[0]], [])


def test_what_templates_in_the_wild_use_is_there():
    source = "{% for m in messages %}{% if m.role == 'tool' %}{% continue %}{% endif %}{{ strftime_now('%Y')|length }}"
    assert template(source + "{% endfor %}").render(HELLO, []) == "4"


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("{% for", "chat template is broken"),
        ("{{ nothing.at.all }}", "undefined"),
        ("{{ raise_exception('roles must alternate') }}", "roles must alternate"),
        ("{{ messages.__class__.__mro__ }}", "unsafe|undefined|access"),
        ("{{ ''.__class__.__base__.__subclasses__() }}", "unsafe|undefined|access"),
        ("{{ messages.append(1) }}", "unsafe|not safe"),
        ("{{ 'a' * 1000000000000 }}", "too much"),
        ("{{ 10 ** 10 ** 10 }}", "too much"),
        ("{% for i in range(999999999) %}x{% endfor %}", "[Rr]ange too big"),
        ("{% for i in range(90000) %}{{ 'x' * 1000 }}{% endfor %}", "does not end"),
        ("{% for m in messages %}{{ m.content.nothing.at.all }}{% endfor %}", "undefined|no attribute"),
        ("{{ 1 / 0 }}", "ZeroDivisionError"),
    ],
)
def test_a_template_that_is_broken_or_up_to_something_is_an_error(source, message):
    with pytest.raises(RunnerError, match=message) as raised:
        template(source).render(HELLO, [])
    assert raised.value.exit_code == 2
