"""A template's commands, read as bash reads them: lists, pipes, loops, `if` and `case`,
redirections and here-documents. What else there is in bash is refused. Pure."""

import re

from labtool.core.shell.words import (
    ASSIGNMENT,
    MARKS,
    Command,
    TemplateError,
    Text,
    Word,
    Words,
)

_TRANSPARENT = ("if", "then", "elif", "else", "fi", "do", "done", "while", "until", "{", "}", "!",
                "time")  # fmt: skip
_POSIX = re.compile(r"[ \t]+-p(?=[ \t])")
_REFUSED = ("function", "select", "coproc")
_RESERVED = re.compile(r"([a-z]+|\[\[|[{}!])(?=[ \t\n;&|()<>]|$)", re.ASCII)
_REDIRECTION = re.compile(r"\d*(<<<|<<-?|<>|<&|>&|>>|>\||<|>)|(&>>?)", re.ASCII)
_NAME = re.compile(r"[A-Za-z_]\w*(?=[ \t\n;]|$)", re.ASCII)
_SAFE_TESTS = (
    "-f", "-d", "-e", "-z", "-n", "-r", "-w", "-x", "-s", "-h", "-L", "-nt", "-ot", "-ef",
)  # fmt: skip
_SUBSCRIPT = re.compile(r"\w+\[")
_ENDS_CLAUSE = (";;&", ";;", ";&")


