"""Which names announce a secret, and which values under such a name are worth hiding.

Without ``re``: the hot path asks here when the value of a variable occurs in a command line.
"""

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

NO, PERHAPS, SURELY = 0, 1, 2

SHORTEST_VARIABLE = 6
"""A shorter value is not hidden wherever it occurs: it would hit ordinary text."""

_ENDINGS = (
    *("token", "secret", "secrets", "password", "passwords", "passwd", "passphrase", "apikey", "apikeys"),
    *("secretkey", "accesskey", "privatekey", "authkey", "masterkey", "accountkey", "signingkey", "encryptionkey"),
    *("credential", "credentials", "creds", "cookie", "cookies", "authorization", "jwt", "pwd"),
)
_KEY_KINDS = frozenset(
    ["api", "access", "secret", "private", "auth", "master", "encryption", "signing", "account", "service", "client"]
)
_OPTION_ENDINGS = ("pass", "bearer")
"""Behind dashes; as a variable they count what has passed, or say who carries it."""
_WEAK_WORDS = frozenset(["key", "auth", "oauth", "private", "dsn", "session", "sessionid", "pass", "bearer"])
_WEAK_ENDINGS = ("key", "keys", "pass", "auth", "dsn", "tokens")
_ORDINARY = "monkey donkey turkey hockey jockey whiskey hotkey compass bypass askpass overpass underpass trespass"
_ORDINARY_WORDS = frozenset([*_ORDINARY.split(), "monkeys", "donkeys", "turkeys", "hotkeys"])
_HARMLESS_WORDS = frozenset(["max", "min", "num", "public", "pub", "keyboard"])
_ABOUT = """path file dir directory folder sock socket type name limit count length len size url uri ttl timeout expiry
    expires expiration age fingerprint algorithm alg version prefix suffix provider method methods mode format backend
    store manager helper command cmd env var index map binding bindings budget level required enabled policy host port
    user username email usage scheme domain ring chain exchange error status"""
_ABOUT_THE_SECRET = frozenset(_ABOUT.split())
"""A name that ends in one of these tells something about a secret and does not hold it."""
_HARMLESS_NAMES = frozenset(["PWD", "OLDPWD", "SSH_AUTH_SOCK", "DESKTOP_SESSION", "GDMSESSION", "XAUTHORITY"])
_HARMLESS_STARTS = ("XDG_SESSION", "DBUS_SESSION", "TERM_SESSION", "ITERM_SESSION", "GNOME_KEYRING", "SESSION_MANAGER")

_PLAIN = """
    true false yes no on off none null nil undefined default auto always never enabled disabled required optional
    basic bearer digest token negotiate apikey password secret empty missing invalid valid unset hidden prompt stdin
    env file keyring system str string bytes int bool text value any optional self changed unchanged incorrect
    authentication auth realm"""
_PLAIN_WORDS = frozenset(_PLAIN.split())

_DIGITS = frozenset("0123456789")
_NO_LETTERS = _DIGITS | frozenset("!@#$%^&*+/=~")
_GAPS = {code: " " for code in range(128) if not chr(code).isalnum()}


def words_of(name: str) -> list[str]:
    """The lower-case words of ``API_KEY``, ``api-key``, ``api.key`` or ``apiKey``."""
    words: list[str] = []
    word = ""
    for char in name:
        if char.isalnum() and not (char.isupper() and word and not word[-1].isupper()):
            word += char
            continue
        if word:
            words.append(word.lower())
        word = char if char.isalnum() else ""
    if word:
        words.append(word.lower())
    return words


def secrecy(name: str) -> int:
    """Whether a value of this name is a secret: ``NO``, ``PERHAPS`` (the value decides) or ``SURELY``."""
    if name in _HARMLESS_NAMES or name.startswith(_HARMLESS_STARTS):
        return NO
    words = [bare for word in words_of(name) if (bare := word.rstrip("0123456789"))]
    if not words or words[-1] in _ABOUT_THE_SECRET or not _HARMLESS_WORDS.isdisjoint(words):
        return NO
    if words[-1] == "id" and "session" not in words:
        return NO
    if any(word.endswith(_ENDINGS) for word in words) or _names_a_kind_of_key(words):
        return SURELY
    if name[0] == "-" and words[-1].endswith(_OPTION_ENDINGS) and words[-1] not in _ORDINARY_WORDS:
        return SURELY
    if len(words) > 1 and words[-1] == "pass":
        return SURELY
    return PERHAPS if any(_hints_at_a_secret(word) for word in words) else NO


