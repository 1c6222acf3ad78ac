"""What kubectl's commands are called, say of themselves and take: commands.json, read when it is asked for.

A row of a command has the fields of `Row`; its flags are `sets` and `shared` ones by their names, `flags` of its own,
and `refused` ones by their kind, each written NAME, NAME/SHORT or NAME=BARE. A word that isn't known raises TypeError
or KeyError.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from kubesim.api import load_table
from kubesim.gotext.pflag import Flag

_Fields = Mapping[str, Any]  # of a Row or of a Flag, as the table has them

_DEFAULTS: Mapping[str, Any] = {
    "text": "",
    "switch": False,
    "number": 0,
    "int32": 0,
    "duration": 0.0,
    "list": (),
    "pairs": (),
    "array": (),
}
_BARE = {"switch": "true"}  # what a flag without a value means, by its kind


class Row(NamedTuple):
    """What is known of one command."""

    usage: str = ""
    short: str = ""  # one line
    long: str = ""  # instead of `short`, in the command's own help
    example: str = ""
    aliases: Sequence[str] = ()  # of its last word
    required: Sequence[str] = ()  # flags that must be given
    is_group: bool = False  # it only holds others
    sets: Sequence[str] = ()
    shared: Sequence[str] = ()
    flags: Sequence[_Fields] = ()
    refused: Mapping[str, Sequence[str]] = {}


class Table(NamedTuple):
    """commands.json."""

    groups: Mapping[str, Mapping[str, str]]
    absent: Mapping[str, Mapping[str, str]]  # by group, what isn't simulated, with its `short` ("": help has none)
    suggested: Mapping[str, str]
    everywhere: _Fields  # of a Row: the flags of every command
    sets: Mapping[str, _Fields]  # of Rows: flags that come together
    shared: Mapping[str, _Fields]  # of Flags: those of several commands, by their name
    commands: Mapping[str, _Fields]  # of Rows, by the command's words

    def row(self, path: str) -> Row:
        """The row of a command by its words after "kubectl"."""
        return Row(**self.commands[path])

    def absent_from(self, group: str) -> Mapping[str, str]:
        """What isn't simulated of a group of commands ("": of kubectl), each with its line in help."""
        return self.absent.get(group, {})

    def flags(self, row: Row) -> Iterator[Flag]:
        """The flags of a row, those of sets first."""
        for name in row.sets:
            yield from self.flags(Row(**self.sets[name]))
        for name in row.shared:
            yield _flag({"name": name, **self.shared[name]})
        for fields in row.flags:
            yield _flag(fields)
        for kind, words in row.refused.items():
            for word in words:
                yield _refused(kind, word)


def _flag(fields: _Fields) -> Flag:
    kind = fields.get("kind", "text")
    return Flag(**{"default": _DEFAULTS[kind], "bare": _BARE.get(kind), **fields})


def _refused(kind: str, word: str) -> Flag:
    """The flag in NAME, NAME/SHORT or NAME=BARE, which isn't simulated."""
    spelling, _, bare = word.partition("=")
    name, _, short = spelling.partition("/")
    return Flag(name, short, kind, _DEFAULTS[kind], bare or _BARE.get(kind), simulated=False)


_TABLE = Table(**load_table(__file__, "commands.json"))

GROUPS = _TABLE.groups
"""The headings of kubectl's help: first words of commands, each with the modules that register it and its subcommands.

No module: the command isn't simulated. One is imported when its command is first used: a learner's first answer should
not wait for sixty commands.
"""
WORDS = {word: modules for group in GROUPS.values() for word, modules in group.items()}
MODULES = {word: modules for word, modules in WORDS.items() if modules}

ABSENT: frozenset[tuple[str, ...]] = frozenset(
    (*group.split(), word) for group, words in _TABLE.absent.items() for word in words
)
"""Commands of kubectl v1.36 that are not simulated."""

SUGGESTED = _TABLE.suggested
"""What someone may have meant by a word that is no command."""

# Methods of a Table, so that tests can ask a misspelt one.
row_of = _TABLE.row
flags_of = _TABLE.flags
absent_of = _TABLE.absent_from

GLOBAL = tuple(flags_of(Row(**_TABLE.everywhere)))
"""The flags of every command."""

GROUP_PATHS = tuple(path for path, row in _TABLE.commands.items() if path and row.get("is_group"))
"""The commands that only hold others, without kubectl itself."""
