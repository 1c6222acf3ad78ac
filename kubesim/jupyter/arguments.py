"""The arguments of the magics about a Pod: `POD [-n NAMESPACE] [-c CONTAINER] [-o FORM]`."""

from __future__ import annotations

from getopt import GetoptError, gnu_getopt
from typing import NamedTuple

from kubesim.jupyter.refusal import Refusal
from kubesim.why.tell.report import FORMS


class Target(NamedTuple):
    """The parsed arguments. By default, `namespace` is "default", `form` is "text", and `container` is None.

    Names are as typed: nothing checks that the objects exist.
    """

    namespace: str
    pod: str
    container: str | None
    form: str


def read_target(arguments: str, options: str, usage: str) -> Target:
    """Parse a magic's arguments. `options` are the allowed ones in getopt's notation: "n:c:" allows -n and -c.

    Raises Refusal, with `usage` as its sentence, for other options, several Pods, an unknown FORM, and a missing Pod.
    """
    try:
        pairs, pods = gnu_getopt(arguments.split(), options)
    except GetoptError:
        raise Refusal(usage) from None
    values = dict(pairs)
    pod = "".join(pods[:1]).removeprefix("pod/").removeprefix("pods/")
    form = values.get("-o", "text")
    if len(pods) > 1 or not pod or form not in FORMS:
        raise Refusal(usage)
    return Target(values.get("-n", "default"), pod, values.get("-c"), form)
