"""Rows of Roles, ClusterRoles and their bindings."""

from __future__ import annotations

from collections.abc import Sequence

from kubesim.clock import Micros
from kubesim.humanize import UNKNOWN, age
from kubesim.objects import Object


def role(obj: Object, now: Micros) -> list[str]:
    """NAME, CREATED AT: the one table with a point in time in it, whatever `now` is."""
    return [obj["metadata"]["name"], obj["metadata"].get("creationTimestamp") or UNKNOWN]


def role_binding(obj: Object, now: Micros) -> list[str]:
    """NAME, ROLE, AGE, USERS, GROUPS, SERVICEACCOUNTS."""
    meta, reference = obj["metadata"], obj["roleRef"]
    subjects = obj.get("subjects") or ()
    return [
        meta["name"],
        f"{reference['kind']}/{reference['name']}",
        age(meta.get("creationTimestamp"), now),
        *(", ".join(_subjects(subjects, kind)) for kind in ("User", "Group", "ServiceAccount")),
    ]


def _subjects(subjects: Sequence[Object], kind: str) -> list[str]:
    found = [item for item in subjects if item["kind"] == kind]
    return [f"{item['namespace']}/{item['name']}" if "namespace" in item else item["name"] for item in found]
