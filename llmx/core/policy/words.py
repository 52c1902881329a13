"""Read a line of shell as far as it can be told what it runs: its simple commands, also those inside ``$(…)``.

Nothing is expanded. A word in which something would be has ``UNKNOWN`` in its place: any text, also none, also blanks.
"""

import re

UNKNOWN = "\0"
Words = list[str]

_DEEPEST = 30  # substitutions within substitutions
_BLANKS = " \t"
_ENDS_WORD = frozenset(" \t\n;&|()<>")
_BEFORE_COMMAND = frozenset(str.split("! { } if then elif else fi while until do done coproc function nocorrect -"))
_WITHOUT_COMMAND = frozenset(("for", "select", "case", "esac", "[["))
_DECLARES = frozenset(("export", "declare", "typeset", "readonly", "local"))
_EVALUATES = frozenset(str.split("let test [ [[ unset read printf wait getopts")) | _DECLARES
_SUBSCRIPT = re.compile(r"\[[^]]*(\$\(|`)")  # quoted, and yet run where a name is read or an expression reckoned
_ARITHMETIC = re.compile(r"[\w\s$+*/%<>=!&|^~?:,().-]*")
_ASSIGNMENT = re.compile(r"([A-Za-z_]\w*)(\[[^]]*\])?\+?=")
_MISLEADING = frozenset(str.split("PATH LD_PRELOAD LD_AUDIT DYLD_INSERT_LIBRARIES IFS GIT_EXEC_PATH"))
_RUNNING = re.compile(
    r"BASH_ENV|ENV|PS[0-4]|PROMPT_COMMAND|BASH_FUNC\w*|SHELLOPTS|BASHOPTS"
    r"|GIT_(SSH\w*|EXTERNAL_DIFF|ASKPASS|PROXY_COMMAND|CONFIG\w*)|(GIT_|GIT_SEQUENCE_)?(PAGER|EDITOR)|VISUAL|LESSOPEN"
)
_OPTIONS_OF_INTERPRETERS = frozenset(str.split("NODE_OPTIONS BUN_OPTIONS PERL5OPT RUBYOPT MAKEFLAGS GNUMAKEFLAGS"))
_LOADS = re.compile(r"(^|\s)(-[rmM]|--(require|import|loader|experimental-loader|eval|preload))|\0")
_HARMLESS = frozenset(("", "cat", "true", ":", "less", "more", "vi", "vim", "nano", "C"))


class Line:
    """The ``commands`` of a line, each as its words, and whether these are certainly all that it runs.

    ``is_bash``: ``[[ … ]]``, ``(( … ))`` and ``&>`` are what they are in Bash; a plain shell sees commands there.
    """

    def __init__(self, text: str, *, is_bash: bool = False) -> None:
        reader = _Reader(text, is_bash=is_bash)
        reader.read()
        self.commands = reader.commands
        self.is_certain = reader.is_certain and UNKNOWN not in text


def assigned(word: str) -> str:
    """The variable that ``word`` sets when it stands before a command, as in ``A=1 make``; "" for none."""
    found = _ASSIGNMENT.match(word)
    return found[1] if found else ""


def misleads(variable: str) -> bool:
    """Whether setting it can make a program's name mean another one."""
    return variable in _MISLEADING


def runs_value(word: str) -> bool:
    """Whether the assignment ``word`` gives a program something to run."""
    variable, value = assigned(word), word.partition("=")[2]
    if variable in _OPTIONS_OF_INTERPRETERS:
        return bool(_LOADS.search(value))
    return bool(_RUNNING.fullmatch(variable)) and value not in _HARMLESS


def _is_keyword_time(words: Words) -> bool:
    """Whether ``time`` stands before what no program could run, so that it is Bash's own."""
    behind = [word for word in words[1:3] if word != "-p"][:1]
    return words[0] in ("time", "-p") and bool(behind) and (behind[0] in _BEFORE_COMMAND or bool(assigned(behind[0])))


def _is_arithmetic(text: str) -> bool:
    """Whether a shell cannot take it for commands: ``$((a) | (b))`` is two of them."""
    depth = 0
    for sign in text:
        depth += {"(": 1, ")": -1}.get(sign, 0)
        if depth < 0:
            return False
    return "$(" not in text and bool(_ARITHMETIC.fullmatch(text))


