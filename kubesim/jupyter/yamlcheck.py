"""The first mistake of a YAML text, told for a learner: the line and what to do about it."""

from __future__ import annotations

from typing import NamedTuple

import yaml

HINTS = {
    "'\\t' that cannot start any token": "a tab: indent YAML with spaces",
    "mapping values are not allowed here": "a ':' too many, or this line is indented too far",
    "could not find expected ':'": "no ':' after the key, or a line of the text above is indented too little",
    "but found '<block mapping start>'": "indented differently from the lines above it",
    "but found '<block sequence start>'": "this '-' is not in line with the list or the keys above it",
    "but found '-'": "this '-' is not in line with the list or the keys above it",
    "but found '?'": "indented differently from the lines above it",
    "but found '<scalar>'": "something stands after the end of the value; put text with ':' or quotes into quotes",
    "expected ',' or ']'": "a list that begins with '[' needs ',' between its items and ']' at its end",
    "expected ',' or '}'": "a map that begins with '{' needs ',' between its keys and '}' at its end",
    "found unexpected end of stream": "a quote is opened and not closed",
    "found unexpected document separator": "a quote is opened and not closed",
    "sequence entries are not allowed here": "a list cannot begin on the line of its key: put '- ' on the next line",
    "that cannot start any token": "this sign cannot begin a value: put the value into quotes",
    "found undefined alias": "'*' refers to an anchor that is not there: put the value into quotes",
}
"""What PyYAML says (a part of it) and what we say."""

_NOTICED_LATER = ("found unexpected end of stream", "could not find expected ':'")  # than on the line of the mistake


class Mistake(NamedTuple):
    """Line 1 is the first."""

    line: int
    words: str


def is_yaml(name: str) -> bool:
    """Whether the file of this name is checked."""
    return name.lower().endswith((".yaml", ".yml"))


def first_mistake(text: str) -> Mistake | None:
    """Where and why `text` cannot be read as YAML documents; None when it can."""
    try:
        for _ in yaml.compose_all(text, Loader=yaml.SafeLoader):
            pass
    except yaml.MarkedYAMLError as error:
        return Mistake(_line(error, text), _words(error.problem or "this is not YAML"))
    except yaml.YAMLError as error:
        return Mistake(1, str(error).splitlines()[0])
    return None


def _line(error: yaml.MarkedYAMLError, text: str) -> int:
    began_before = any(part in (error.problem or "") for part in _NOTICED_LATER)
    mark = (error.context_mark if began_before else None) or error.problem_mark or error.context_mark
    last = max(1, len(text.rstrip().splitlines()))
    return min(mark.line + 1, last) if mark else 1


def _words(problem: str) -> str:
    return next((hint for part, hint in HINTS.items() if part in problem), problem)
