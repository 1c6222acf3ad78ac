"""What the magics about a Pod take: `POD [-n NAMESPACE] [-c CONTAINER] [-o FORM]`."""

from __future__ import annotations

from getopt import GetoptError, gnu_getopt
from typing import NamedTuple

from kubesim.jupyter.refusal import Refusal
from kubesim.why.tell.report import FORMS


class Target(NamedTuple):
    """What a magic is about; `pod` is "" where none is named, and `form` one of report.FORMS."""

    namespace: str
    pod: str
    container: str | None
    form: str


def read_target(arguments: str, options: str, usage: str, *, needs_pod: bool = True) -> Target:
    """What the arguments of a magic name that has these options, as getopt writes them: "n:c:" for -n and -c.

    Raises Refusal, with its usage, where they're others.
    """
    try:
        pairs, pods = gnu_getopt(arguments.split(), options)
    except GetoptError:
        raise Refusal(usage) from None
    values = dict(pairs)
    pod = "".join(pods[:1]).removeprefix("pod/").removeprefix("pods/")
    form = values.get("-o", "text")
    if len(pods) > 1 or (needs_pod and not pod) or form not in FORMS:
        raise Refusal(usage)
    return Target(values.get("-n", "default"), pod, values.get("-c"), form)
