"""Expansion of the tree's words to a command's arguments.

The order is bash's: tilde, variables and substitutions, splitting into fields, file names.
"""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from kubesim.shell.machine import Machine
from kubesim.shell.syntax import (
    Literal,
    Part,
    Script,
    Substitution,
    UnsupportedError,
    Variable,
    Word,
    assignment,
    is_bare,
)

# Braces that bash expands and this shell refuses: {a,b}, {$x,b}, {1..3}. Those of jsonpath, as in {.a}, stay.
_BRACES = r"\{[^{},]*+,[^}]*+\}|\{-?\w+\.\.-?\w+(\.\.-?\w+)?\}"
_BLANKS = r"[ \t\n]+"
_MAGIC = r"[*?[]"
_EXPANDED = re.compile(r"[*?[~{]")  # without one of these, a bare word stays as it is
# Steps of the budget for each word, field, part and so on.
_WORD_COST = 80
_FIELD_COST = 40
_CHARACTER_COST = 3  # each character may be a brace or a comma, which the patterns visit
_PART_COST = 8  # a word may have dozens of parts
_FOLDER_COST = 2000
_PATTERN_COST = 40  # for each character of a file name pattern
# The word `"$@"`: each parameter becomes a field of its own. Within a longer word, it is refused.
_PARAMETERS = Variable("@", quoted=True)
_ALL_PARAMETERS = (Literal("", quoted=True), _PARAMETERS)


class Piece(NamedTuple):
    """An expanded part of a word. Quoted text isn't split, and its `*?[` are no file name pattern."""

    text: str
    quoted: bool


class Expander:
    """Expands words with the variables and files of `machine`. `substitute` runs the script of a `$(…)`."""

    def __init__(self, machine: Machine, substitute: Callable[[Script], str]) -> None:
        self.machine = machine
        self.substitute = substitute

    def arguments(self, words: Sequence[Word]) -> list[str]:
        """The fields that `words` expand to. As in bash, an assignment after `export` isn't split.

        Raises UnsupportedError and TooMuchError.
        """
        is_export = bool(words) and words[0].bare == "export"
        fields: list[str] = []
        for word in words:
            text = word.bare
            assigned = assignment(word) if is_export else None
            if assigned:
                fields.append(f"{assigned[0]}={self.text(assigned[1])}")
            elif text and not _EXPANDED.search(text):
                self.machine.budget.produce(len(text))
                fields.append(text)
            else:
                self.machine.budget.spend(_WORD_COST + _CHARACTER_COST * len(word.source))
                if re.search(_BRACES, _unquoted(word.parts)):
                    raise UnsupportedError(f"'{word.source[:40]}'")
                for pieces in self._fields(word):
                    self.machine.budget.spend(_FIELD_COST)
                    fields += self._file_names(pieces)
        return fields

    def text(self, word: Word) -> str:
        """Expand a word that isn't split into fields: the value of an assignment, or a here-document."""
        return "".join(piece.text for piece in self._pieces(word))

    def _pieces(self, word: Word) -> Iterator[Piece]:
        """Expand the parts of a word, each to one piece. A leading `~` becomes $HOME."""
        self.machine.budget.spend(_PART_COST * len(word.parts))
        is_home = re.match(r"~(?:/|\Z)", _unquoted(word.parts[:2])) is not None
        for part in word.parts:
            value = self._value(part)
            if is_home and part is word.parts[0]:
                value = self.machine.value_or_empty("HOME") + value.removeprefix("~")
            self.machine.budget.produce(len(value))
            yield Piece(value, part.quoted)

    def _value(self, part: Part) -> str:
        match part:
            case Literal(text):
                return text
            case Variable(name=name, default=default, replaces_empty=replaces_empty):
                value = self.machine.value(name)
                is_missing = value is None or (replaces_empty and not value)
                return self.text(default) if default and is_missing else value or ""
            case Substitution(script=script):
                return self.substitute(script)

    def _fields(self, word: Word) -> Iterator[list[Piece]]:
        """The fields of a word, split at the blanks in the values of its unquoted variables and substitutions.

        Raises UnsupportedError for `"$@"` within a longer word and for an IFS of one's own.
        """
        parameters = self.machine.shell.parameters[1:]
        if word.parts == _ALL_PARAMETERS:
            for text in parameters:
                self.machine.budget.produce(len(text))
                yield [Piece(text, quoted=True)]
            return
        if len(parameters) > 1 and _PARAMETERS in word.parts:
            raise UnsupportedError("'\"$@\"' as a part of a word")
        current: list[Piece] = []
        for part, piece in zip(word.parts, self._pieces(word), strict=True):
            for index, chunk in enumerate(self._chunks(part, piece)):
                is_new_field = index > 0
                if is_new_field and current:
                    yield current
                    current = []
                if chunk or piece.quoted:  # a quoted empty string is a field of its own
                    current.append(Piece(chunk, piece.quoted))
        if current:
            yield current

    def _chunks(self, part: Part, piece: Piece) -> list[str]:
        """The text of a part, cut at its blanks if it is an unquoted variable or substitution."""
        if piece.quoted or isinstance(part, Literal):
            return [piece.text]
        if self.machine.value("IFS") not in (None, " \t\n") and piece.text:
            raise UnsupportedError("splitting words at an IFS of one's own")
        return re.split(_BLANKS, piece.text)

    def _file_names(self, pieces: Sequence[Piece]) -> list[str]:
        """The sorted files that match a field's pattern, or the field's text if none does."""
        text = "".join(piece.text for piece in pieces)
        if not any(re.search(_MAGIC, piece.text) for piece in pieces if not piece.quoted):
            return [text]
        pattern = ""
        for piece in pieces:
            pattern += re.sub(_MAGIC, r"[\g<0>]", piece.text) if piece.quoted else piece.text
        paths = ["/"] if pattern.startswith("/") else [""]
        for segment in filter(None, pattern.split("/")):
            paths = [path for folder in paths for path in self._matches(folder, segment)]
        if pattern.endswith("/"):
            paths = [f"{path}/" for path in paths if self.machine.files.is_dir(path)]
        return paths or [text]

    def _matches(self, folder: str, segment: str) -> Iterator[str]:
        """The paths in `folder` that match one segment of a file name pattern."""
        files = self.machine.files
        prefix = f"{folder.rstrip('/')}/" if folder else ""
        if not re.search(_MAGIC, segment):
            if files.exists(prefix + segment):
                yield prefix + segment
            return
        self.machine.budget.spend(_FOLDER_COST + _PATTERN_COST * len(segment))
        match = _file_pattern(segment).match
        try:
            names = files.listdir(folder or ".")
        except OSError:  # a path that is no folder, or may not be read, has no matches
            return
        for name in names:
            self.machine.budget.spend(len(name))
            if match(name) and (not name.startswith(".") or segment.startswith(".")):
                yield prefix + name


def _unquoted(parts: Sequence[Part]) -> str:
    """The unquoted text of `parts`, with "$" for each part that is quoted or expanded."""
    return "".join(part.text if is_bare(part) else "$" for part in parts)


def _file_pattern(pattern: str) -> re.Pattern[str]:
    """The regular expression of a file name pattern. A `[` without a `]` is an ordinary character, as in bash."""
    head, bracket, tail = pattern.replace("[^", "[!").rpartition("]")
    return re.compile(fnmatch.translate(head + bracket + tail.replace("[", "[[]")))
