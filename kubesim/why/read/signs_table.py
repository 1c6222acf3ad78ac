"""signs.yaml as records: kinds of failures, the sentences ("signs") that show them, registries and client programs.

The comment at the top of signs.yaml explains the fields. Unknown and missing fields raise ValueError when it is read.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any, NamedTuple

from kubesim.api import typed
from kubesim.why.tables import Verdict, content


class Kind(NamedTuple):
    """A kind of failure. A kind with a `verdict` has nothing to do with Secrets, and the verdict is the cause."""

    means: str = ""
    isnt: str = ""  # see `not_meant`
    credentials: bool = False
    unasked: bool = False
    no_pull: bool = False  # something else than a pull failed; no registry was asked, either
    vague: bool = False  # another record of the same text may say why
    for_others: bool = False
    asker: str = ""  # who pulls, if no node
    unsure: str = ""  # what it means where nobody knows whether credentials were sent
    in_public: str = ""
    verdict: Verdict | None = None

    @property
    def not_meant(self) -> str:
        """The sentence that rules out a wrong guess: `isnt`, or one for all kinds without it."""
        what = "any image or registry" if self.no_pull else "the user or the password"
        return self.isnt or f"It isn't about {what}."

    @property
    def is_unasked(self) -> bool:
        """True if no registry was asked."""
        return self.unasked or self.no_pull


class Sign(NamedTuple):
    """A sentence of a runtime, a registry or the kubelet. `sign` has regular expressions, of which one must match."""

    sign: tuple[str, ...]
    kind: str
    source: str
    example: str
    registry: str = "any"
    means: str = ""
    isnt: str = ""
    grade: str = ""  # the certainty, if it is lower than the kind's
    sent: bool = False  # True if it shows that a login was sent
    after: bool = False  # True if the image had come


class Registry(NamedTuple):
    """A registry product or service. The row `other` is for all hosts and messages that no other row matches."""

    title: str
    rights: str
    hosts: str = ""
    message: str = ""
    who: str = ""
    users: tuple[str, ...] = ()
    hours: int = 1
    private: str = ""
    token: str = ""
    password: str = ""  # a command that prints the password of the first of `users`
    login: str = "create_secret"
    identity: str = ""
    how: str = ""
    robot: bool = False
    open: bool = False  # True if nobody has an account there
    recipe: str = "a-registry-of-your-own"


class Client(NamedTuple):
    """A program that pulls instead of a node: the expression `sign` finds it in a text, the rest are its commands."""

    sign: str
    pull: str = "{client} pull "
    login: str = "{client} login {registry}"
    logout: str = "{client} logout {registry}"
    engine: str = "docker"  # which builds images on that machine, and lists them
    around: str = ""  # finds it in a text whose failing line shows one of the programs that it `runs`
    runs: tuple[str, ...] = ()
    daemon: bool = False  # whether a daemon pulls for it, with the daemon's proxy and CAs
    on_node: bool = False  # whether it asks a node's container runtime
    builds: bool = False  # whether it pulls for a Dockerfile
    logins: str = "grep -A9 auths ~/.docker/config.json | cut -d: -f1   # where it has a login"
    look: str = "docker buildx imagetools inspect {image}"  # shows whether a logged-in user can pull the image


class Surroundings(NamedTuple):
    """Expressions that find the runtime and the distribution of Kubernetes in a text, by their names."""

    crio: str
    microk8s: str
    rke2: str
    k3s: str
    k0s: str
    minikube: str
    kind_node: str
    reflector: str
    crossplane: str
    docker_desktop: str
    registries_yaml: str
    proxy_cache: str
    pushing: str


class Signs(NamedTuple):
    """The whole of signs.yaml."""

    registries: Mapping[str, Registry]
    runtimes: Mapping[str, str]
    nodes: Mapping[str, str]
    surroundings: Surroundings
    named: Mapping[str, str]
    clients: Mapping[str, Client]
    public: str
    images: tuple[str, ...]
    kinds: Mapping[str, Kind]
    signs: tuple[Sign, ...]


@cache
def signs() -> Signs:
    """signs.yaml, read once."""
    return read_signs(content(__file__, "signs.yaml"))


def read_signs(table: Any) -> Signs:
    """Turn the parsed signs.yaml into records. Raises ValueError, which names the row. Tests pass other tables."""
    kinds = {name: _kind(row) for name, row in table.get("kinds", {}).items()}
    signs: Signs = typed.read(Signs, {**table, "kinds": kinds}, "signs.yaml")
    return signs


def _kind(row: Mapping[str, Any]) -> Mapping[str, Any]:
    """The row of a Kind with the fields of its Verdict, which are among its own in the table, under `verdict`."""
    of_verdict = {name: value for name, value in row.items() if name in Verdict._fields}
    others = {name: value for name, value in row.items() if name not in of_verdict}
    return {**others, "verdict": of_verdict} if of_verdict else others
