"""Expansion: from the words of the tree to the arguments that a command is given.

In bash's order: braces, tilde, variables and substitutions, splitting into fields, file names.
"""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from kubesim.shell.state import State
from kubesim.shell.syntax import Literal, Script, UnsupportedError, Variable, Word

_BRACES = re.compile(r"\{([^{}]*,[^{}]*|-?\d{1,9}\.\.-?\d{1,9}|[A-Za-z]\.\.[A-Za-z])\}")
_BLANKS = re.compile(r"[ \t\n]+")
_MAGIC = re.compile(r"[*?[]")
_MAX_PATTERN = 1000
_MAX_BRACES = 20
_FOLDER_COST = 2000

Piece = tuple[str, bool]  # text, and whether it is quoted


@dataclass(frozen=True)
class Expander:
    """Expands words with the variables and files of `state`; `substitute` runs the script of a `$(…)`."""

    state: State
    substitute: Callable[[Script], str]

    def arguments(self, words: Sequence[Word]) -> list[str]:
        """All fields that `words` become: none, one or several for each word."""
        return [text for word in words for one in self._braces(word) for text in self._file_names(self._fields(one))]

    def text(self, word: Word) -> str:
        """What `word` becomes where it is not split: in an assignment, a here-document."""
        return "".join(value for value, _ in self._pieces(word))

    def _braces(self, word: Word, depth: int = 0) -> Iterator[Word]:
        for index, part in enumerate(word.parts):
            match = _BRACES.search(part.text) if isinstance(part, Literal) and not part.quoted else None
            if match and isinstance(part, Literal):
                if depth == _MAX_BRACES:
                    raise UnsupportedError(f"more than {_MAX_BRACES} {{braces}} in a word")
                for middle in self._alternatives(match[1]):
                    self.state.budget.spend(10 + len(part.text))
                    text = Literal(part.text[: match.start()] + middle + part.text[match.end() :])
                    parts = (*word.parts[:index], text, *word.parts[index + 1 :])
                    yield from self._braces(Word(parts, word.source), depth + 1)
                return
        yield word

    def _alternatives(self, text: str) -> Iterator[str]:
        if "," in text:
            yield from text.split(",")
            return
        first, last = text.split("..")
        letters = first.isalpha()
        start, end = (ord(first), ord(last)) if letters else (int(first), int(last))
        step = 1 if start <= end else -1
        for number in range(start, end + step, step):
            yield chr(number) if letters else str(number)

    def _pieces(self, word: Word) -> Iterator[Piece]:
        for index, part in enumerate(word.parts):
            match part:
                case Literal(text, quoted):
                    tilde = index == 0 and not quoted and re.match(r"~(?=/|$)", text)
                    value = self.state.lookup("HOME") + text[1:] if tilde else text
                case Variable("$", quoted):
                    raise UnsupportedError("'$$'")
                case Variable(name, quoted):
                    value = self.state.lookup(name)
                case _:
                    value, quoted = self.substitute(part.script), part.quoted
            self.state.budget.spend(len(value))
            yield value, quoted

    def _fields(self, word: Word) -> Iterator[list[Piece]]:
        current: list[Piece] = []
        for part, (value, quoted) in zip(word.parts, self._pieces(word), strict=True):
            chunks = [value] if quoted or isinstance(part, Literal) else _BLANKS.split(value)
            for number, chunk in enumerate(chunks):
                if number and current:
                    yield current
                    current = []
                if chunk or quoted:
                    current.append((chunk, quoted))
        if current:
            yield current

    def _file_names(self, fields: Iterator[list[Piece]]) -> Iterator[str]:
        for field in fields:
            text = "".join(value for value, _ in field)
            magic = any(not quoted and _MAGIC.search(value) for value, quoted in field)
            pattern = "".join(_MAGIC.sub(r"[\g<0>]", value) if quoted else value for value, quoted in field)
            yield from (magic and len(pattern) < _MAX_PATTERN and self._glob(pattern)) or [text]

    def _glob(self, pattern: str) -> list[str]:
        """The paths that match, sorted; none where there is none."""
        found = ["/"] if pattern.startswith("/") else [""]
        for segment in filter(None, pattern.split("/")):
            found = [path for folder in found for path in self._matches(folder, segment)]
        return found

    def _matches(self, folder: str, segment: str) -> Iterator[str]:
        workspace = self.state.workspace
        prefix = f"{folder.rstrip('/')}/" if folder else ""
        if not _MAGIC.search(segment):
            if workspace.exists(prefix + segment):
                yield prefix + segment
            return
        match = re.compile(fnmatch.translate(segment.replace("[^", "[!"))).match
        self.state.budget.spend(_FOLDER_COST)
        names = workspace.listdir(folder or ".") if workspace.is_dir(folder or ".") else []
        for name in names:
            self.state.budget.spend(len(name))
            if match(name) and (not name.startswith(".") or segment.startswith(".")):
                yield prefix + name
