"""Roles, bindings, and RBAC rules as `kubectl describe` and `kubectl auth can-i --list` show them.

Mirrors k8s.io/kubectl pkg/util/rbac/rbac.go, v1.36.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import product
from typing import NamedTuple

from kubesim.api.objects import Object, at
from kubesim.kubectl.describers.common import Surroundings, label_rows, row, table, text

RULE_HEADINGS = ("Resources", "Non-Resource URLs", "Resource Names", "Verbs")


class _Rule(NamedTuple):
    """A row: a rule that is split up into one URL, or one resource and at most one name."""

    verbs: Sequence[str]
    group: str = ""
    resource: str = ""
    name: str = ""
    url: str = ""

    @property
    def in_go(self) -> str:
        """The sort key of kubectl: Go's text of the rule, verbs first."""
        return f"[{' '.join(self.verbs)}],[{self.group}],[{self.resource}],[{self.name}],[{self.url}]"

    @property
    def cells(self) -> tuple[str, ...]:
        kind, slash, part = self.resource.partition("/")
        qualified = f"{kind}.{self.group}" if self.group else kind
        return f"{qualified}{slash}{part}", f"[{self.url}]", f"[{self.name}]", f"[{' '.join(self.verbs)}]"


def rule_rows(rules: Iterable[Object]) -> list[tuple[str, ...]]:
    """The sorted rows of a table of rules, with the columns RULE_HEADINGS.

    Verbs for the same resource and name share a row; a URL has a row for each verb.
    """
    lines: list[_Rule] = []
    verbs_of: dict[tuple[str, str, str], list[str]] = {}
    for rule in rules:
        names = rule.get("resourceNames") or [""]
        for key in product(rule.get("apiGroups") or (), rule.get("resources") or (), names):
            verbs = verbs_of.setdefault(key, [])
            verbs += [verb for verb in rule["verbs"] if verb not in verbs]
        for url, verb in product(rule.get("nonResourceURLs") or (), rule["verbs"]):
            lines.append(_Rule([verb], url=url))
    for (group, resource, name), verbs in verbs_of.items():
        lines.append(_Rule(verbs, group, resource, name))
    return [line.cells for line in sorted(lines, key=lambda line: line.in_go)]


def role(obj: Object, _surroundings: Surroundings) -> Iterator[str]:
    """The description of a Role or a ClusterRole."""
    yield row("Name", at(obj, "metadata.name"))
    yield from label_rows(obj)
    yield "PolicyRule:"
    yield from table(RULE_HEADINGS, rule_rows(obj.get("rules") or ()))


def binding(obj: Object, _surroundings: Surroundings) -> Iterator[str]:
    """The description of a RoleBinding or a ClusterRoleBinding."""
    yield row("Name", at(obj, "metadata.name"))
    yield from label_rows(obj)
    yield "Role:"
    yield row("  Kind", at(obj, "roleRef.kind"))
    yield row("  Name", at(obj, "roleRef.name"))
    yield "Subjects:"
    headings = ("Kind", "Name", "Namespace")
    subjects = obj.get("subjects") or ()
    yield from table(headings, [[text(one.get(heading.lower())) for heading in headings] for one in subjects])