class _Reader:
    """One pass over the text; ``at`` is where it stands."""

    def __init__(self, text: str, *, is_bash: bool) -> None:
        self.commands: list[Words] = []
        self.is_certain = True
        self.text = text
        self.at = 0
        self._is_bash = is_bash
        self._is_in_test = False  # between [[ and ]], where && and < are no more than operators
        self._depth = 0
        self._words: Words = []
        self._documents: list[tuple[str, bool, bool]] = []  # delimiter, tabs are stripped, it expands

    def read(self, close: str = "") -> None:
        """Read to the end, or to the parenthesis that closes."""
        outer, self._words, was_in_test, self._is_in_test = self._words, [], self._is_in_test, False
        self._depth += 1
        if self._depth > _DEEPEST:
            self.is_certain, self.at = False, len(self.text)
        while self.at < len(self.text):
            sign = self.text[self.at]
            if sign == close and not self._is_in_test:
                self.at += 1
                break
            self._step(sign)
        else:
            self.is_certain &= not close and not self._documents
        self._end_command()
        self._depth -= 1
        self._words, self._is_in_test = outer, was_in_test

    def _step(self, sign: str) -> None:
        if sign in _BLANKS:
            self.at += 1
        elif self.text.startswith("\\\n", self.at):
            self.at += 2
        elif sign == "#":
            self.at = self._line_end()
        elif sign == "\n":
            self.at += 1
            self._end_command()
            self._skip_documents()
        elif self._is_in_test and sign in "&|()<>" and not self.text.startswith(("<(", ">("), self.at):
            self.at += 1
        elif sign in "<>" or (self._is_bash and self.text.startswith("&>", self.at)):
            self._redirect()
        elif sign in ";&|":
            self.at += 1
            self._end_command()
        elif sign == "(":
            self._parenthesis()
        elif sign == ")":
            self.at += 1
            self.is_certain = False
            self._end_command()
        else:
            start = self.at
            self._words.append(self._word())
            self._note_test(start)
            self._drop_descriptor()

    def _note_test(self, start: int) -> None:
        raw = self.text[start : self.at]
        if raw == "[[" and self._is_bash and _BEFORE_COMMAND.issuperset(self._words[:-1]):
            self._is_in_test = True
        elif raw == "]]":
            self._is_in_test = False

    def _drop_descriptor(self) -> None:
        """The 2 of ``2>file``."""
        if self._words[-1].isdigit() and self.text[self.at : self.at + 1] in ("<", ">"):
            self._words.pop()

    def _parenthesis(self) -> None:
        self.at += 1
        if self._words and self.text.startswith(")", self.at):  # f() { …; }
            self._words = []
            self.at += 1
        elif self._words:  # a=(1 2), or an extended pattern
            self.is_certain = False
            self.read(")")
        elif self._is_bash and self.text.startswith("(", self.at):
            self._arithmetic()
        else:
            self.read(")")

    def _arithmetic(self) -> None:
        """From the second parenthesis of ``((`` to behind ``))``."""
        end = self.text.find("))", self.at)
        inside = self.text[self.at + 1 : end if end >= 0 else None]
        self.is_certain &= end >= 0 and _is_arithmetic(inside)
        self.at = end + 2 if end >= 0 else len(self.text)
        while self.text.startswith(")", self.at) and inside.count("(") > inside.count(")"):
            self.at, inside = self.at + 1, inside + ")"
        self.is_certain &= inside.count("(") == inside.count(")")

    def _redirect(self) -> None:
        start = self.at
        while self.text[self.at : self.at + 1] in ("<", ">", "&", "|") and self.at < len(self.text):
            self.at += 1
        sign = self.text[start : self.at]
        if self.text.startswith("(", self.at) and sign in ("<", ">"):
            self.at += 1
            self.read(")")
            self._words.append(UNKNOWN)
            return
        tabs = sign == "<<" and self.text.startswith("-", self.at)
        self.at += tabs
        while self.text[self.at : self.at + 1] in (" ", "\t"):
            self.at += 1
        begin = self.at
        target = "" if self.text[begin : begin + 1] in _ENDS_WORD else self._word()
        if not target:
            self.is_certain = False
        elif sign == "<<":
            self._documents.append((target, tabs, not set("'\"\\") & set(self.text[begin : self.at])))

    def _skip_documents(self) -> None:
        for delimiter, tabs, expands in self._documents:
            while self.at < len(self.text):
                end = self._line_end()
                line, self.at = self.text[self.at : end], end + 1
                if (line.lstrip("\t") if tabs else line) == delimiter:
                    break
                if expands and ("$(" in line or "`" in line or "@P}" in line):
                    self.is_certain = False
            else:
                self.is_certain = False
        self._documents = []

    def _line_end(self) -> int:
        end = self.text.find("\n", self.at)
        return end if end >= 0 else len(self.text)

    def _word(self) -> str:
        start, is_brace, is_set = self.at, False, False
        pieces: list[str] = []
        while self.at < len(self.text) and self.text[self.at] not in _ENDS_WORD:
            sign = self.text[self.at]
            self.at += 1
            if sign == "{" and (pieces or self.text[self.at : self.at + 1] not in ("", "}", *_ENDS_WORD)):
                is_brace = True
            if sign == "[" and not self._is_bracket(pieces):
                is_set = True
            piece = self._piece(sign)
            pieces.append(UNKNOWN if is_set or sign in "*?" else piece)
        if is_set and (found := _ASSIGNMENT.match(self.text[start : self.at])):  # a[0]=1
            return f"{found[1]}={UNKNOWN}"
        return UNKNOWN if is_brace else "".join(pieces)

    def _is_bracket(self, before: list[str]) -> bool:
        """The commands ``[`` and ``[[``."""
        if self.text[self.at - 1] != "[" or before not in ([], ["["]):
            return False
        return self.text[self.at : self.at + 1] in ("[", *_ENDS_WORD)

    def _piece(self, sign: str) -> str:
        if sign == "'":
            return self._until("'")
        if sign == '"':
            return self._quoted()
        if sign == "\\":
            self.at += 1
            return self.text[self.at - 1 : self.at].replace("\n", "")
        return self._expansion(sign) if sign in "$`" else sign

    def _quoted(self) -> str:
        pieces = []
        while self.at < len(self.text) and (sign := self.text[self.at]) != '"':
            self.at += 1
            if sign == "\\":
                escaped = self.text[self.at : self.at + 1]
                self.at += 1
                sign = "" if escaped == "\n" else escaped if escaped in '$`"\\' else sign + escaped
            elif sign in "$`":
                sign = self._expansion(sign)
            pieces.append(sign)
        self.is_certain &= self.at < len(self.text)
        self.at += 1
        return "".join(pieces)

    def _expansion(self, sign: str) -> str:
        """What stands for a variable or a substitution; the commands of the latter are run too."""
        following = self.text[self.at : self.at + 1]
        if sign == "`":
            self._backquoted()
        elif self.text.startswith("((", self.at):
            self.at += 1
            self._arithmetic()
        elif following == "(":
            self.at += 1
            self.read(")")
        elif following == "{":
            inside = self._until("}")
            self.is_certain &= not any(mark in inside for mark in ("$(", "`", "@P", "'", '"', "\\", "[", "${"))
        elif following == "'":  # $'…' may spell any sign as a number
            self.at += 1
            self.is_certain &= "\\" not in self._until("'")
        elif following == '"':
            self.at += 1
            self._quoted()
        elif found := re.compile(r"\w+|[@*#?$!-]").match(self.text, self.at):
            self.at = self.at + 1 if following.isdigit() else found.end()
        else:
            return sign
        return UNKNOWN

    def _backquoted(self) -> None:
        found = re.compile(r"((?:[^`\\]|\\.)*)(`?)", re.DOTALL).match(self.text, self.at)
        inside = found[1] if found else ""
        self.at += len(inside) + 1
        inner = Line(re.sub(r"\\([`\\$])", r"\1", inside), is_bash=self._is_bash)
        self.commands += inner.commands
        self.is_certain &= inner.is_certain and bool(found and found[2])

    def _until(self, sign: str) -> str:
        end = self.text.find(sign, self.at)
        if end < 0:
            self.is_certain = False
            end = len(self.text)
        found, self.at = self.text[self.at : end], end + 1
        return found

    def _end_command(self) -> None:
        words, self._words, self._is_in_test = self._words, [], False
        while words and (words[0] in _BEFORE_COMMAND or _is_keyword_time(words) or assigned(words[0])):
            self._note_assignment(words[0])
            named = words[0] in ("function", "coproc") and (words[0] == "function" or words[2:3] == ["{"])
            words = words[1 + named :]
        if words and words[0] in _EVALUATES:
            self.is_certain &= not any(_SUBSCRIPT.search(word) for word in words[1:])
        for word in words[1:] if words and words[0] in _DECLARES else ():
            self._note_assignment(word)
        if words and words[0] in _WITHOUT_COMMAND and (self._is_bash or words[0] != "[["):
            self.is_certain &= words[0] != "case" and "{" not in words and "]]" not in words[:-1]
        elif words:
            self.is_certain &= not words[0].startswith("=")  # Zsh's =git is /usr/bin/git
            self.commands.append(words)

    def _note_assignment(self, word: str) -> None:
        """A variable that makes names mean something else counts as a command, so that a list has to allow it."""
        self.is_certain &= not runs_value(word) and not _SUBSCRIPT.search(word)
        if misleads(assigned(word)):
            self.commands.append([assigned(word)])
