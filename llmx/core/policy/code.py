"""Code among the words of a command: whether it could start a program that nobody sees."""

import re
from typing import NamedTuple

from llmx.core.policy.words import UNKNOWN, Words


class Interpreter(NamedTuple):
    """``code``: the letters of its options that take code; ``valued``: of those that take another value."""

    name: re.Pattern[str]
    code: str
    valued: str


_INTERPRETERS = (
    Interpreter(re.compile(r"(python|pypy)[\d.]*"), "c", "WX"),
    Interpreter(re.compile(r"perl[\d.]*"), "eE", "IFxmMCD"),
    Interpreter(re.compile(r"ruby[\d.]*"), "e", "IrEKCFTWx"),
    Interpreter(re.compile(r"node(js)?|bun"), "ep", "rC"),
    Interpreter(re.compile(r"php[\d.]*"), "r", "cdz"),
    Interpreter(re.compile(r"lua[\d.]*|luajit"), "e", "l"),
)
_APART = frozenset(("-W", "-X", "-I", "-r", "-C", "-c", "-d", "-l"))  # with the value in the next word
_LONG = frozenset(("--eval", "--print", "--run"))
_TELLS = frozenset(("-V", "-VV", "-v", "-h", "-?", "--version", "--help", "--test"))
_AWK = frozenset(("awk", "gawk", "mawk", "nawk"))
_STARTS = re.compile(
    r"\b(os|pty|posix|nt|subprocess|asyncio|multiprocessing|ctypes|cffi|runpy|importlib|builtins|commands|system\w*"
    r"|popen\w*|exec\w*|eval\w*|compile|spawn\w*|fork\w*|syscall\w*|qx|child_process|process|require|Function"
    r"|getattr|globals|locals|vars|proc_open|passthru|pcntl\w*|marshal|pickle|codecs|base64|IO|Kernel|send)\b"
    r"|__|`|\bopen\b.*\||\\x|\\u|\\[0-7]|%x"
)
_AWK_STARTS = re.compile(r"system|\||getline|@")
_EDITOR = re.compile(r".*!|.*\b(system|job_start|term\w*)\b", re.DOTALL)
_OPTIONS = {
    "tar": re.compile(r"--(checkpoint-action|to-command|use-compress|rsh-command|info-script|new-volume)|-[IF]"),
    "make": re.compile(r"--eval|SHELL="),
    "split": re.compile("--filter"),
    "sort": re.compile("--compress-prog"),
    "rsync": re.compile("-[a-zA-Z]*e|--rsh|--rsync-path"),
    "zip": re.compile("-TT|--unzip-command"),
    "man": re.compile("-P|--pager|-H"),
    **dict.fromkeys(("fd", "fdfind"), re.compile("-[a-zA-Z]*[xX]|--exec")),
    "nodemon": re.compile("-x|--exec"),
    "deno": re.compile("(eval|repl)$"),
    "bun": re.compile("-[ep]$|--eval|--print"),
    "sed": re.compile(
        r"(.*[\d$/;{}!\s])?e(\s|$)"
        r"|.*s(?P<by>[^\w\s])(\\.|(?!(?P=by))[^\\])*(?P=by)(\\.|(?!(?P=by))[^\\])*(?P=by)[gpimMI\d]*e",
        re.DOTALL,
    ),
    **dict.fromkeys(("vi", "vim", "nvim", "view"), _EDITOR),
}
"""What names a command to run, in a word of a program that otherwise does a work of its own."""


_GIT_OPTIONS = {
    "clone": re.compile("-u|--upload-pack|-c|--config|--template"),
    "init": re.compile("--template"),
    "grep": re.compile("-O|--open-files-in-pager"),
    "instaweb": re.compile("-d|--httpd|-b|--browser"),
    "send-email": re.compile("--(sendmail-cmd|smtp-server|to-cmd|cc-cmd|header-cmd)"),
    "shell": re.compile("-c"),
    "for-each-repo": re.compile(""),
    **dict.fromkeys(
        ("archive", "fetch", "pull", "push", "ls-remote", "fetch-pack", "send-pack"),
        re.compile("--(upload-pack|receive-pack|exec)"),
    ),
}
"""The same, by subcommand of git."""


def git_hides_commands(subcommand: Words) -> bool:
    """Whether an option of the ``subcommand`` of git names a program to run."""
    names_one = _GIT_OPTIONS.get("".join(subcommand[:1]))
    return names_one is not None and any(names_one.match(word) for word in subcommand)


def hides_commands(name: str, words: Words) -> bool:
    """Whether ``words``, of the program ``name``, hold code that may run commands."""
    if name in _AWK:
        return any(_AWK_STARTS.search(word) or UNKNOWN in word for word in words[1:])
    if name in _OPTIONS:
        return any(_OPTIONS[name].match(word) for word in words[1:])
    found = next((one for one in _INTERPRETERS if one.name.fullmatch(name)), None)
    return found is not None and any(UNKNOWN in text or _STARTS.search(text) for text in _codes(found, words))


def _codes(interpreter: Interpreter, words: Words) -> Words:
    """What stands behind the options that take code; UNKNOWN where code is read from stdin, nothing for a script."""
    at = 1
    while at < len(words):
        word = words[at]
        at += 1
        if word.startswith("-m") and interpreter.code == "c":
            return words[at - 1 :] if "timeit" in (word[2:], *words[at : at + 1]) else []
        if word in _TELLS or not word.startswith(("-", UNKNOWN)):
            return []
        if word == "-" or word.startswith(UNKNOWN):
            return [UNKNOWN]
        if word in _LONG:
            return words[at : at + 1]
        if (code := _attached(interpreter, word)) is not None:
            return [code, *words[at : at + 1]]
        at += word in _APART and word[1] in interpreter.valued
    return [UNKNOWN]


def _attached(interpreter: Interpreter, word: str) -> str | None:
    """What is attached to the option that takes code, in a word of short options; None where none does."""
    for at, letter in enumerate("" if word.startswith("--") else word[1:], 1):
        if letter in interpreter.code:
            return word[at + 1 :]
        if letter in interpreter.valued:
            break
    return None
