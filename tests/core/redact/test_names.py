"""Which names announce a secret."""

import pytest

from llmx.core.redact.names import NO, PERHAPS, SURELY, secrecy, variable_secrets

LEVELS = {
    SURELY: """API_KEY API_KEY2 API_KEY_1 TOKEN_2 SECRET1 apiKey OPENAI_APIKEY PGPASSWORD GITHUB_TOKEN
        aws_secret_access_key DB_PASS CLIENT_SECRET CREDENTIALS X-Auth-Token Cookie --passwd Pwd""",
    PERHAPS: """GROQ_KEY GROQ_KEYS GITHUB_TOKENS SSHKEY DBPASS HTTPAUTH key AUTH SENTRY_DSN SENTRYDSN SESSION_ID
        PRIVATE""",
    NO: """SSH_AUTH_SOCK SSH_ASKPASS XDG_SESSION_ID DBUS_SESSION_BUS_ADDRESS KEYBOARD MONKEY HOTKEYS BYPASS PWD
        TOKEN_PATH TOKEN_PATH_2 KEY_FILE SECRET_DIR AWS_ACCESS_KEY_ID max_tokens tokenizer public-key author""",
}


@pytest.mark.parametrize(
    ("level", "name"), [(level, name) for level, names in LEVELS.items() for name in names.split()]
)
def test_a_name_says_whether_its_value_is_a_secret(level: int, name: str) -> None:
    assert secrecy(name) == level


def test_an_empty_name_announces_nothing() -> None:
    assert secrecy("") == NO


@pytest.mark.parametrize(
    ("name", "value", "hidden"),
    [
        ("API_KEY", "abc-12", ["abc-12"]),
        ("API_KEY", "abc12", []),
        ("DB_PASSWORD1", "123456", ["123456"]),
        ("CONTEXT_TOKENS", "131072", []),
        ("GITHUB_TOKENS", "abc-1,def-2", ["abc-1,def-2"]),
        ("MY_KEY", "98765432", ["98765432"]),
        ("CACHE_KEY", "development", []),
        ("TLS_KEY", "first-9\nshort\n second-9 ", ["second-9", "first-9"]),
    ],
)
def test_a_variable_gives_the_texts_to_hide(name: str, value: str, hidden: list[str]) -> None:
    assert variable_secrets({name: value}) == hidden
