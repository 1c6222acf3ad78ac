"""The table of kubectl's commands: names, help texts and flags, from commands.json. Their code is in other modules.

The row of a command has the fields of `Row`. Its flags come from four fields: `sets` and `shared` name entries of the
table's sections of that name, `flags` are the command's own, and `refused` lists by kind those that aren't simulated,
each written NAME, NAME/SHORT or NAME=BARE. An unknown field raises TypeError, an unknown name KeyError.
"""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from kubesim.api import typed
from kubesim.gotext.pflag import Flag

_Fields = dict[str, Any]  # keyword arguments of a Row or a Flag, parsed from JSON

# By a flag's kind, its value if it isn't typed and its own default isn't in the table.
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
_BARE = {"switch": "true"}  # by a flag's kind, the value of a flag that is typed without one


class Row(NamedTuple):
    """One command: its help texts and flags."""

    usage: str = ""
    short: str = ""  # one line
    long: str = ""  # replaces `short` in the command's own help
    example: str = ""
    aliases: tuple[str, ...] = ()  # other spellings of the command's last word
    required: tuple[str, ...] = ()  # names of flags that must be typed
    is_group: bool = False  # has subcommands and does nothing else
    sets: tuple[str, ...] = ()
    shared: tuple[str, ...] = ()
    flags: tuple[_Fields, ...] = ()
    refused: Mapping[str, tuple[str, ...]] = {}


class Table(NamedTuple):
    """The sections of commands.json."""

    groups: Mapping[str, Mapping[str, str]]  # by heading of the help, first words of commands and their modules
    # By group ("" for kubectl itself), commands that aren't simulated, each with its line in the help. An empty line
    # keeps the command out of the help.
    absent: Mapping[str, Mapping[str, str]]
    suggested: Mapping[str, str]
    everywhere: _Fields  # a Row with the flags of every command
    sets: Mapping[str, _Fields]  # Rows with flags that several commands take together
    shared: Mapping[str, _Fields]  # Flags that several commands take one by one, by the flag's name
    commands: Mapping[str, _Fields]  # Rows, by the command's words after "kubectl"

    def row(self, path: str) -> Row:
        """The row of the command `path`, its words after "kubectl". Raises KeyError, and ValueError for a field."""
        return _row(self.commands[path], path)

    def absent_from(self, group: str) -> Mapping[str, str]:
        """Subcommands of a group ("" for kubectl itself) that aren't simulated, each with its line in the help."""
        return self.absent.get(group, {})

    def flags(self, row: Row) -> Iterator[Flag]:
        """The flags of a row: those of its sets, then shared ones, its own, and those that aren't simulated."""
        for name in row.sets:
            yield from self.flags(_row(self.sets[name], name))
        for name in row.shared:
            yield _flag({"name": name, **self.shared[name]})
        for fields in row.flags:
            yield _flag(fields)
        for kind, words in row.refused.items():
            for word in words:
                yield _refused(kind, word)


def _row(fields: _Fields, name: str) -> Row:
    row: Row = typed.read(Row, fields, name)
    return row


def _flag(fields: _Fields) -> Flag:
    kind = fields.get("kind", "text")
    return Flag(**{"default": _DEFAULTS[kind], "bare": _BARE.get(kind), **fields})


def _refused(kind: str, word: str) -> Flag:
    """A flag that isn't simulated; `word` is NAME, NAME/SHORT or NAME=BARE."""
    spelling, _, bare = word.partition("=")
    name, _, short = spelling.partition("/")
    return Flag(name, short, kind, _DEFAULTS[kind], bare or _BARE.get(kind), simulated=False)


_TABLE: Table = typed.read_table(__file__, "commands.json", Table)

# By heading of kubectl's help, first words of commands and the names of the modules that register their commands.
# A word without modules isn't simulated. `lookup` imports a module when its command is first used, because a learner's
# first answer should not wait for sixty commands.
GROUPS = _TABLE.groups
WORDS = {word: modules for group in GROUPS.values() for word, modules in group.items()}
MODULES = {word: modules for word, modules in WORDS.items() if modules}

# Commands of kubectl v1.36 that are not simulated, as their words after "kubectl".
ABSENT: frozenset[tuple[str, ...]] = frozenset(
    (*group.split(), word) for group, words in _TABLE.absent.items() for word in words
)

# The command to suggest for a word that is no command, such as those that cobra's SuggestFor lists.
SUGGESTED = _TABLE.suggested

# The methods of the one table. Tests call those of a Table with mistakes.
row_of = _TABLE.row
flags_of = _TABLE.flags
absent_of = _TABLE.absent_from

# The flags of every command.
GLOBAL = tuple(flags_of(_row(_TABLE.everywhere, "everywhere")))

# Commands that only have subcommands, without kubectl itself.
GROUP_PATHS = tuple(path for path, row in _TABLE.commands.items() if path and row.get("is_group"))
