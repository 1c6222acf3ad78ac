"""The parser: builds the tree of syntax.py from tokens, one line of commands at a time."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from functools import lru_cache
from typing import NoReturn

from kubesim.api.budget import Budget
from kubesim.shell import syntax
from kubesim.shell.lexer import Lexer
from kubesim.shell.syntax import IncompleteError, Operator, Script, Token, UnsupportedError, Word, Words

_UNSUPPORTED = ("case", "select", "function", "[[", "time")
_UNSUPPORTED_REDIRECTS = ("<&", "<>", "<<-", ">|", "&>>")
# The reserved words that end the scripts of each compound command.
_CLOSERS = {"while": ("do", "done"), "until": ("do", "done"), "{": ("}",), "(": (")",)}
_CLOSING = frozenset({"then", "else", "elif", "fi", "do", "done", "}"})
_LONG = 1000  # characters; a longer line is rarely typed twice, so it isn't cached
_SECONDS = re.compile(r"[0-9]{1,5}(?:\.[0-9]{1,3})?")


def parse(text: str, aliases: Mapping[str, str], budget: Budget) -> Iterator[Script]:
    """The commands of `text`, line by line, so that one line may define the aliases of the next.

    A repeated line comes from a cache, at the same price. Raises ShellSyntaxError with bash's message (IncompleteError
    if the text ends too early), UnsupportedError and TooMuchError.
    """
    if "\n" in text or len(text) > _LONG:
        return _lines(text, aliases, budget)
    scripts, cost = _parse_line(text, tuple(aliases.items()))
    budget.spend(cost)
    return iter(scripts)


@lru_cache(maxsize=256)
def _parse_line(text: str, aliases: tuple[tuple[str, str], ...]) -> tuple[list[Script], int]:
    """The parsed commands of a line, and the steps of a budget that parsing took."""
    budget = Budget()
    scripts = [*_lines(text, dict(aliases), budget)]
    return scripts, Budget.STEPS - budget.steps


def _lines(text: str, aliases: Mapping[str, str], budget: Budget) -> Iterator[Script]:
    return Parser(_lexer(text, aliases, budget), aliases).lines()


def _lexer(text: str, aliases: Mapping[str, str], budget: Budget) -> Lexer:
    """A lexer that parses the scripts in `$(…)` with these aliases."""
    return Lexer(text, budget, lambda lexer: Parser(lexer, aliases).substitution())


def _job(pipeline: syntax.Pipeline) -> syntax.Pipeline | None:
    """The job that `&` starts from the pipeline before it; None unless that is a subshell that sleeps first."""
    match pipeline:
        case syntax.Pipeline(
            operator=";",
            commands=(syntax.Compound(keyword="(", scripts=((first, *rest),), redirects=redirects),),
            negated=False,
        ) if rest and rest[0].operator != "||" and (seconds := _seconds_of_sleep(first)):
            job = syntax.Job(float(seconds), tuple(rest), redirects)
            return syntax.Pipeline(";", (job,), negated=False)
    return None


def _seconds_of_sleep(pipeline: syntax.Pipeline) -> str:
    """The argument of a `sleep` for some seconds, "" for any other pipeline."""
    match pipeline:
        case syntax.Pipeline(
            commands=(syntax.Simple(assignments=(), words=(name, seconds), redirects=()),), negated=False
        ) if name.bare == "sleep" and _SECONDS.fullmatch(seconds.source):
            return seconds.source
    return ""


class Parser:
    """Recursive descent with one token of look-ahead."""

    def __init__(self, lexer: Lexer, aliases: Mapping[str, str]) -> None:
        self._lexer = lexer
        self._aliases = aliases
        self._waiting: list[Token] = []  # a stack: the look-ahead token, or the tokens of an alias in reverse
        self._expanding: set[str] = set()  # aliases being expanded, which aren't expanded again; emptied with the stack

    def lines(self) -> Iterator[Script]:
        """Parse line by line."""
        while True:
            self._newlines()
            self._expand_alias()
            if self._at("\n"):  # an alias without text
                continue
            if self._peek() is None:
                return
            line = tuple(self._list())
            if self._peek() is not None and not self._at("\n"):
                self._unexpected()
            yield line

    def substitution(self) -> Script:
        """Parse the script of a `$(…)` up to its `)`."""
        try:
            with self._lexer.budget.level():
                script = self._script({")"})
                self._expect(")")
                return script
        except IncompleteError as error:
            if "EOF" in str(error):
                raise
            raise IncompleteError("unexpected EOF while looking for matching `)'") from error

    def _peek(self) -> Token:
        """The next token, which stays."""
        if not self._waiting:
            self._expanding.clear()
            self._waiting.append(self._lexer.next())
        return self._waiting[-1]

    def _take(self) -> Token:
        """The next token, which is removed."""
        self._peek()
        return self._waiting.pop()

    def _at(self, *texts: str) -> str:
        """The text of the next token if it is one of these unquoted operators or words, else ""."""
        token = self._peek()
        text: str | None = None
        if isinstance(token, Word):
            text = token.bare
        elif token and token.descriptor is None:
            text = token.text
        return text if text in texts else ""

    def _accept(self, *texts: str) -> str:
        """Remove the next token if it is one of these, see `_at`, and return its text, else ""."""
        text = self._at(*texts)
        if text:
            self._take()
        return text

    def _expect(self, *texts: str) -> str:
        return self._accept(*texts) or self._unexpected()

    def _unexpected(self) -> NoReturn:
        """Raise the error for the next token: IncompleteError, UnsupportedError or ShellSyntaxError."""
        token = self._peek()
        if token is None:
            raise IncompleteError("syntax error: unexpected end of file")
        text = token.source if isinstance(token, Word) else token.text.replace("\n", "newline")
        if text in ("<(", ">(", "|&", "&"):
            raise UnsupportedError(f"'{text}'")
        raise syntax.ShellSyntaxError(f"syntax error near unexpected token `{text}'")

    def _newlines(self) -> None:
        while self._accept("\n"):
            pass

    def _script(self, closing: Collection[str]) -> Script:
        """Parse commands on any number of lines, up to one of `closing`."""
        pipelines: list[syntax.Pipeline] = []
        self._newlines()
        while not self._at(*closing):
            pipelines += self._list()
            if not self._at(*closing):
                self._expect("\n")
            self._newlines()
        return tuple(pipelines)

    def _block(self, *closing: str) -> tuple[Script, str]:
        """As `_script`, but the script must not be empty. Returns the closing word, too."""
        self._newlines()
        if self._at(*closing):
            self._unexpected()
        with self._lexer.budget.level():
            return self._script(closing), self._expect(*closing)

    def _list(self) -> Iterator[syntax.Pipeline]:
        """Parse pipelines joined by `;`, `&`, `&&` and `||`."""
        operator = ";"
        while operator:
            pipeline = self._pipeline(operator)
            job = _job(pipeline) if self._at("&") else None
            yield job or pipeline
            operator = self._accept(";", "&&", "||", *(["&"] if job else []))
            if operator in ("&&", "||"):
                self._newlines()
            elif operator:
                operator = ";"
                self._expand_alias()  # an empty alias leaves no command
                if self._peek() is None or self._at("\n", ")", *_CLOSING):
                    return

    def _pipeline(self, operator: str) -> syntax.Pipeline:
        negated = bool(self._accept("!"))
        commands = [self._command()]
        while self._accept("|"):
            self._newlines()
            commands.append(self._command())
        return syntax.Pipeline(operator, tuple(commands), negated)

    def _command(self) -> syntax.Command:
        """Parse a simple or compound command. Raises UnsupportedError for compound commands in _UNSUPPORTED."""
        self._expand_alias()
        if word := self._at(*_UNSUPPORTED):
            raise UnsupportedError(f"'{word}'")
        keyword = self._accept("for", "if", *_CLOSERS)
        if not keyword:
            return self._simple()
        if keyword == "(" and self._lexer.is_before("("):
            raise UnsupportedError("'(('")
        name = ""
        words: Words = ()
        if keyword == "for":
            name, words = self._for_header()
            scripts = [self._block("done")[0]]
        elif keyword == "if":
            scripts = list(self._branches())
        else:
            scripts = [self._block(closer)[0] for closer in _CLOSERS[keyword]]
        return syntax.Compound(keyword, tuple(scripts), tuple(self._redirects()), name, words)

    def _expand_alias(self) -> None:
        """Replace an alias by its tokens, repeatedly if these begin with another alias."""
        while isinstance(token := self._peek(), Word):
            name = token.bare
            if name is None or name not in self._aliases or name in self._expanding:
                return
            self._take()
            self._expanding.add(name)
            lexer = _lexer(self._aliases[name], {}, self._lexer.budget)
            tokens: list[Token] = list(iter(lexer.next, None))
            self._waiting += reversed(tokens)

    def _simple(self) -> syntax.Simple:
        """Parse assignments, words and redirections. Assignments count only before the first word."""
        assignments: list[tuple[str, Word]] = []
        words: list[Word] = []
        redirects: list[syntax.Redirect] = []
        while True:
            redirects += self._redirects()
            token = self._peek()
            if not isinstance(token, Word) or (not words and token.bare in _CLOSING):
                break
            self._take()
            assignment = syntax.assignment(token) if not words else None
            if assignment:
                assignments.append(assignment)
            else:
                words.append(token)
        if not (assignments or words or redirects):
            self._unexpected()
        if len(words) == 1 and self._accept("("):  # bash reads the beginning of a function
            if self._at(")"):
                raise UnsupportedError(f"the function '{words[0].source[:40]}()'")
            self._unexpected()
        return syntax.Simple(tuple(assignments), tuple(words), tuple(redirects))

    def _redirects(self) -> Iterator[syntax.Redirect]:
        """Parse redirections. The here-document of `<<` is filled in later by the lexer."""
        while isinstance(token := self._peek(), Operator) and token.descriptor is not None:
            self._take()
            descriptors = (0,) if token.text.startswith("<") else (1, 2)
            descriptor = int(token.descriptor or descriptors[0])
            if descriptor not in descriptors or token.text in _UNSUPPORTED_REDIRECTS:
                raise UnsupportedError(f"the redirection '{token.descriptor}{token.text}'")
            if self._peek() is None:  # bash's message names a newline at the end of the text
                raise syntax.ShellSyntaxError("syntax error near unexpected token `newline'")
            target = self._word()
            document = None
            if token.text == "<<":
                delimiter = "".join(part.text for part in target.parts if isinstance(part, syntax.Literal))
                document = syntax.HereDocument(delimiter, expand=target.bare is not None)
                self._lexer.pending.append(document)
            yield syntax.Redirect(descriptor, token.text, target, document)

    def _for_header(self) -> tuple[str, Words]:
        """Parse `NAME in WORDS; do`."""
        name = self._word()
        words: list[Word] = []
        if not syntax.ASSIGNMENT.fullmatch(f"{name.bare}="):
            raise syntax.ShellSyntaxError(f"`{name.source}': not a valid identifier")
        self._newlines()
        if self._at(";", "do"):
            raise UnsupportedError(f"'for {name.source[:40]}' without 'in'")
        self._expect("in")
        while isinstance(self._peek(), Word):
            words.append(self._word())
        self._expect(";", "\n")
        self._newlines()
        self._expect("do")
        return name.source, tuple(words)

    def _branches(self) -> Iterator[Script]:
        """The conditions and branches of an `if` in turn, then the `else` branch."""
        keyword = "if"
        while keyword in ("if", "elif"):
            yield self._block("then")[0]
            script, keyword = self._block("elif", "else", "fi")
            yield script
        if keyword == "else":
            yield self._block("fi")[0]

    def _word(self) -> Word:
        token = self._peek()
        if not isinstance(token, Word):
            self._unexpected()
        self._take()
        return token
