"""What the magics about a Pod take: `POD [-n NAMESPACE] [-c CONTAINER] [-o FORM]`."""

from __future__ import annotations

from typing import NamedTuple

from kubesim.flow.report import FORMS
from kubesim.jupyter.refusal import Refusal


class Target(NamedTuple):
    """What a magic is about; `pod` is "" where none is named, and `form` one of report.FORMS."""

    namespace: str
    pod: str
    container: str | None
    form: str


def read_target(arguments: str, options: set[str], usage: str, *, needs_pod: bool = True) -> Target:
    """What the arguments of a magic with these options name. Raises Refusal, with its usage, where they're others."""
    words = arguments.split()
    pod = ""
    if words and not words[0].startswith("-"):
        pod = words.pop(0).removeprefix("pod/").removeprefix("pods/")
    values = dict(zip(words[::2], words[1::2], strict=False))
    form = values.get("-o", "text")
    is_understood = len(words) % 2 == 0 and values.keys() <= options and form in FORMS
    if is_understood and (pod or not needs_pod):
        return Target(values.get("-n", "default"), pod, values.get("-c"), form)
    raise Refusal(usage)