class Commands:
    """Reads the commands of a text. `found` are all of them, also those inside words."""

    def __init__(self, text: Text, *, piped: bool = False) -> None:
        self._text, self._piped = text, piped
        self._words = Words(text, self._inner)
        self._documents: list[tuple[str, bool, bool, Word]] = []
        self.found: list[Command] = []

    def read(self) -> None:
        """All of it. Raises TemplateError."""
        self._list("")
        if self._documents:
            raise TemplateError("<< without its text", "write it on the next lines")

    def _inner(self, text: Text) -> list[Command]:
        """The commands of `$(...)`, up to its end; or all of a text of its own."""
        if text is not self._text:
            other = Commands(text, piped=self._piped)
            other.read()
            self.found += other.found
            return other.found
        before, documents = len(self.found), self._documents
        self._documents = []
        self._list(")")
        if self._documents:
            raise TemplateError("<< without its text before )", "end its text before the )")
        self._documents = documents
        return self.found[before:]

    def _list(self, end: str) -> None:
        """Commands up to `end`: the end of the text, `)`, or that of a clause of `case`."""
        text = self._text
        while True:
            self._space()
            reserved = text.match(_RESERVED)
            if self._ended(end, reserved[1] if reserved else ""):
                return
            if text.ahead("("):
                text.take(1)
                self._list(")")
            elif text.ahead("||"):
                text.take(2)
            elif text.next() in ";|" or (text.ahead("&") and not text.ahead("&>")):
                self._piped |= text.ahead("|")
                text.take(1)
            elif not (reserved and self._compound(reserved[1])):
                self._simple()

    def _ended(self, end: str, word: str) -> bool:
        """Whether a list ends here; a `word` comes next. Raises TemplateError for another end."""
        text = self._text
        if not text.next():
            if end:
                raise TemplateError(f"{end} is missing", f"write {end}")
            return True
        if end == ")" and text.ahead(")"):
            text.take(1)
            return True
        if end == "esac" and (word == end or text.ahead(*_ENDS_CLAUSE)):
            return True
        if text.ahead(")", *_ENDS_CLAUSE):
            raise TemplateError(f"{text.next()} that ends nothing", "take it out")
        if text.ahead("(("):
            raise TemplateError("(( in a template with parameters")
        return False

    def _compound(self, word: str) -> bool:
        """Whether it is a word of bash's own, which was read."""
        if word in _TRANSPARENT:
            self._text.take(len(word))
            if word == "time" and (found := self._text.match(_POSIX)):
                self._text.take(len(found[0]))
        elif word == "for":
            self._for()
        elif word == "case":
            self._case()
        elif word == "[[":
            self._test()
        elif word in _REFUSED:
            raise TemplateError(f"{word} in a template with parameters")
        else:
            return False
        return True

    def _simple(self) -> None:
        text, command = self._text, Command(piped=self._piped)
        # Where it stands in the order of those in its words does not matter.
        self.found.append(command)
        while self._blank() and (char := text.next()) and char not in "\n;|)":
            if text.ahead("<(", ">("):
                command.words.append(self._words.substituted())
            elif found := text.match(_REDIRECTION):
                self._redirection(command, found[1] or found[2])
            elif char in "&(":
                break
            else:
                self._take_word(command)
        if text.ahead("("):
            raise TemplateError("a function or an array in a template with parameters")

    def _take_word(self, command: Command) -> None:
        word = self._words.word()
        name = ASSIGNMENT.match(word.head)
        if not command.words and _SUBSCRIPT.match(word.head):
            raise TemplateError("an array in a template with parameters")
        if name and not command.words:
            command.assigned.append((name[1], word))
        else:
            command.words.append(word)

    def _redirection(self, command: Command, operator: str) -> None:
        text = self._text
        found = text.match(_REDIRECTION)
        assert found
        text.take(len(found[0]))
        self._blank()
        word = self._words.substituted() if text.ahead("<(", ">(") else self._words.word()
        if operator in ("<<", "<<-"):
            if not word.plain or "\n" in word.literal:
                raise TemplateError("<< with no plain word after it", "write <<END")
            body = Word()
            self._documents.append((word.literal, word.quoted, operator == "<<-", body))
            word = body
        command.redirections.append((operator, word))

    def _for(self) -> None:
        text, command = self._text, Command()
        text.take(3)
        self._blank()
        name = text.match(_NAME)
        if not name:
            raise TemplateError("for without a name, such as for ((", "write for name in words")
        text.take(len(name[0]))
        self._space()
        if text.ahead("in") and re.match(r"in(?=[ \t\n;]|$)", text.text[text.at :]):
            text.take(2)
            while self._blank() and text.next() and text.next() not in "\n;":
                if text.next() in "&|()<>":
                    raise TemplateError(f"{text.next()} in the words of for", "write for x in ...")
                command.each.append(self._words.word())
        over = command.each or [Word(plain=False, variables={"@"})]
        command.assigned = [(name[0], word) for word in over]
        self.found.append(command)

    def _case(self) -> None:
        text = self._text
        text.take(4)
        self._blank()
        self._words.word()
        self._space()
        if not re.match(r"in(?=[ \t\n]|$)", text.text[text.at :]):
            raise TemplateError("case without in", "write case ... in")
        text.take(2)
        while True:
            self._space()
            if re.match(r"esac(?=[ \t\n;&|()<>]|$)", text.text[text.at :]):
                text.take(4)
                return
            if text.ahead("("):
                text.take(1)
            while self._blank() and not text.ahead(")"):
                if text.ahead("|"):
                    text.take(1)
                elif not text.next() or text.next() in "\n;&(<>":
                    raise TemplateError("case whose pattern has no )", "write pattern)")
                else:
                    self._words.word()
            text.take(1)
            self._list("esac")
            if text.ahead(*_ENDS_CLAUSE):
                text.take(3 if text.ahead(";;&") else 2)

    def _test(self) -> None:
        """`[[ ... ]]`, with tests that calculate nothing and look for no variable."""
        text = self._text
        text.take(2)
        while True:
            self._space(comments=False)
            if re.match(r"\]\](?=[ \t\n;&|()<>]|$)", text.text[text.at :]):
                text.take(2)
                return
            if text.ahead("&&", "||"):
                text.take(2)
            elif text.next() and text.next() in "()":
                text.take(1)
            elif not text.next() or text.next() in ";&|<>#":
                raise TemplateError("this [[ in a template with parameters", 'write [ "$x" = y ]')
            else:
                word = self._words.word()
                odd = word.head.startswith("-") and word.head not in _SAFE_TESTS
                if word.head.startswith("=~") or odd:
                    what = f"{word.head} inside [[ in a template with parameters"
                    raise TemplateError(what, 'write [ "$x" = y ]')

    def _blank(self) -> bool:
        """Go over spaces, and lines that go on, and a comment; always true."""
        text = self._text
        begun = text.at
        while text.ahead(" ", "\t", "\\\n"):
            text.take(2 if text.ahead("\\") else 1)
        if text.ahead("#") and text.text[text.at - 1 : text.at] == ")":
            raise TemplateError("a # right after a )", "write a space before it")
        first = text.at == 0 or text.text[text.at - 1] in " \t\n;|&("
        if text.ahead("#") and (text.at > begun or first):
            while text.next() and text.next() != "\n":
                if text.next() in MARKS:
                    raise TemplateError("a parameter inside a comment", "take it out")
                text.take(1)
        return True

    def _space(self, *, comments: bool = True) -> None:
        """The same, and over the ends of lines."""
        text = self._text
        while True:
            if comments:
                self._blank()
            if text.ahead("\n"):
                text.take(1)
                self._read_documents()
            elif not comments and text.ahead(" ", "\t", "\\\n"):
                text.take(2 if text.ahead("\\") else 1)
            else:
                return

    def _read_documents(self) -> None:
        """The texts of the here-documents of the line that has ended."""
        documents, self._documents = self._documents, []
        for end, quoted, tabs, word in documents:
            self._document(end, word, quoted=quoted, tabs=tabs)

    def _document(self, end: str, word: Word, *, quoted: bool, tabs: bool) -> None:
        text, lines = self._text, []
        while True:
            if not text.next():
                raise TemplateError(f"<< whose {end} is missing", f"write {end} on its own line")
            line = text.text[text.at :].partition("\n")[0]
            text.at = min(len(text.text), text.at + len(line) + 1)
            if (line.lstrip("\t") if tabs else line) == end:
                break
            lines.append(line + "\n")
        body = "".join(lines)
        if quoted:
            if not MARKS.isdisjoint(body):
                raise TemplateError(f"a parameter in a <<'{end}'", f"write <<{end}")
            text.out.append(body)
        else:
            if "\\\n" in body:
                raise TemplateError("a \\ at the end of a line of <<", "take it out")
            part = Commands(Text(body, text.names), piped=self._piped)
            part._words.double(word, "")
            self.found += part.found
            text.out.append("".join(part._text.out))
        text.out.append(line + "\n")
