"""The description of a kind without a screen of its own, called from screens.json.

Mirrors printUnstructuredContent of k8s.io/kubectl pkg/describe/describe.go, v1.36.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from kubesim.api.formatters import formatter
from kubesim.api.objects import Object
from kubesim.gotext import gofmt

_LEFT_OUT = {f"metadata.{name}" for name in ("name", "namespace", "labels", "annotations", "managedFields")}
_LEFT_OUT |= {"now", "+events"}  # no fields of the object: `describe` adds them
# Three capitals and more stay with what follows, as kubectl has it: "APIs" and "HTTPRoute", but "Pod I Ps".
_WORD = re.compile(r"[A-Z]{3,}[a-z]*|[A-Z]+(?![a-z])|[A-Z]?[a-z]+|-+")
_ACRONYMS = {"API", "URL", "UID", "GUID"}


@formatter
def _fields(content: Object, indent: str = "", path: str = "") -> Iterator[str]:
    """Every field of an object, sorted, with its name taken apart into words."""
    for name, value in sorted(content.items()):
        if f"{path}{name}" in _LEFT_OUT:
            continue
        if not isinstance(value, dict | list):
            yield f"{indent}{_label(name)}:\t{gofmt.sprint(value)}"
            continue
        yield f"{indent}{_label(name)}:"
        items = value if isinstance(value, list) else [value]
        for item in items:
            if isinstance(item, dict):
                yield from _fields(item, f"{indent}  ", f"{path}{name}.")
            else:
                yield f"{indent}  {gofmt.sprint(item)}"


def _label(name: str) -> str:
    """The words of a name; one with anything but letters and hyphens stays as it is. Mirrors smartLabelFor."""
    if not re.fullmatch("[A-Za-z-]+", name):
        return name
    words = []
    for word in _WORD.findall(name):
        is_acronym = word.upper() in _ACRONYMS
        words.append(word.upper() if is_acronym else word[:1].upper() + word[1:])
    return " ".join(words)
