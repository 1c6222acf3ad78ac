"""What Tab offers in a line that may still be unfinished."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

from kubesim.shell.machine import Files, Machine
from kubesim.shell.tools import Tool

_SEPARATORS = r"\|\||&&|[|;&\n(]"
"""What ends a command."""
_REDIRECT = r"(?:[0-9&]?>>?|<)[ \t]*\Z"
"""What begins a redirection, at the end of a line."""
_WORD = r"(?s)(?:'[^']*+'?|\"(?:[^\"\\]|\\.)*+\"?|\\.|[^\s'\"\\]|\\)++"
"""A word with its quotes, of which the last may be open."""
_VARIABLE = r"(?<!\\)\$(?P<brace>\{?)(?P<start>[A-Za-z_0-9]*)\Z"
"""A variable whose name may be unfinished, at the end of a word."""
_QUOTE = r"(?s)\\(.)|['\"]"
_SPECIAL = r"[\s'\"\\$`|&;()<>*?\[\]#~]"
"""What has to be quoted in the name of a file."""
_MAX_COMPLETED = 10_000  # characters before the cursor that are looked at


def word_start(line: str, cursor: int) -> int:
    """Where the word that ends at `cursor` begins: after the last blank, separator or redirection."""
    before = line[:cursor]
    return len(before) - len(re.split(r"(?<!\\)[\s|;&<>(]", before[-_MAX_COMPLETED:])[-1])


def complete(line: str, machine: Machine, tools: Mapping[str, Tool]) -> list[str]:
    """The words, sorted, that the last one of a line may become: variables, commands, words of one, or files."""
    return sorted({*_candidates(line, machine, tools)})


def _candidates(line: str, machine: Machine, tools: Mapping[str, Tool]) -> Iterable[str]:
    """The same, in any order, some of them twice."""
    line = line[-_MAX_COMPLETED:]
    start = word_start(line, len(line))
    word = line[start:]
    shell = machine.shell
    if variable := re.search(_VARIABLE, word):
        return _variables(word, variable, [*shell.env, *shell.variables])
    command = _words(re.split(_SEPARATORS, line)[-1], shell.aliases)
    if len(command) == 1 and "/" not in word:
        return (name for name in [*tools, *shell.aliases] if name.startswith(word))
    program = tools.get(command[0])
    is_redirected = re.search(_REDIRECT, line[:start])
    if program and program.complete and not is_redirected:
        words = list(program.complete(command[1:]))
        if words:
            return words
    return _files(word, machine.files)


def _variables(word: str, variable: re.Match[str], names: Iterable[str]) -> Iterator[str]:
    """A word that ends within `$NAME` or `${NAME`, with each name that it may become."""
    before_name = word[: variable.start("start")]
    end = "}" if variable["brace"] else ""
    for name in names:
        if name.startswith(variable["start"]):
            yield f"{before_name}{name}{end}"


def _words(command: str, aliases: Mapping[str, str]) -> list[str]:
    """The words of an unfinished command, the last one being the one to complete; an alias at its head is replaced."""
    typed = re.findall(_WORD, command)
    words = [re.sub(_QUOTE, r"\1", word) for word in typed]
    if not typed or not command.endswith(typed[-1]):
        words.append("")
    while len(words) > 1 and re.match(r"[A-Za-z_]\w*=", words[0]):
        words.pop(0)
    if len(words) > 1 and words[0] in aliases:
        return [*aliases[words[0]].split(), *words[1:]]
    return words


def _files(word: str, files: Files) -> Iterator[str]:
    """The files whose paths a word begins; hidden ones only where it says so."""
    folder, slash, start = re.sub(r"\\(.)", r"\1", word).rpartition("/")
    place = folder + slash or "."
    if not files.is_dir(place):
        return
    for name in files.listdir(place):
        if name.startswith(start) and (start or not name.startswith(".")):
            path = re.sub(_SPECIAL, r"\\\g<0>", f"{folder}{slash}{name}")
            yield f"{path}/" if files.is_dir(f"{place}/{name}") else path