def _hints_at_a_secret(word: str) -> bool:
    return word in _WEAK_WORDS or (word.endswith(_WEAK_ENDINGS) and word not in _ORDINARY_WORDS)


def _names_a_kind_of_key(words: list[str]) -> bool:
    return any(words[i] in _KEY_KINDS and words[i + 1] in ("key", "keys") for i in range(len(words) - 1))


def is_placeholder(value: str) -> bool:
    """Whether the value stands for a secret kept elsewhere: ``$TOKEN``, ``${TOKEN}``, ``<token>``, ``****``."""
    if value.startswith(("[redacted", "${", "$(", "{{", "env:", "file:", "keyring:")):
        return True
    if value[:1] == "$":
        return value[1:].replace("_", "").isalpha() or value[1:].isupper()
    if value[:1] in ("<", "%"):
        return value[-1] == (">" if value[0] == "<" else "%")
    return not value.strip("*.…•") or (len(value) > 3 and not value.strip("xX"))


def is_existing_path(value: str) -> bool:
    """Whether the value names a file, such as ``/run/secrets/token``, and not its content."""
    if not value.startswith(("/", "./", "../", "~/")) or len(value) > 1024:
        return False
    try:
        return os.path.exists(os.path.expanduser(value))
    except ValueError:
        return False


def hides(name: str, value: str, *, loose: bool = False) -> bool:
    """Whether ``value`` is to be masked where a text gives it to ``name``.

    ``loose`` is for ``name: value`` in prose and source code, where most values are no secrets.
    """
    level = secrecy(name)
    if level == NO or not value or is_placeholder(value) or value.lower() in _PLAIN_WORDS:
        return False
    if value.lower().strip("-_") == name.lower().strip("-_") or is_existing_path(value):
        return False
    if level == PERHAPS:
        return looks_random(value) and not (loose and _is_a_digest(value))
    if value.isdigit() and len(value) < SHORTEST_VARIABLE:
        return "pass" in name.lower() and len(value) > 2 and not loose
    return not loose or _is_no_word(value)


def _is_no_word(value: str) -> bool:
    is_code = value.endswith(("(", ")", "[", "]"))
    return len(value) >= SHORTEST_VARIABLE and not is_code and not _NO_LETTERS.isdisjoint(value)


def looks_random(value: str) -> bool:
    """Whether letters and digits stand together in a run of 12 or more, as in a key and not in a name."""
    if len(value) < 16 or value.isalpha() or value.isdigit():
        return False
    longest = max(map(len, value.translate(_GAPS).split()), default=0)
    return longest >= 12 and not _DIGITS.isdisjoint(value) and not _is_a_uuid(value)


def _is_a_uuid(value: str) -> bool:
    return [len(part) for part in value.split("-")] == [8, 4, 4, 4, 12]


def _is_a_digest(value: str) -> bool:
    return len(value) in (32, 40, 56, 64, 128) and not value.lower().strip("0123456789abcdef")


def variable_secrets(env: "Mapping[str, str]") -> list[str]:
    """The texts to hide wherever they occur: values of secret-named variables, line by line, longest first."""
    found = {line for name, value in env.items() for line in lines_to_hide(name, value)}
    return sorted(found, key=lambda line: (-len(line), line))


def lines_to_hide(name: str, value: str) -> list[str]:
    """The lines of a variable's value that are secret, none where the name or the value is harmless."""
    if len(value) < SHORTEST_VARIABLE:
        return []
    level = secrecy(name)
    if level == NO or value.lower() in _PLAIN_WORDS or is_placeholder(value) or is_existing_path(value):
        return []
    if level == PERHAPS and (value.isalpha() or (value.isdigit() and name.lower().endswith("tokens"))):
        return []
    lines = [line.strip() for line in value.split("\n")] if "\n" in value else [value]
    return [line for line in lines if len(line) >= SHORTEST_VARIABLE and not line.startswith("-----")]


def occurs_in(text: str, env: "Mapping[str, str]") -> bool:
    """Whether a secret of the environment stands in ``text``."""
    return any(line in text for line in variable_secrets(env))
