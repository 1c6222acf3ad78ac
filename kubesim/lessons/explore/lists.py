"""The pull secrets of a Pod and its ServiceAccount, played in a cluster."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import NamedTuple

from kubesim.api.objects import pull_secret_names
from kubesim.api.resources import POD, SERVICE_ACCOUNT
from kubesim.lessons.explore import Explorable
from kubesim.session import Session
from kubesim.session.attempts import pod_columns

NAMESPACE, NAME, ACCOUNT = "default", "web", "default"
_WAIT = 5  # seconds to wait for the pull


class Outcome(NamedTuple):
    """The commands run, the three lists of pull secrets afterwards, and the Pod's STATUS."""

    commands: tuple[str, ...]
    account: Sequence[str]
    manifest: Sequence[str]
    pod: Sequence[str]
    status: str

    @property
    def why(self) -> str:
        """The name of the sentence (explorables.yaml) that explains the outcome."""
        if self.manifest:
            return "own-wins" if self.account else "own-only"
        if self.pod:
            return "copied"
        return "late" if self.account else "none"

    def reached(self) -> set[str]:
        """The ids of the goals (explorables.yaml) that this outcome reaches."""
        goals = {
            "one": bool(self.account and self.manifest and len(self.pod) == 1),
            "late": bool(self.account and not self.pod),
            "fails": bool(self.pod and self.status != "Running"),
        }
        return {goal for goal, holds in goals.items() if holds}


def play(explorable: Explorable, *, own: bool, inherited: bool, is_late: bool) -> Outcome:
    """Create a Pod, with a list if `own`, and let it pull.

    If `inherited`, its ServiceAccount gets a list, too: after the Pod if `is_late`, else before.
    """
    session = Session()
    for line in explorable.commands["start"]:
        session.run(line)
    pod_lines = explorable.commands["own" if own else "pod"]
    account_lines = explorable.commands["inherited"] if inherited else ()
    lines = (*pod_lines, *account_lines) if is_late else (*account_lines, *pod_lines)
    manifest = json.loads(session.run(f"{pod_lines[-1]} --dry-run=client -o json").stdout)
    for line in lines:
        session.run(line)
    session.advance(_WAIT)
    api = session.cluster.api
    pod = api.get(POD, NAMESPACE, NAME)
    account = api.get(SERVICE_ACCOUNT, NAMESPACE, ACCOUNT)
    _ready, status = pod_columns(session.cluster, NAMESPACE, NAME)[NAMESPACE, NAME]
    inherited_names, own_names, names = map(pull_secret_names, (account, manifest["spec"], pod["spec"]))
    return Outcome(lines, inherited_names, own_names, names, status)
