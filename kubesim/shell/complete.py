"""What Tab offers."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from kubesim.shell.state import State
from kubesim.shell.tools.tool import Tool

_SEPARATORS = re.compile(r"\|\||&&|[|;&\n(]")
_REDIRECT = re.compile(r"[0-9&]?>>?[ \t]*|<[ \t]*")
_TOKEN = re.compile(r"'[^']*'?|\"(?:[^\"\\]|\\.)*\"?|\\.|[^\s'\"\\]|\\", re.DOTALL)
_SPECIAL = re.compile(r"[\s'\"\\$`|&;()<>*?\[\]#~]")
_MAX_LINE = 10_000


def word_start(line: str, cursor: int) -> int:
    """Where the word that ends at `cursor` begins: after the last blank, separator or redirection."""
    before = line[:cursor]
    return len(before) - len(re.split(r"(?<!\\)[\s|;&<>(]", before[-_MAX_LINE:])[-1])


def complete(line: str, cursor: int, state: State, tools: Mapping[str, Tool]) -> list[str]:
    """The whole words, sorted, that may stand in place of line[word_start(line, cursor):cursor].

    A folder ends with "/"; after anything else a space may follow if there is only one candidate.
    """
    before = line[:cursor][-_MAX_LINE:]
    word = before[word_start(before, len(before)) :]
    if match := re.search(r"\$\{?([A-Za-z_0-9]*)$", word):
        names = sorted(name for name in {**state.env, **state.variables} if name.startswith(match[1]))
        closing = "}" if "{" in match[0] else ""
        return [word[: match.start(1)] + name + closing for name in names]
    command = _words(_SEPARATORS.split(before)[-1], state.aliases)
    if len(command) == 1 and "/" not in word:
        return sorted(name for name in {*tools, *state.aliases} if name.startswith(word))
    program = tools.get(command[0])
    if program and program.complete and not _REDIRECT.search(before[: len(before) - len(word)][-3:]):
        offered = sorted(set(program.complete(command[1:])))
        if offered:
            return offered
    return sorted(_files(word, state))


def _words(command: str, aliases: Mapping[str, str]) -> list[str]:
    """The words of an unfinished command, the last one being the one to complete; an alias at its head is replaced."""
    words = [""]
    for match in re.finditer(rf"\s+|{_TOKEN.pattern}", command.lstrip(), re.DOTALL):
        if match[0].isspace():
            words.append("")
        else:
            words[-1] += (
                match[0][1:] if match[0][0] == "\\" else match[0].strip("'\"") if match[0][0] in "'\"" else match[0]
            )
    while len(words) > 1 and re.match(r"[A-Za-z_]\w*=", words[0]):
        words.pop(0)
    return [*aliases[words[0]].split(), *words[1:]] if len(words) > 1 and words[0] in aliases else words


def _files(word: str, state: State) -> Iterable[str]:
    typed = re.sub(r"\\(.)", r"\1", word)
    folder, slash, start = typed.rpartition("/")
    place = folder + slash or "."
    if not state.workspace.is_dir(place):
        return
    for name in state.workspace.listdir(place):
        if name.startswith(start) and (start or not name.startswith(".")):
            path = _SPECIAL.sub(r"\\\g<0>", f"{folder}{slash}{name}")
            yield f"{path}/" if state.workspace.is_dir(f"{place}/{name}") else path
