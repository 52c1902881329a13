"""Code on the command line of an interpreter: whether it could start a program that nobody sees."""

import re

from llmx.core.policy.words import UNKNOWN, Words

# the name of an interpreter -> the letters of its options whose value, or next word, is code
_INTERPRETERS = (
    (re.compile(r"(python|pypy)[\d.]*"), "c"),
    (re.compile(r"perl[\d.]*"), "eE"),
    (re.compile(r"ruby[\d.]*"), "e"),
    (re.compile(r"node(js)?|bun"), "ep"),
    (re.compile(r"php[\d.]*"), "r"),
    (re.compile(r"lua[\d.]*|luajit"), "e"),
)
_LONG = frozenset(("--eval", "--print", "--run"))
_AWK = frozenset(("awk", "gawk", "mawk", "nawk"))
_STARTS = re.compile(
    r"\b(os|pty|posix|nt|subprocess|asyncio|multiprocessing|ctypes|cffi|runpy|importlib|builtins|commands|system\w*"
    r"|popen\w*|exec\w*|eval\w*|compile|spawn\w*|fork\w*|syscall\w*|qx|child_process|process|require|Function"
    r"|getattr|globals|locals|vars|proc_open|passthru|pcntl\w*|marshal|pickle|codecs|base64|IO|Kernel|send)\b"
    r"|__|`|\\x|\\u|\\[0-7]|%x"
)
_AWK_STARTS = re.compile(r"system|\||getline|@")


def hides_commands(name: str, words: Words) -> bool:
    """Whether ``words``, of the interpreter ``name``, hold code that may run commands."""
    if name in _AWK:
        return any(_AWK_STARTS.search(word) or UNKNOWN in word for word in words[1:])
    letters = next((letters for pattern, letters in _INTERPRETERS if pattern.fullmatch(name)), "")
    return bool(letters) and any(UNKNOWN in text or _STARTS.search(text) for text in _codes(words, letters))


def _codes(words: Words, letters: str) -> Words:
    """What stands behind the options that take code, up to the name of a script."""
    for at, word in enumerate(words[1:], 1):
        if word.startswith(UNKNOWN):
            return [word]
        if not word.startswith("-"):
            break
        if word in _LONG:
            return words[at + 1 : at + 2]
        if not word.startswith("--") and (found := re.search(f"[{letters}]", word[1:])):
            return [word[found.end() + 1 :], *words[at + 1 : at + 2]]
    return []
