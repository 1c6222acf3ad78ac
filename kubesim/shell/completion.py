"""Tab completion of an unfinished command line."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

from kubesim.shell.machine import Files, Machine
from kubesim.shell.tools import Tool

# Pattern of the operators between two commands.
_SEPARATORS = r"\|\||&&|[|;&\n(]"
# Pattern of a redirection's operator at the end of a line.
_REDIRECT = r"(?:[0-9&]?>>?|<)[ \t]*\Z"
# Pattern of a word with its quotes. The last quote may be open.
_WORD = r"(?s)(?:'[^']*+'?|\"(?:[^\"\\]|\\.)*+\"?|\\.|[^\s'\"\\]|\\)++"
# Pattern of a variable at the end of a word; its name may be unfinished.
_VARIABLE = r"(?<!\\)\$(?P<brace>\{?)(?P<start>[A-Za-z_0-9]*)\Z"
_QUOTE = r"(?s)\\(.)|['\"]"
# Pattern of the characters that need a backslash in a file name.
_SPECIAL = r"[\s'\"\\$`|&;()<>*?\[\]#~]"
_MAX_COMPLETED = 10_000  # longest part of the line before the cursor that is parsed, in characters


def word_start(line: str, cursor: int) -> int:
    """The start of the word that ends at `cursor`: after the last blank, separator or redirection."""
    before = line[:cursor]
    return len(before) - len(re.split(r"(?<!\\)[\s|;&<>(]", before[-_MAX_COMPLETED:])[-1])


def complete(line: str, machine: Machine, tools: Mapping[str, Tool]) -> list[str]:
    """The sorted completions of the last word of `line`: variables, commands, arguments of a command, or files."""
    return sorted({*_candidates(line, machine, tools)})


def _candidates(line: str, machine: Machine, tools: Mapping[str, Tool]) -> Iterable[str]:
    """The completions in any order, with repetitions."""
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
    """`word`, which ends in `$NAME` or `${NAME`, with NAME completed to each of `names`."""
    before_name = word[: variable.start("start")]
    end = "}" if variable["brace"] else ""
    for name in names:
        if name.startswith(variable["start"]):
            yield f"{before_name}{name}{end}"


def _words(command: str, aliases: Mapping[str, str]) -> list[str]:
    """The unquoted words of an unfinished command. The last one is to be completed; an alias in front is replaced."""
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
    """The paths that begin with `word`. Hidden files are left out unless the word's last part begins with a dot."""
    folder, slash, start = re.sub(r"\\(.)", r"\1", word).rpartition("/")
    place = folder + slash or "."
    if not files.is_dir(place):
        return
    for name in files.listdir(place):
        if name.startswith(start) and (start or not name.startswith(".")):
            path = re.sub(_SPECIAL, r"\\\g<0>", f"{folder}{slash}{name}")
            yield f"{path}/" if files.is_dir(f"{place}/{name}") else path
