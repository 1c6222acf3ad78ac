"""Descriptions of Roles, ClusterRoles and their bindings.

Mirrors their describers in k8s.io/kubectl pkg/describe/describe.go and pkg/util/rbac/rbac.go, v1.36.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import product
from typing import NamedTuple

from kubesim.api.clock import Micros
from kubesim.api.objects import Object
from kubesim.kubectl.describers.writer import Related, Writer


class _Rule(NamedTuple):
    """One line of a role: one resource (or URL), at most one name of it, and verbs."""

    group: str
    resource: str
    name: str
    url: str
    verbs: tuple[str, ...]


def write_role(writer: Writer, role: Object, related: Related, now: Micros) -> None:
    """A Role or ClusterRole, one line for every resource, however its rules were written down."""
    writer.name(role, namespaced=False)
    writer.line("PolicyRule:")
    writer.table(RULE_HEADINGS, rule_rows(role.get("rules") or ()))


RULE_HEADINGS = ("Resources", "Non-Resource URLs", "Resource Names", "Verbs")


def rule_rows(rules: Iterable[Object]) -> list[tuple[str, ...]]:
    """The lines of a table of rules, in the order of the screen."""
    lines = sorted(_compact(line for rule in rules for line in _break_down(rule)), key=_order)
    return [(_resource(line), _bracket(line.url), _bracket(line.name), _bracket(*line.verbs)) for line in lines]


def _break_down(rule: Object) -> Iterator[_Rule]:
    names = rule.get("resourceNames") or [""]
    for group, resource, name in product(rule.get("apiGroups") or (), rule.get("resources") or (), names):
        yield from (_Rule(group, resource, name, "", (verb,)) for verb in rule["verbs"])
    for url, verb in product(rule.get("nonResourceURLs") or (), rule["verbs"]):
        yield _Rule("", "", "", url, (verb,))


def _compact(rules: Iterator[_Rule]) -> list[_Rule]:
    """Verbs for the same resource on one line; rules for URLs stay apart."""
    urls, merged = [], dict[_Rule, tuple[str, ...]]()
    for rule in rules:
        if rule.url:
            urls.append(rule)
        else:
            key = rule._replace(verbs=())
            merged[key] = merged.get(key, ()) + rule.verbs
    return urls + [key._replace(verbs=verbs) for key, verbs in merged.items()]


def _order(rule: _Rule) -> str:
    """Rules are sorted by how Go prints them: by verbs first."""
    fields = (_bracket(*rule.verbs), f"[{rule.group}]", *map(_bracket, (rule.resource, rule.name, rule.url)))
    return ",".join(fields)


def _bracket(*words: str) -> str:
    return f"[{' '.join(word for word in words if word)}]"


def _resource(rule: _Rule) -> str:
    name, slash, part = rule.resource.partition("/")
    return f"{name}{'.' if rule.group else ''}{rule.group}{slash}{part}"


def write_role_binding(writer: Writer, binding: Object, related: Related, now: Micros) -> None:
    """A RoleBinding or ClusterRoleBinding."""
    writer.name(binding, namespaced=False)
    writer.section("Role", (("Kind", binding["roleRef"]["kind"]), ("Name", binding["roleRef"]["name"])))
    writer.line("Subjects:")
    writer.table(("Kind", "Name", "Namespace"), map(_subject, binding.get("subjects") or ()))


def _subject(subject: Object) -> Sequence[str]:
    return subject["kind"], subject["name"], subject.get("namespace", "")
