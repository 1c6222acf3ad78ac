"""The first syntax error of a YAML text in the editor, in words for beginners.

mistakes.yaml has our words for PyYAML's. Whether a manifest is valid is for the API server to say, not for this module.
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Any

import yaml

from kubesim.api import load_yaml, yaml_loader
from kubesim.jupyter.card import Message

# Our words by a part of PyYAML's message; the first part that a message contains counts.
HINTS: dict[str, str] = load_yaml(Path(__file__).with_suffix(".yaml"))
# Messages whose problem_mark is far below the mistake: their context_mark is the line to show.
_NOTICED_LATER = ("found unexpected end of stream", "could not find expected ':'")


def first_mistake(text: str) -> Message:
    """The first syntax error of YAML documents: its `line`, from 1, and the reason in `words`; {} if there is none."""
    with suppress(yaml.YAMLError, RecursionError, UnicodeEncodeError):
        _compose(text, yaml_loader())
        return {}
    try:
        _compose(text, yaml.SafeLoader)  # the slow loader in Python again: HINTS knows its messages, not those of C
    except yaml.MarkedYAMLError as error:
        problem = error.problem or "this is not YAML"
        hint = next((hint for part, hint in HINTS.items() if part in problem), problem)
        return {"line": _line(error, text), "words": hint}
    except yaml.YAMLError as error:
        return {"line": 1, "words": str(error).splitlines()[0]}
    except RecursionError:
        return {"line": 1, "words": "this is nested too deeply"}
    return {}


def _compose(text: str, loader: Any) -> None:
    """Parse all documents into nodes, without building values. Raises yaml.YAMLError."""
    for _ in yaml.compose_all(text, Loader=loader):
        pass


def _line(error: yaml.MarkedYAMLError, text: str) -> int:
    """The line of the error, from 1, at most the last line with text."""
    mark = error.problem_mark or error.context_mark
    if any(part in (error.problem or "") for part in _NOTICED_LATER):
        mark = error.context_mark or mark
    last = max(1, len(text.rstrip().splitlines()))
    return min(mark.line + 1, last) if mark else 1
