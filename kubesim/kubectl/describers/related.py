"""The other objects of which a description tells, as far as the user may list them.

Mirrors k8s.io/kubectl pkg/describe/describe.go, v1.36.
"""

from __future__ import annotations

from collections.abc import Mapping

from kubesim.api.errors import StatusError
from kubesim.api.objects import Object, name_of, namespace_of
from kubesim.api.resources import CONFIG_MAP, EVENT, LEASE, NAMESPACE, Resource, find_resource
from kubesim.kubectl.command import Call
from kubesim.kubectl.describers.screens import screen_of

Lists = Mapping[str, list[Object] | StatusError]
"""By their plurals, the lists that the screen of a kind names, or the refusal of one that is shown instead."""


def related_lists(call: Call, resource: Resource, obj: Object, with_events: bool) -> Lists:
    """What is told with an object. Raises StatusError for a list that the user may not read, and that must be there."""
    related: dict[str, list[Object] | StatusError] = {}
    for plural in screen_of(resource.kind).related:
        listed = find_resource(plural)
        if listed and (with_events or listed is not EVENT):
            related[plural] = _listed(call, listed, resource, obj)
    return related


# A list that a user may not read ends a description, but for these of a kind.
_OPTIONAL = {("Deployment", "replicasets")}  # it does without
_SHOWN_REFUSALS = {("Node", "leases"), ("ReplicaSet", "pods")}  # it shows the refusal in their place


def _listed(call: Call, listed: Resource, resource: Resource, obj: Object) -> list[Object] | StatusError:
    """What a description shows of other objects, as far as the user may list them. Raises StatusError."""
    namespace = name_of(obj) if resource is NAMESPACE else namespace_of(obj)
    try:
        if listed is EVENT:
            return call.api.events_about(obj)
        if listed is LEASE:
            call.api.authorize("get", LEASE, "kube-node-lease", name_of(obj))
            return []  # it isn't kept as an object
        return call.api.list(listed, namespace or None)
    except StatusError as refusal:
        if (resource.kind, listed.plural) in _SHOWN_REFUSALS:
            return refusal
        if (resource.kind, listed.plural) in _OPTIONAL or (listed is EVENT and resource is not CONFIG_MAP):
            return []
        raise
