"""The first mistake of a YAML text in the editor, in words for someone who hasn't written much YAML."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Any

import yaml

from kubesim.api import load_yaml, yaml_loader
from kubesim.jupyter.card import Message

HINTS: dict[str, str] = load_yaml(Path(__file__).with_suffix(".yaml"))
_NOTICED_LATER = ("found unexpected end of stream", "could not find expected ':'")  # than on the line of the mistake


def first_mistake(text: str) -> Message:
    """The `line` on which `text` cannot be read as YAML documents, and why, in `words`; nothing when it can."""
    with suppress(yaml.YAMLError, RecursionError, UnicodeEncodeError):
        _compose(text, yaml_loader())
        return {}
    try:
        _compose(text, yaml.SafeLoader)  # slower, but it says what it expected, for which HINTS has our words
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
    for _ in yaml.compose_all(text, Loader=loader):
        pass


def _line(error: yaml.MarkedYAMLError, text: str) -> int:
    """The line of the mistake, from 1, but none below the last one that has text."""
    mark = error.problem_mark or error.context_mark
    if any(part in (error.problem or "") for part in _NOTICED_LATER):
        mark = error.context_mark or mark
    last = max(1, len(text.rstrip().splitlines()))
    return min(mark.line + 1, last) if mark else 1
