"""Read a line of shell as far as it can be told what it runs: its simple commands, also those inside ``$(…)``.

Nothing is expanded. A word in which something would be has ``UNKNOWN`` in its place.
"""

from collections.abc import Iterator

UNKNOWN = "\0"
_BREAKS = frozenset(";&|\n()")
_BLANKS = frozenset(" \t\r")
_KEYWORDS = frozenset(("!", "{", "}", "if", "then", "elif", "else", "fi", "while", "until", "do", "done", "time", "[["))
_NAMING = frozenset(("for", "case", "select", "function"))
"""Keywords behind which stands a name or a pattern, no command."""

Words = list[str]


class Line:
    """The ``commands`` of a line, each as its words, and whether that is certainly all of them (``is_certain``)."""

    def __init__(self, text: str) -> None:
        self.commands: list[Words] = []
        self.is_certain = True
        self._text = text
        self._at = 0
        self._words: Words = []
        self._skips_next = False  # the word behind a redirection is a file's name
        while self._at < len(text):
            self._step()
        self._end_command()

    def _step(self) -> None:
        sign = self._text[self._at]
        if sign == "#" and (self._at == 0 or self._text[self._at - 1] in " \t\n;"):
            self._at = (self._text + "\n").index("\n", self._at)
        elif sign in _BREAKS:
            self._at += 1
            self._end_command()
        elif sign in _BLANKS:
            self._at += 1
        elif sign in "<>":
            self._redirect()
        else:
            self._word()

    def _redirect(self) -> None:
        start = self._at
        while self._at < len(self._text) and self._text[self._at] in "<>&|":
            self._at += 1
        if self._text[start : self._at].startswith("<<") or self._text[self._at : self._at + 1] == "(":
            self.is_certain = False  # a document, or a process, that a shell may read as its program
        self._skips_next = True

    def _word(self) -> None:
        word = "".join(self._pieces())
        follows = self._text[self._at : self._at + 1]
        if self._skips_next:
            self._skips_next = False
        elif not (word.isdigit() and follows and follows in "<>"):
            self._words.append(word)

    def _pieces(self) -> Iterator[str]:
        while self._at < len(self._text):
            sign = self._text[self._at]
            if sign in _BREAKS or sign in _BLANKS or sign in "<>":
                return
            self._at += 1
            if sign == "'":
                yield self._until("'")
            elif sign == '"':
                yield from self._quoted()
            elif sign == "\\":
                self._at += 1
                yield self._text[self._at - 1 : self._at].replace("\n", "")
            elif sign in "$`":
                yield self._expansion(sign)
            else:
                is_brace = sign == "{" and self._text[self._at : self._at + 1] in " \t\n"
                yield UNKNOWN if sign in "*?[{" and not is_brace else sign

    def _quoted(self) -> Iterator[str]:
        while self._at < len(self._text) and (sign := self._text[self._at]) != '"':
            self._at += 1
            if sign == "\\":
                self._at += 1
                yield self._text[self._at - 1 : self._at]
            elif sign in "$`":
                yield self._expansion(sign)
            else:
                yield sign
        self.is_certain &= self._at < len(self._text)
        self._at += 1

    def _expansion(self, sign: str) -> str:
        """What stands for a variable or a substitution; the commands of the latter are run too."""
        if sign == "`":
            self._run_inside(self._until("`"))
        elif self._text[self._at : self._at + 1] == "(":
            self._at += 1
            self._run_inside(self._balanced())
        elif self._text[self._at : self._at + 1] == "{":
            inside = self._until("}")
            if "$(" in inside or "`" in inside:
                self.is_certain = False
        elif self._text[self._at : self._at + 1] == "'":  # $'…' may spell any sign as a number
            self._at += 1
            self._until("'")
        else:
            while self._at < len(self._text) and (self._text[self._at].isalnum() or self._text[self._at] == "_"):
                self._at += 1
        return UNKNOWN

    def _run_inside(self, text: str) -> None:
        inner = Line(text)
        self.commands += inner.commands
        self.is_certain &= inner.is_certain

    def _until(self, sign: str) -> str:
        end = self._text.find(sign, self._at)
        if end < 0:
            self.is_certain = False
            end = len(self._text)
        found, self._at = self._text[self._at : end], end + 1
        return found

    def _balanced(self) -> str:
        """Up to the parenthesis that closes the one before; quotes inside may hide another, so then it is a guess."""
        start, depth = self._at, 1
        while self._at < len(self._text) and depth:
            depth += {"(": 1, ")": -1}.get(self._text[self._at], 0)
            self._at += 1
        inside = self._text[start : self._at - (not depth)]
        if depth or "'" in inside or '"' in inside or "\\" in inside:
            self.is_certain &= not depth and inside.count("(") == inside.count(")") == 0
        return inside

    def _end_command(self) -> None:
        words, self._words, self._skips_next = self._words, [], False
        while words and (words[0] in _KEYWORDS or is_assignment(words[0])):
            words = words[1:]
        if words and words[0] in _NAMING:
            self.is_certain &= words[0] == "for"
            return
        if words:
            self.commands.append(words)


def is_assignment(word: str) -> bool:
    """Whether ``word`` sets a variable, as ``A=1`` before a command does."""
    name, equals, _ = word.partition("=")
    return bool(equals) and name.isidentifier()
